"""The official rendering of published directions, written anew from its description, and plainly.

After vis_directions.py, direction_utils.py, there_and_back.py and layers.py in biggan_discovery of
https://github.com/wpeebles/hessian_penalty at 559a270, and of no code of this package: one latent, one
direction and one frame at a time, in float32.
"""

from __future__ import annotations

import math

import torch


def official_rows(matrix: torch.Tensor) -> torch.Tensor:
    """Gram–Schmidt on the rows of a published matrix, in order, without normalising in between."""
    kept: list[torch.Tensor] = []
    for row in matrix:
        for earlier in kept:
            row = row - (row @ earlier) / (earlier @ earlier) * earlier
        kept.append(row)
    return torch.stack([row / row.norm() for row in kept])


def official_latents(samples: int, z_dim: int, seed: int) -> torch.Tensor:
    """``samples`` latents of N(0, 1), drawn as ``normal_`` on a CUDA device does after its seed.

    Element i is drawn by thread i: Philox4x32-10 with the seed as key and the thread as the upper half of the
    counter, and the sine branch of Box and Muller's transform.
    """
    drawn = []
    for thread in range(samples * z_dim):
        counter, key = [0, 0, thread, 0], [seed % 2**32, seed // 2**32]
        for _ in range(10):
            first, second = 0xD2511F53 * counter[0], 0xCD9E8D57 * counter[2]
            counter = [
                second // 2**32 ^ counter[1] ^ key[0],
                second % 2**32,
                first // 2**32 ^ counter[3] ^ key[1],
                first % 2**32,
            ]
            key = [(key[0] + 0x9E3779B9) % 2**32, (key[1] + 0xBB67AE85) % 2**32]
        u, v = ((word + 0.5) / 2**32 for word in counter[:2])
        drawn.append(math.sqrt(-2 * math.log(u)) * math.sin(2 * math.pi * v))
    return torch.tensor(drawn, dtype=torch.float32).reshape(samples, z_dim)


def official_steps(frames: int) -> torch.Tensor:
    """The positions of the frames as the video shows them, which is from the last to the first."""

    def smooth(t: torch.Tensor) -> torch.Tensor:
        error = torch.sigmoid(torch.tensor(-5.0))
        return torch.clamp(torch.sigmoid(10 * (t - 0.5) - error) / (1 - 2 * error), 0, 1)

    steps = frames // 2
    t = torch.linspace(0.0, 1.0, steps)
    left_to_right = smooth(torch.where(t < 0.5, 2 * t, 2 * (1 - t)))
    outwards = torch.flip(left_to_right[: steps // 2] / 2, (0,))
    computed = torch.flip(torch.cat([left_to_right / 2 + 0.5, outwards, torch.flip(outwards, (0,))]), (0,))
    return torch.flip((computed - 0.5) * 2, (0,))


def official_z(
    z: torch.Tensor, direction: torch.Tensor, path_size: float, steps: torch.Tensor
) -> torch.Tensor:
    """Latents ``(frames, samples, z_dim)``: z without its part along the direction, plus the eased step."""
    moved = []
    for step in steps:
        for latent in z:
            projection = (latent @ direction) / (direction @ direction) * direction
            moved.append(latent - projection + step * path_size * direction)
    return torch.stack(moved).reshape(len(steps), *z.shape)
