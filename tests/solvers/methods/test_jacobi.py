"""The closed form's settings, and its starting bases."""

import pytest

from biggan_directions.errors import UsageError
from biggan_directions.solvers.derivatives import Differences
from biggan_directions.solvers.hessians import Moments
from biggan_directions.solvers.methods.jacobi import Jacobi, JacobiSettings, diagonalise
from tests.support.problems import problem_of
from tests.support.separable import Separable


@pytest.mark.parametrize(("resolution", "sides"), [(64, (8, 16)), (128, (16, 32)), (6, (1, 1))])
def test_blocks_left_out_follow_the_resolution(resolution: int, sides: tuple[int, ...]) -> None:
    assert JacobiSettings().sides(resolution) == sides
    assert JacobiSettings(blocks=(3,)).sides(resolution) == (3,)


def test_the_weighting_decides_what_is_balanced_and_the_rest_is_common() -> None:
    common = Differences(epsilon=0.3, blocks=(), balanced=False, sketch=77)
    balanced = JacobiSettings().differences(common, 64)
    assert balanced == Differences(epsilon=0.3, blocks=(8, 16), balanced=True, sketch=77)
    assert not JacobiSettings(weighting="plain").differences(common, 64).balanced


@pytest.mark.parametrize("blocks", [(), (0,), (8, -1)])
def test_bad_blocks(blocks: tuple[int, ...]) -> None:
    with pytest.raises(UsageError, match="1 pixel or more"):
        JacobiSettings(blocks=blocks)


def test_more_starts_never_leave_more_off_the_diagonal() -> None:
    problem = problem_of(Separable(z_dim=8, factors=8), latents=1)
    states = [step.state for step in Jacobi().solve(problem)]
    moments = Moments.from_state(states[-1]["moments"])
    one, four = (diagonalise(moments, starts=starts).off_diagonal for starts in (1, 4))
    assert four <= one
