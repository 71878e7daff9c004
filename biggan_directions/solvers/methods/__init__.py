"""One solver a file; a file's name is the solver's, with underscores. See docs/own-solver.md."""
