"""The solvers, one per file; a file has the name of its solver, with underscores. See docs/own-solver.md."""
