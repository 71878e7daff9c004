"""The eight factors of a toy scene, and the scene that each vector of them describes."""

import math

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

_Array = npt.NDArray[np.float64]

# The range of each factor as its Gaussian runs from -inf to +inf. The azimuth's range is given; the others
# are chosen so that the eight effects on the image are similar (tests/toybox/test_factors.py checks this).
AZIMUTH = (-math.radians(65), math.radians(65))
ELEVATION = (0.06, 0.76)  # of the camera, radians
SIZE = (0.7, 1.08)
POSITION = (-0.28, 0.28)  # sideways, in units of a toy's half width
HUE = (0.05, 0.72)  # turns of Oklab's hue circle: red, orange, green, teal, blue; an open arc
LIGHT = (-1.6, 1.6)  # azimuth of the sun, radians
BACKDROP = (0.34, 0.96)  # Oklab lightness: slate to pale sky
GROUND = (0.41, 0.88)  # Oklab lightness: moss to sand

# The mean azimuth of a toy, radians: a three-quarter view, so that the range has no mirror-symmetric view.
BASE_AZIMUTH = 0.62
LIGHT_ELEVATION = 0.6

# Layout of a scene's numbers, as scene.py reads them.
TOY, MAIN, PALE, DARK, ACCENT, GROUND_RGB, SKY_RGB = 0, 1, 4, 7, 10, 13, 16
SIZE_AT, AZIMUTH_AT, POSITION_AT, SUN, ELEVATION_AT, NUMBERS = 19, 20, 21, 22, 25, 26


# From the Oklab colour space to linear sRGB: https://bottosson.github.io/posts/oklab/ (public domain).
_TO_CONES = np.array(
    [
        [1.0, 0.3963377774, 0.2158037573],
        [1.0, -0.1055613458, -0.0638541728],
        [1.0, -0.0894841775, -1.2914855480],
    ]
)
_TO_RGB = np.array(
    [
        [4.0767416621, -3.3077115913, 0.2309699292],
        [-1.2684380046, 2.6097574011, -0.3413193965],
        [-0.0041960863, -0.7034186147, 1.7076147010],
    ]
)


def _colour(lightness: _Array | float, chroma: _Array | float, turn: _Array | float) -> _Array:
    """Linear-light RGB ``(N, 3)`` of Oklab's lightness, chroma and hue (in turns), clipped to the gamut."""
    lightness, chroma, turn = np.broadcast_arrays(lightness, chroma, turn)
    angle = 2 * math.pi * turn
    lab = np.stack([lightness, chroma * np.cos(angle), chroma * np.sin(angle)], -1)
    rgb: _Array = np.clip((lab @ _TO_CONES.T) ** 3 @ _TO_RGB.T, 0.0, 1.0)
    return rgb


def scenes(toys: npt.NDArray[np.int64], factors: npt.NDArray[np.floating]) -> npt.NDArray[np.float32]:
    """Describe scenes by the numbers that :func:`biggan_directions.toybox.scene.render` takes.

    Args:
        toys: ``(N,)``, index of the toy, 0 to 9.
        factors: ``(N, 8)``, each drawn as N(0, 1), in the order of ``names.FACTORS``.

    Returns:
        ``(N, NUMBERS)``: colours in linear light, lengths in toy units, angles in radians.
    """
    share = ndtr(np.asarray(factors, np.float64))
    ranges = (AZIMUTH, ELEVATION, SIZE, POSITION, HUE, LIGHT, BACKDROP, GROUND)
    azimuth, elevation, size, position, hue, light, backdrop, ground = (
        low + (high - low) * share[:, i] for i, (low, high) in enumerate(ranges)
    )
    numbers = np.zeros((len(share), NUMBERS), np.float32)
    numbers[:, TOY] = toys
    for at, colour in (
        (MAIN, _colour(0.70, 0.135, hue)),
        (PALE, _colour(0.94, 0.025, hue)),
        (DARK, _colour(0.38, 0.02, hue)),
        (ACCENT, _colour(0.74, 0.12, hue + 0.45)),
        (GROUND_RGB, _colour(ground, 0.045, 0.75 - 0.6 * ground)),
        (SKY_RGB, _colour(backdrop, 0.045, 0.68)),
    ):
        numbers[:, at : at + 3] = colour
    numbers[:, SIZE_AT] = size
    numbers[:, AZIMUTH_AT] = azimuth + BASE_AZIMUTH
    numbers[:, POSITION_AT] = position
    across = math.cos(LIGHT_ELEVATION)
    numbers[:, SUN : SUN + 3] = np.stack(
        [np.sin(light) * across, np.full_like(light, math.sin(LIGHT_ELEVATION)), np.cos(light) * across], 1
    )
    numbers[:, ELEVATION_AT] = elevation
    return numbers
