"""Generators with known factors behind a hidden rotation of z, to measure how well directions are recovered.

Formula renderers (``shapes``), networks taught to draw the same shapes (``networks``, ``teach``), networks
with many live dimensions and no truth, and the toybox. ``registry`` makes them by name and splits them into
the half on which settings may be chosen and the half that is reported.
"""

from benchmarks.truths.base import Recovery, Truth, agreement, recovery
from benchmarks.truths.registry import CHOSEN_ON, HALVES, REPORTED_ON, truth

__all__ = ["CHOSEN_ON", "HALVES", "REPORTED_ON", "Recovery", "Truth", "agreement", "recovery", "truth"]
