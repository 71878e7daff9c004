"""How directions are found: solvers know a callable from z to images, never a BigGAN."""
