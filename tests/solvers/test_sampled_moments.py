"""Sums over latents: fresh signs at each, and the same bytes when resumed."""

import pytest
import torch

from biggan_directions.errors import FileFormatError
from biggan_directions.solvers.derivatives import Differences
from biggan_directions.solvers.evaluator import Evaluator
from biggan_directions.solvers.sampled_moments import SampledMoments
from tests.support.separable import Separable

Z_DIM = 7


def _latent(index: int) -> tuple[torch.Tensor, None]:
    return torch.randn(Z_DIM, generator=torch.Generator().manual_seed(index)), None


def _sums(begun: SampledMoments, generator: Separable | None = None, **how: int) -> list[SampledMoments]:
    return list(
        begun.continued(
            Evaluator(generator or Separable(z_dim=Z_DIM), how.get("micro_batch", 4)),
            torch.eye(Z_DIM).double(),
            _latent,
            total=5,
            differences=Differences(sketch=16, blocks=(2,)),
            seed=0,
        )
    )


def test_every_latent_has_signs_of_its_own() -> None:
    """Or the shift of the mixed differences would be a bias, not noise."""
    generator = Separable(z_dim=Z_DIM)
    _sums(SampledMoments.empty(Z_DIM), generator, micro_batch=1 + 2 * Z_DIM)
    latents = [_latent(index)[0] for index in range(5)]
    ahead = [
        (points[1::2] - points[0]).diagonal().sign()
        for points in generator.seen
        if any(torch.equal(points[0], z) for z in latents)
    ]
    assert len(ahead) == 5
    assert len({tuple(row.tolist()) for row in ahead}) > 3
    assert (torch.stack(ahead).abs() == 1).all()


def test_resumed_sums_are_the_same_bytes() -> None:
    empty = SampledMoments.empty(Z_DIM)
    whole = _sums(empty)
    rest = _sums(empty.resumed(whole[1].state_dict(), total=5, name="sums"))
    assert [sums.done for sums in rest] == [3, 4, 5]
    for name in ("smooth", "slopes", "numbers"):
        one, other = (getattr(sums[-1].moments, name) for sums in (rest, whole))
        assert torch.equal(torch.as_tensor(one), torch.as_tensor(other)), name
    assert whole[-1].moments.numbers == 5 * 3 * 16**2


def test_the_halves_are_the_latents_of_even_and_of_odd_index() -> None:
    whole = _sums(SampledMoments.empty(Z_DIM))
    each = [(sums.moments.slopes, sums.moments.smooth) for sums in (SampledMoments.empty(Z_DIM), *whole)]
    for half, found in enumerate(whole[-1].halves):
        own = range(1 + half, 6, 2)
        for place, sums in enumerate((found.slopes, found.smooth)):
            expected = sum(each[index][place] - each[index - 1][place] for index in own)
            torch.testing.assert_close(sums, expected, rtol=1e-9, atol=1e-12)
        assert found.numbers == len(own) * 3 * 16**2


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"done": 6}, "sums.done is 6"),
        ({"halves": [{}, {}]}, r"sums.halves\[0\] has other keys"),
        ({}, "other keys"),
    ],
)
def test_a_state_of_something_else_is_refused(changed: dict[str, object], says: str) -> None:
    empty = SampledMoments.empty(Z_DIM)
    state = {**empty.state_dict(), **changed} if changed else {"done": 0}
    with pytest.raises(FileFormatError, match=says):
        empty.resumed(state, total=5, name="sums")
