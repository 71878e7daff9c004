"""Solvers: methods that find directions. They call a generator as a function from z to images."""
