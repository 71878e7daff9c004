"""Train a class-conditional BigGAN-deep of one's own on a set of images, adversarially."""

from biggan_directions.training.generator_penalty import GeneratorPenalty

__all__ = ["GeneratorPenalty"]
