"""Directions that papers published for BigGAN-128, with the settings that their authors show them at."""
