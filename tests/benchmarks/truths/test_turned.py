"""Rotations that hide a generator's axes."""

import torch

from benchmarks.truths.turned import Turned, random_rotation
from biggan_directions.generators.custom import CallableGenerator


def _pixels(z: torch.Tensor) -> torch.Tensor:
    return torch.tanh(z[:, None, None, :]).expand(-1, 3, 4, -1)


def test_rotations_are_orthogonal_and_depend_on_the_seed() -> None:
    one, two = random_rotation(6, 0), random_rotation(6, 1)
    assert torch.allclose(one @ one.T, torch.eye(6, dtype=torch.float64))
    assert not torch.allclose(one, two, atol=0.1)


def test_a_move_along_row_i_is_a_move_along_axis_i() -> None:
    inner = CallableGenerator(_pixels, z_dim=4, resolution=4, name="pixels")
    rotation = random_rotation(4, 0)
    images = Turned(inner, rotation, seed=0)(rotation[1:2].float())
    assert torch.allclose(images, _pixels(torch.eye(4)[1:2]), atol=1e-6)
