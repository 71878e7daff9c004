"""How directions are found: solvers know a callable from z to pictures, never a BigGAN."""
