"""The Hessians' closed form: its settings."""

import math

import pytest

from biggan_directions.errors import UsageError
from biggan_directions.solvers.derivatives import Differences
from biggan_directions.solvers.methods.jacobi import JacobiSettings


@pytest.mark.parametrize(("resolution", "sides"), [(64, (8, 16)), (128, (16, 32)), (6, (1, 1))])
def test_blocks_left_out_follow_the_resolution(resolution: int, sides: tuple[int, ...]) -> None:
    assert JacobiSettings().sides(resolution) == sides
    assert JacobiSettings(blocks=(3,)).sides(resolution) == (3,)


def test_the_weighting_decides_what_is_balanced_and_the_rest_is_common() -> None:
    common = Differences(epsilon=0.3, blocks=(), floor=None, sketch=77)
    balanced = JacobiSettings().differences(common, 64)
    assert balanced == Differences(epsilon=0.3, blocks=(8, 16), floor=0.3, sketch=77)
    assert JacobiSettings(floor=0.02).differences(common, 64).floor == 0.02
    assert JacobiSettings(weighting="plain").differences(common, 64).floor is None


@pytest.mark.parametrize("blocks", [(), (0,), (8, -1)])
def test_bad_blocks(blocks: tuple[int, ...]) -> None:
    with pytest.raises(UsageError, match="1 pixel or more"):
        JacobiSettings(blocks=blocks)


@pytest.mark.parametrize("floor", [0.0, -1.0, math.nan])
def test_bad_floors(floor: float) -> None:
    with pytest.raises(UsageError, match="floor must be a number above 0"):
        JacobiSettings(floor=floor)
