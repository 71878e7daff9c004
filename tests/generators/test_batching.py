"""Batches for pictures: the fastest that the clock shows, and halved where memory ends."""

import pytest
import torch

from biggan_directions.errors import GeneratorError, UsageError
from biggan_directions.generators.batching import Halving, fastest_batch


class Machine:
    """A generator on a machine with a clock of its own and room for so many pictures."""

    z_dim = 3
    device = torch.device("cpu")

    def __init__(self, *, call_s: float = 0.0, image_s: float = 0.01, room: int = 1000) -> None:
        self.call_s, self.image_s, self.room = call_s, image_s, room
        self.now = 0.0
        self.batches: list[int] = []

    def __call__(self, z: torch.Tensor, class_index: torch.Tensor | None = None) -> torch.Tensor:
        self.batches.append(len(z))
        if len(z) > self.room:
            raise torch.OutOfMemoryError("CUDA out of memory")
        assert not torch.is_grad_enabled()
        self.now += self.call_s + self.image_s * len(z)
        value = z[:, :1] if class_index is None else class_index[:, None].to(z.dtype)
        return value[:, :, None, None].expand(-1, 3, 2, 2)

    def clock(self) -> float:
        return self.now


def fastest(machine: Machine, **settings: int) -> int:
    return fastest_batch(machine, clock=machine.clock, **settings)


def test_where_a_call_costs_nothing_one_picture_is_as_fast_as_many() -> None:
    assert fastest(Machine()) == 1


def test_where_calls_cost_batches_grow_until_they_save_nothing() -> None:
    # from 8 to 16 a picture falls from 0.01125 to 0.010625 s, 5.6 %; from 16 to 32 2.9 %
    assert fastest(Machine(call_s=0.01)) == 16


def test_largest_room_and_budget_bound_the_batch() -> None:
    assert fastest(Machine(call_s=1e-3, image_s=1e-5), largest=8) == 8
    assert fastest(Machine(call_s=1e-3, image_s=1e-5, room=5)) == 4
    slow = Machine(call_s=0.5, image_s=0.01)  # 1.5 s for batch 1: 2 may still be tried, 4 not
    assert fastest(slow) == 1
    assert max(slow.batches) <= 2


def test_pictures_come_in_order_though_memory_ends() -> None:
    machine, z = Machine(room=3), torch.arange(33.0).reshape(11, 3)
    draw = Halving(machine, 8)
    assert torch.equal(draw(z)[:, 0, 0, 0], z[:, 0])
    assert machine.batches == [8, 4, 2, 2, 2, 2, 2, 1]
    class_index = torch.arange(11)
    assert torch.equal(draw(z, class_index)[:, 0, 0, 0], class_index.float())
    assert machine.batches[8:] == [2, 2, 2, 2, 2, 1]  # what did not fit is not tried again


def test_no_room_for_one_picture_is_said() -> None:
    with pytest.raises(GeneratorError, match="--device cpu"):
        Halving(Machine(room=0), 2)(torch.zeros(2, 3))
    with pytest.raises(GeneratorError, match="--device cpu"):
        fastest(Machine(room=0))


def test_sizes_below_one_are_refused() -> None:
    with pytest.raises(UsageError, match="got 0"):
        Halving(Machine(), 0)
    with pytest.raises(UsageError, match="got 0"):
        fastest(Machine(), largest=0)
