"""Rows of the image's Hessian at one latent, from a few random probes that all directions share."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import torch

from biggan_directions.latents import signs, stream
from biggan_directions.linalg import orthonormal
from biggan_directions.solvers.evaluator import Evaluator

EXACT = 8  # live dimensions up to which each has a probe: rows are then measured whole, without chance
ROUNDING_IMAGES = 2  # of ProbedLatent.rounding
_ALL_SIGNS = 3  # directions up to which all sign vectors are taken for the paper's penalty
_SIGN_VECTORS = 2  # of more directions; the spread over latents is far larger than that over sign vectors
_TINY = 1e-3  # of epsilon: a step so small that second differences over it are rounding errors alone


def probes_used(live: int, probes: int) -> int:
    """The number of probes in a live space of so many dimensions: all of a small one, else ``probes``.

    >>> probes_used(8, 4), probes_used(24, 4), probes_used(24, 30)
    (8, 4, 24)
    """
    return live if live <= EXACT else min(probes, live)


def images_shared(live: int, probes: int) -> int:
    """The number of images that all directions share at a latent: its own, and one for each probe."""
    return 1 + probes_used(live, probes)


def images_of_set(count: int, live: int, probes: int) -> int:
    """The number of images that a set of ``count`` directions takes at a latent, beside the shared ones."""
    return count * (2 + probes_used(live, probes)) + 2 * _sign_vectors(count)


@dataclass(frozen=True, kw_only=True, eq=False)
class Rows:
    """The derivatives along n directions at one latent.

    Attributes:
        changes: of the image from z − εq to z + εq, ``(n, numbers)``.
        shares: of the energy of each direction's row of the Hessian off the diagonal, in [0, 1], float64
            ``(n,)``; NaN where the row is 0.
        sizes: the row's mean energy by that of independent rounding errors of variance 1 in each number of
            the images, in their place: at most about :meth:`ProbedLatent.rounding` where nothing curves;
            float64 ``(n,)``.
        bends: ‖PHv‖ / ‖Jv‖: how much the image's slope along the direction changes over the live space, per
            unit of z and as a share of itself; float64 ``(n,)``.
        paper: 2 Σ_{i≠j} H_ij² among the directions, mean over the image's numbers.
    """

    changes: torch.Tensor
    shares: torch.Tensor
    sizes: torch.Tensor
    bends: torch.Tensor
    paper: float


class ProbedLatent:
    r"""A latent z with its image, and the images one step along each probe.

    The probes u₁ … u_K are orthonormal, and evenly distributed in the live space L of d dimensions. Since
    E[uuᵀ] = P / d with P the projection on L, (d/K) Σ_k (u_k·y)² estimates ‖Py‖² without bias, and exactly
    for K = d. With y = Hv − v vᵀHv it is the energy off the diagonal of the row that belongs to direction v.

    Args:
        evaluator: draws the images.
        z: the latent ``(z_dim,)``.
        class_index: its class, a tensor of one index, or None.
        live: orthonormal rows ``(d, z_dim)``, the space in which the image depends on z.
        probes: number of probes, 2 or more, in a live space of more than :data:`EXACT` dimensions.
        epsilon: step of the differences, in units of z.
        seed: of the probes, with ``index``, the number of the latent.
        index: see ``seed``.
    """

    def __init__(
        self,
        evaluator: Evaluator,
        z: torch.Tensor,
        class_index: torch.Tensor | None,
        live: torch.Tensor,
        *,
        probes: int,
        epsilon: float,
        seed: int,
        index: int,
    ) -> None:
        self.z, self.class_index = z, class_index
        self._evaluator, self._epsilon, self._seed, self._index = evaluator, epsilon, seed, index
        self._live = live.double()
        shape = (probes_used(len(live), probes), len(live))
        normal = torch.randn(shape, generator=stream("scoring/probes", seed, index), dtype=torch.float64)
        self._probes = orthonormal(normal) @ self._live
        still = torch.zeros_like(self._probes[:1])
        self.image, *self._beside = torch.cat(list(self._drawn(torch.cat([still, self._probes]))))

    def rows(self, directions: torch.Tensor) -> Rows:
        r"""Measure the derivatives along orthonormal ``directions (n, z_dim)``.

        Let v be a direction's part in the live space, at length 1, and p the parabola through the images at
        z − εv, z and z + εv, in units of ε. With a = u·v, one more image for each probe u gives

            uᵀHv − a vᵀHv ≈ ([f(z + εu + εcv) − f(z + εu)] / c − [p(x) − p(a)] / c) / ε²,  c = x − a,

        what a step along v changes beside the probe, less what it changes on the line through z. It is exact
        if f is quadratic. The parabola's error is proportional to t³ − t at the point t of that line, to
        third order, and cancels for x = −(a ± √(4 − 3a²)) / 2, with the sign of a: a function of v alone has
        no share off the diagonal up to the fourth order. 1 ≤ |c| ≤ 2.

        With K < d, the share of the estimated energies, off / (off + own), is on average below that of the
        energies, by own Var(off) / (off + own)³ to second order. That is added, the variance estimated from
        the spread of the K probes.
        """
        directions = directions.double()
        inside = directions @ self._live.T @ self._live
        lengths = inside.norm(dim=1)
        units = inside / lengths.clamp(min=torch.finfo(torch.float64).tiny)[:, None]
        starts = (units @ self._probes.T).clamp(-1, 1)
        ends = -(starts + torch.copysign((4 - 3 * starts.square()).sqrt(), starts)) / 2
        corners = self._probes + (ends - starts)[:, :, None] * units[:, None]
        steps = torch.cat([units[:, None], -units[:, None], corners], dim=1)

        image, beside = self.image.double(), torch.stack(self._beside).double()
        changes, slopes, own, others, trace = [], [], [], [], torch.zeros_like(image)
        groups = self._grouped(steps.flatten(0, 1), steps.shape[1])
        for images, start, end, length in zip(groups, starts, ends, lengths.tolist(), strict=True):
            ahead, behind, far = images[0].double(), images[1].double(), images[2:].double()
            slope, second = (ahead - behind) / 2, ahead - 2 * image + behind
            start, end = start.to(image)[:, None], end.to(image)[:, None]
            mixed = (far - beside) / (end - start) - slope - (end + start) / 2 * second
            changes.append(((ahead - behind) * length).to(images))
            slopes.append(slope.square().sum())
            own.append(second.square().sum())
            others.append(mixed.square().sum(dim=1))
            trace += second * length**2
        other = torch.stack(others).cpu() * len(self._live)  # each probe's own estimate of the energy
        noise = 6 + len(self._live) * (
            2 / (ends - starts).square() + 1 / 2 + 3 / 2 * (ends + starts).square()
        ).mean(dim=1)
        diagonal = torch.stack(own).cpu()
        energy = diagonal + other.mean(dim=1)
        return Rows(
            changes=torch.stack(changes),
            shares=_shares(diagonal, other, sampled=1 - len(self._probes) / len(self._live)),
            sizes=energy / (noise * len(image)),
            bends=(energy / torch.stack(slopes).cpu()).sqrt() / self._epsilon,
            paper=self._paper(directions, trace),
        )

    def rounding(self) -> float:
        """The variance of rounding errors in a number of the image, of z's own included.

        A second difference over a step too small for any curvature has six times that variance.
        """
        step = _TINY * self._probes[:1]
        ahead, behind = torch.cat(list(self._drawn(torch.cat([step, -step])))).double()
        return float((ahead - 2 * self.image.double() + behind).square().mean() / 6)

    def _paper(self, directions: torch.Tensor, trace: torch.Tensor) -> float:
        """The mean of (sᵀHs − tr H)² over sign vectors s: Var(sᵀHs), whose mean is known: ``trace``."""
        count = len(directions)
        vectors = _sign_vectors(count)
        if not vectors:
            return 0.0
        if count <= _ALL_SIGNS:
            chosen = torch.tensor(list(product((1.0,), *[(1.0, -1.0)] * (count - 1))), dtype=torch.float64)
        else:
            chosen = signs(
                vectors, count, purpose="scoring/signs", seed=self._seed, offset=vectors * self._index
            )
        steps, total = chosen @ directions, 0.0
        for images in self._grouped(torch.stack([steps, -steps], dim=1).flatten(0, 1), 2):
            second = images.double().sum(dim=0) - 2 * self.image.double()
            total += float((second - trace).square().mean())
        return total / vectors / self._epsilon**4

    def _grouped(self, steps: torch.Tensor, size: int) -> Iterator[torch.Tensor]:
        """The images at ``steps``, so many at a time, however many are drawn at once."""
        kept: torch.Tensor | None = None
        for images in self._drawn(steps):
            kept = images if kept is None else torch.cat([kept, images])
            while len(kept) >= size:
                yield kept[:size]
                kept = kept[size:]

    def _drawn(self, steps: torch.Tensor) -> Iterator[torch.Tensor]:
        """The images at z + ε ``steps (N, z_dim)``, as rows of numbers."""
        points = (self.z.double() + self._epsilon * steps).to(self.z.dtype)
        classes = None if self.class_index is None else self.class_index.reshape(1).expand(len(points))
        for _, images in self._evaluator.images(points, classes, self.z):
            yield images.flatten(1)


def _sign_vectors(count: int) -> int:
    """How many sign vectors: all that differ by more than their sign, of few directions."""
    return 0 if count < 2 else 2 ** (count - 1) if count <= _ALL_SIGNS else _SIGN_VECTORS


def _shares(own: torch.Tensor, others: torch.Tensor, *, sampled: float) -> torch.Tensor:
    """Shares off the diagonal from ``own (n,)`` and each probe's estimate of the rest, ``(n, K)``.

    ``sampled`` is the part of the live dimensions without a probe, by which the variance of the mean falls.
    """
    other = others.mean(dim=1)
    energy = own + other
    shares = other / energy
    if sampled > 0:
        variance = others.var(dim=1) / others.shape[1] * sampled
        shares = (shares + own * variance / energy**3).clamp(max=1)
    return torch.where(energy > 0, shares, float("nan"))
