"""Train a class-conditional BigGAN-deep of one's own on a set of images, adversarially."""
