"""Matrices of first derivatives at latents: fresh signs at each, and the same bytes when resumed."""

import io

import pytest
import torch

from biggan_directions.errors import FileFormatError
from biggan_directions.solvers.evaluator import Evaluator
from biggan_directions.solvers.sampled_slopes import SampledSlopes
from tests.support.checkpoints import saved
from tests.support.oracles import random_orthogonal
from tests.support.separable import Separable

Z_DIM = 7
EMPTY = SampledSlopes.empty(Z_DIM, 6)


def _latent(index: int) -> tuple[torch.Tensor, None]:
    return torch.randn(Z_DIM, generator=torch.Generator().manual_seed(index)), None


def _sums(
    begun: SampledSlopes, generator: Separable | None = None, *, total: int = 5, micro_batch: int = 4
) -> list[SampledSlopes]:
    steps = begun.continued(
        Evaluator(generator or Separable(z_dim=Z_DIM), micro_batch),
        torch.eye(Z_DIM).double(),
        _latent,
        total=total,
        sides=(4, 2),
        epsilon=0.01,
        seed=0,
    )
    return list(steps)


def test_every_latent_has_signs_of_its_own() -> None:
    """Or the error of the forward differences would be a bias, not noise."""
    generator = Separable(z_dim=Z_DIM)
    _sums(EMPTY, generator, micro_batch=1 + Z_DIM)
    assert len(generator.seen) == 5
    ahead = [(points[1:] - points[0]).diagonal().sign() for points in generator.seen]
    assert all(torch.equal(points[0], _latent(index)[0]) for index, points in enumerate(generator.seen))
    assert len({tuple(row.tolist()) for row in ahead}) > 3
    assert (torch.stack(ahead).abs() == 1).all()


def test_plain_matrices_are_those_of_the_image_and_balanced_ones_have_a_trace_of_one() -> None:
    generator = Separable(z_dim=Z_DIM)
    sums = _sums(EMPTY, generator)[-1]
    plain, balanced = (sums.stack(balanced=balanced) for balanced in (False, True))
    assert plain.shape == balanced.shape == (5, Z_DIM, Z_DIM)
    torch.testing.assert_close(
        balanced.diagonal(dim1=1, dim2=2).sum(dim=1), torch.ones(5).double(), rtol=1e-9, atol=0
    )
    for index, gram in enumerate(plain):
        jacobian = torch.func.jacrev(lambda z: generator(z[None]).flatten())(_latent(index)[0]).double()
        torch.testing.assert_close(gram, jacobian.T @ jacobian / len(jacobian), rtol=0.05, atol=1e-3)


def test_every_scale_has_the_same_say_in_a_balanced_matrix() -> None:
    """Whatever its size: a checkerboard a hundred times as bright is gone from the averages of blocks."""

    class Checked(Separable):
        def __call__(self, z: torch.Tensor, class_index: torch.Tensor | None = None) -> torch.Tensor:
            own = super().__call__(z, class_index)
            board = 1 - 2.0 * ((torch.arange(16)[:, None] + torch.arange(16)) % 2)
            return own + 100 * z[:, :1, None, None] * board

    plain, balanced = (
        _sums(EMPTY, Checked(z_dim=Z_DIM))[-1].stack(balanced=balanced)[:, 0, 0] for balanced in (False, True)
    )
    assert (plain > 9000).all()
    assert ((balanced > 0.33) & (balanced < 0.7)).all()  # a third of the scales, and its part in the others


def test_an_image_that_does_not_change_has_no_say() -> None:
    generator = Separable(z_dim=Z_DIM)
    generator.weights = torch.zeros_like(generator.weights)
    assert not _sums(EMPTY, generator)[-1].grams.any()


def test_effects_are_rms_changes_over_the_latents_measured() -> None:
    sums = _sums(EMPTY)[-1]
    rotation = random_orthogonal(Z_DIM, 2)[:3]
    mean = sums.grams[:5, 0].mean(dim=0)
    torch.testing.assert_close(sums.effects(rotation).square(), (rotation @ mean @ rotation.T).diagonal())


def test_resumed_matrices_are_the_same_bytes() -> None:
    whole = _sums(EMPTY)
    assert [sums.done for sums in whole] == [1, 2, 3, 4, 5]
    for place, sums in enumerate(whole, start=1):
        state = torch.load(io.BytesIO(saved(sums.state_dict())), weights_only=True)
        rest = _sums(EMPTY.resumed(state, name="sums"))
        assert [later.done for later in rest] == list(range(place + 1, 6))
        assert torch.equal((rest or [sums])[-1].grams, whole[-1].grams)
    assert not whole[0].grams[1:].any(), "a later step has changed an earlier one"
    assert EMPTY.resumed(None, name="sums") is EMPTY


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"done": 7}, "sums.done is 7, expected 0 to 6"),
        ({"done": -1}, "sums.done is -1"),
        ({"grams": torch.zeros(6, 2, 7, 7)}, "sums.grams is torch.float32"),
        ({"grams": torch.zeros(5, 2, 7, 7).double()}, r"sums.grams is torch.float64 of shape \(5, 2, 7, 7\)"),
        ({"grams": torch.full((6, 2, 7, 7), torch.nan).double()}, "sums.grams has numbers that are not"),
        ({"more": 1}, "sums has other keys"),
    ],
)
def test_a_state_of_something_else_is_refused(changed: dict[str, object], says: str) -> None:
    with pytest.raises(FileFormatError, match=says):
        EMPTY.resumed({**EMPTY.state_dict(), **changed}, name="sums")
