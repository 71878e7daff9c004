"""One command a file: parse, call, print. No maths; heavy imports stay inside the commands."""
