"""Fashion: a BigGAN-deep that ships with the package, and that learnt from photographs of clothes."""
