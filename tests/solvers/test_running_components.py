"""Principal components in batches: those of all samples at once."""

import torch

from biggan_directions.solvers.running_components import RunningComponents
from tests.support.oracles import normal, random_orthogonal


def _in_batches(samples: torch.Tensor, kept: int, size: int) -> RunningComponents:
    found = RunningComponents.empty(kept, samples.shape[1])
    for batch in torch.split(samples, size):
        found = found.with_batch(batch)
    return found


def _centred(samples: torch.Tensor, size: int) -> torch.Tensor:
    return torch.cat([batch - batch.mean(dim=0) for batch in torch.split(samples, size)])


def test_components_are_those_of_all_samples_at_once() -> None:
    """As long as no more vary than are kept: exactly, whatever the batches."""
    samples = normal(60, 5) * torch.tensor([5.0, 4.0, 3.0, 2.0, 1.0]).double() @ normal(5, 40, seed=1)
    _, sizes, vectors = torch.linalg.svd(_centred(samples, 12), full_matrices=False)
    found = _in_batches(samples, kept=7, size=12)
    assert found.count == 60
    assert tuple(found.axes().shape) == (5, 40)  # two of the seven components are empty
    torch.testing.assert_close((found.axes() @ vectors[:5].T).abs(), torch.eye(5).double())
    torch.testing.assert_close(found.deviations()[:5], sizes[:5] / 60**0.5)
    assert found.deviations()[5:].max() < 1e-5


def test_what_is_not_kept_costs_little() -> None:
    scales = torch.cat([torch.tensor([8.0, 7.0]), torch.full((18,), 0.5)]).double()
    turn = random_orthogonal(20)
    found = _in_batches(normal(400, 20) * scales @ turn, kept=4, size=40)
    assert (found.axes()[:2] @ turn[:2].T).square().sum(dim=1).min() > 0.99


def test_a_shift_of_a_whole_batch_changes_nothing() -> None:
    samples = normal(40, 6)
    moved = samples + 100 * torch.arange(4).repeat_interleave(10)[:, None]
    one, other = (_in_batches(each, kept=6, size=10) for each in (samples, moved))
    torch.testing.assert_close(one.deviations(), other.deviations())
