"""The live dimensions: exact from a few products, or all of the block where nothing can be told."""

import io
from collections.abc import Iterator

import pytest
import torch

from biggan_directions.distributed.process_group import ALONE, ProcessGroup
from biggan_directions.latents import sample_latents
from biggan_directions.solvers.block import parse_search_space
from biggan_directions.solvers.evaluator import Evaluator
from biggan_directions.solvers.live_space import LiveSpace
from tests.support.checkpoints import saved
from tests.support.separable import Separable


class Detached(Separable):
    """Images that cannot be differentiated."""

    def __call__(self, z: torch.Tensor, class_index: torch.Tensor | None = None) -> torch.Tensor:
        return super().__call__(z.detach(), class_index)


class RoundsOfTwo(ProcessGroup):
    """Shares out work as two processes do."""

    def rounds(self, items: range) -> Iterator[range]:
        for start in range(0, len(items), 2):
            yield items[start : start + 2]


def _steps(
    generator: Separable,
    spec: str = "all",
    begun: LiveSpace | None = None,
    *,
    micro_batch: int = 4,
    group: ProcessGroup = ALONE,
) -> list[LiveSpace]:
    def inputs(start: int, count: int) -> tuple[torch.Tensor, None]:
        return sample_latents(count, generator.z_dim, truncation=1.0, seed=0, offset=start), None

    block = parse_search_space(spec, generator.z_dim)
    evaluator = Evaluator(generator, micro_batch, group)
    begun = begun or LiveSpace.empty(block, generator.z_dim)
    steps = list(begun.continued(evaluator, inputs, seed=0))
    drawn = (steps or [begun])[-1].count - begun.count
    assert evaluator.evaluations == drawn
    assert evaluator.gradients in (drawn, 0)
    return steps


@pytest.mark.parametrize(("z_dim", "factors"), [(12, 5), (12, 1), (80, 5)])
def test_the_live_dimensions_are_found_exactly(z_dim: int, factors: int) -> None:
    generator = Separable(z_dim=z_dim, factors=factors)
    *_, space = _steps(generator)
    assert space.count == (8 if factors == 5 else 4)  # the first micro-batch that brings nothing new
    assert space.settled
    basis = space.basis()
    assert tuple(basis.shape) == (factors, z_dim)
    torch.testing.assert_close(basis @ basis.T, torch.eye(factors).double(), rtol=0, atol=1e-12)
    inside = generator.truth @ basis.T
    torch.testing.assert_close(inside.square().sum(dim=1), torch.ones(factors).double(), rtol=0, atol=1e-9)


def test_a_weak_dimension_is_live() -> None:
    """A hundredth of the others' effect."""
    generator = Separable(z_dim=12, factors=5)
    generator.weights[:, 0] *= 0.01
    *_, space = _steps(generator)
    assert len(space.basis()) == 5


def test_within_a_block_that_the_truth_does_not_lie_in() -> None:
    generator = Separable(z_dim=12, factors=5)
    *_, space = _steps(generator, "2:9")
    basis = space.basis()
    assert tuple(basis.shape) == (5, 12)
    assert (basis[:, :2] == 0).all()
    assert (basis[:, 9:] == 0).all()
    part = generator.truth[:, 2:9]
    within = part @ basis[:, 2:9].T
    torch.testing.assert_close(within @ within.T, part @ part.T, rtol=0, atol=1e-6)


@pytest.mark.parametrize(("z_dim", "products"), [(12, 16), (70, 17)])
def test_where_all_may_be_live_the_block_stays_as_it_is(z_dim: int, products: int) -> None:
    """Certainty takes as many products as dimensions; a quarter of them where that is much."""
    steps = _steps(Separable(z_dim=z_dim, factors=z_dim))
    assert steps[-1].count == steps[-1].limit == products
    assert [space.settled for space in steps] == [False] * (len(steps) - 1) + [True]
    assert torch.equal(steps[-1].basis(), torch.eye(z_dim).double())
    *_, part = _steps(Separable(z_dim=z_dim, factors=z_dim), "3:8")
    assert torch.equal(part.basis(), torch.eye(z_dim).double()[3:8])


def test_four_products_of_rank_four_tell_nothing() -> None:
    first, *_ = _steps(Separable(z_dim=12, factors=5))
    assert not first.settled
    assert len(first.basis()) == 12


def test_a_generator_that_cannot_be_differentiated() -> None:
    (space,) = _steps(Detached(z_dim=12, factors=5))
    assert not space.differentiable
    assert space.settled
    assert torch.equal(space.basis(), torch.eye(12).double())


def test_images_that_do_not_depend_on_z() -> None:
    generator = Separable()
    generator.weights = torch.zeros_like(generator.weights)
    (space,) = _steps(generator)
    assert tuple(space.basis().shape) == (0, 12)


@pytest.mark.parametrize("generator", [Separable(z_dim=9, factors=9), Detached(z_dim=9, factors=9)])
def test_resumed_it_gives_the_same_bytes(generator: Separable) -> None:
    """Through a file that holds no code; once settled, nothing more is drawn."""
    steps = _steps(generator, "1:8")
    for place, step in enumerate(steps, start=1):
        state = torch.load(io.BytesIO(saved(step.state_dict())), weights_only=True)
        rest = _steps(generator, "1:8", LiveSpace.from_state(state, step.block))
        assert len(rest) == len(steps) - place
        last = (rest or [LiveSpace.from_state(state, step.block)])[-1]
        assert torch.equal(last.total, steps[-1].total)
        assert torch.equal(last.basis(), steps[-1].basis())
        assert last.count == steps[-1].count


@pytest.mark.parametrize("factors", [3, 5, 9, 12])
def test_two_processes_add_no_product_that_one_would_not(factors: int) -> None:
    generator = Separable(z_dim=12, factors=factors)
    *_, one = _steps(generator)
    *_, two = _steps(generator, group=RoundsOfTwo(0, 1))
    assert one.count == two.count
    assert torch.equal(one.total, two.total)


def test_the_micro_batch_decides_when_to_ask_alone() -> None:
    generator = Separable(z_dim=12, factors=5)
    found = [_steps(generator, micro_batch=size)[-1] for size in (1, 3, 16)]
    assert [space.count for space in found] == [6, 6, 16]
    for space in found:
        assert len(space.basis()) == 5
