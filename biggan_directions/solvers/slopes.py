"""Products of an image's first derivatives at one latent, from forward passes alone."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from biggan_directions.solvers.evaluator import Evaluator
from biggan_directions.solvers.sketch import FINE, Sketch, block_average


def slopes(
    evaluator: Evaluator,
    z: torch.Tensor,
    class_index: torch.Tensor | None,
    basis: torch.Tensor,
    *,
    signs: torch.Tensor,
    epsilon: float,
    generator: torch.Generator,
    sides: Sequence[int] = (),
) -> torch.Tensor:
    r"""Measure JᵀJ in a basis at one latent, J the Jacobian of the image, at several scales.

    J is measured by forward differences, one image per vector and one at the latent,

        J vᵢ ≈ [f(z + εsᵢvᵢ) − f(z)] sᵢ / ε,

    whose error of order ε, half the second derivative along vᵢ, changes its sign with sᵢ: signs that are
    drawn for each latent turn it into noise. Central differences would take twice the images.

    Args:
        evaluator: draws the images.
        z: the latent ``(z_dim,)``.
        class_index: its class, a tensor of one index, or None.
        basis: orthonormal rows ``(m, z_dim)``.
        signs: ±1, ``(m,)``.
        epsilon: the step ε, in units of z.
        generator: source of the random numbers of the sketch that reduces a large image.
        sides: sides in pixels of blocks over which images are averaged, one per further scale.

    Returns:
        JᵀJ per number, float64 ``(1 + len(sides), m, m)`` on the CPU: of the whole image, then of each scale.
    """
    steps = epsilon * signs.double()[:, None] * basis.double()
    points = torch.cat([z.double()[None], z.double() + steps]).to(z.dtype)
    classes = None if class_index is None else class_index.reshape(1).expand(len(points))
    sketch: Sketch | None = None
    rows: list[list[torch.Tensor]] = [[] for _ in range(1 + len(sides))]
    numbers = [0] * len(rows)
    for _, images in evaluator.images(points, classes, z):
        whole = images.flatten(1)
        if sketch is None:
            sketch = Sketch(whole.shape[1], FINE, generator)
        scales = [whole, *(block_average(images, side) for side in sides)]
        numbers = [scale.shape[1] for scale in scales]
        for kept, scale in zip(rows, [sketch(whole), *scales[1:]], strict=True):
            kept.append(scale)
    grams = []
    for kept, count in zip(rows, numbers, strict=True):
        features = torch.cat(kept).double()
        jacobian = (features[1:] - features[:1]) * (signs.to(features) / epsilon)[:, None]
        grams.append((jacobian @ jacobian.T).cpu() / count)
    return torch.stack(grams)
