"""What is measured at each latent, and the measures that it makes: see docs/method.md for the equations."""

from __future__ import annotations

import torch

from biggan_directions.metrics.probing import Rows
from biggan_directions.metrics.scorecard import mean_measure, root_mean_measure
from biggan_directions.scores import DirectionScore, Measure

_DEAD = 1e-3  # of the strongest effect: what is left is rounding, and has no share or angle of anything
_ROUNDED = 4.0  # times the energy of rounding errors: a row below it is mostly those, and its share is theirs
_STRAIGHT = 0.01  # change of the slope per unit of z below which a direction counts as linear


class Measurements:
    """What the measures of n directions are made of, added latent by latent.

    Args:
        count: n.
    """

    def __init__(self, count: int) -> None:
        self.count = count
        self.squares: list[torch.Tensor] = []  # mean square change of the image, (n,)
        self.shares: list[torch.Tensor] = []  # share of the Hessian's row off the diagonal, (n,), or NaN
        self.sizes: list[
            torch.Tensor
        ] = []  # energy of the row by that of rounding errors of variance 1, (n,)
        self.bends: list[torch.Tensor] = []  # change of the slope per unit of z, as a share of it, (n,)
        self.paper: list[torch.Tensor] = []  # 2 Σ_{i≠j<n} H_ij² per number
        self.angles: list[torch.Tensor] = []  # |cos| between changes of the image, (n, n)
        self.changes: list[torch.Tensor] = []  # unit changes of the image, (n, kept)
        self.uneven: list[torch.Tensor] = []  # (n,), NaN where no traversal was drawn
        self.rounding: list[torch.Tensor] = []  # variance of rounding errors, NaN where not measured

    def width(self, kept: int) -> int:
        """The length of the vector of a latent with ``kept`` numbers of each change."""
        return self.count * (5 + self.count + kept) + 2

    def at_latent(
        self,
        found: Rows,
        changes: torch.Tensor,
        *,
        uneven: torch.Tensor | None = None,
        rounding: float = float("nan"),
    ) -> torch.Tensor:
        """What one latent says, as one float64 vector for :meth:`add`.

        Args:
            found: the derivatives along the directions.
            changes: of the image along them, ``(n, kept)``, the same numbers kept at every latent.
            uneven: coefficients of variation of the step sizes along them, ``(n,)``; left out, not measured.
            rounding: the variance of rounding errors in a number of the image; left out, not measured.
        """
        squares = found.changes.double().square().mean(dim=1).cpu()
        units = torch.nn.functional.normalize(changes.double(), dim=1)
        angles = (units @ units.T).abs()
        if uneven is None:
            uneven = torch.full((self.count,), float("nan"))
        scalars = torch.tensor([found.paper, rounding], dtype=torch.float64)
        parts = (found.shares, found.sizes, found.bends, scalars, squares, uneven, angles, units)
        return torch.cat([part.double().flatten() for part in parts])

    def add(self, flat: torch.Tensor) -> None:
        """Take what one latent says, as :meth:`at_latent` gave it."""
        n = self.count
        kept = len(flat) - self.width(0)
        shares, sizes, bends, paper, rounding, squares, uneven, angles, units = torch.split(
            flat, [n, n, n, 1, 1, n, n, n * n, kept]
        )
        self.shares.append(shares)
        self.sizes.append(sizes)
        self.bends.append(bends)
        self.paper.append(paper[0])
        self.squares.append(squares)
        self.uneven.append(uneven)
        self.rounding.append(rounding[0])
        self.angles.append(angles.reshape(n, n))
        self.changes.append(units.reshape(n, -1).float())

    def paper_penalty(self) -> Measure:
        """The set's penalty as the paper has it."""
        return mean_measure(torch.stack(self.paper))

    def scores(self, epsilon: float, *, strongest: float = 0.0) -> tuple[DirectionScore, ...]:
        """The measures of each direction.

        At a latent where a direction's row is hardly larger than rounding errors make it, or changes the
        slope along it by less than a hundredth, it has no share; a direction without any is linear.

        Args:
            epsilon: the step of the differences, in units of z.
            strongest: the largest effect that is known of any direction; one below a thousandth of it has no
                other measures.
        """
        curved = torch.stack(self.sizes) > _ROUNDED * torch.stack(self.rounding).nanmean()
        curved &= torch.stack(self.bends) > _STRAIGHT
        shares = torch.where(curved, torch.stack(self.shares), float("nan"))
        squares = torch.stack(self.squares) / (2 * epsilon) ** 2
        effects = [root_mean_measure(squares[:, index]) for index in range(self.count)]
        strongest = max(strongest, *(effect.value or 0.0 for effect in effects))
        unknown = Measure(value=None)
        alive = [index for index, effect in enumerate(effects) if (effect.value or 0.0) > _DEAD * strongest]
        found = []
        for index, effect in enumerate(effects):
            if index not in alive:
                found.append(
                    DirectionScore(
                        effect=effect,
                        penalty=unknown,
                        overlap=unknown,
                        unevenness=unknown,
                        steadiness=unknown,
                    )
                )
                continue
            overlap, other = self._overlap(index, [other for other in alive if other != index])
            found.append(
                DirectionScore(
                    effect=effect,
                    penalty=mean_measure(shares[:, index]),
                    overlap=overlap,
                    overlap_with=other,
                    unevenness=mean_measure(torch.stack(self.uneven)[:, index]),
                    steadiness=self._steadiness(index),
                    linear=not bool(curved[:, index].any()),
                )
            )
        return tuple(found)

    def _overlap(self, index: int, others: list[int]) -> tuple[Measure, int | None]:
        """The overlap with the one of ``others`` that it overlaps with most, and that direction's index."""
        if not others:
            return Measure(value=None), None
        angles = torch.stack(self.angles)[:, index, others]
        most = int(angles.mean(dim=0).argmax())
        return mean_measure(angles[:, most]), others[most]

    def _steadiness(self, index: int) -> Measure:
        changes = torch.stack([change[index] for change in self.changes])
        angles = (changes @ changes.T).abs().double()
        angles.fill_diagonal_(0)
        count = len(angles)
        of_each = angles.sum(dim=1) / (count - 1)
        # Every latent is in count - 1 of the pairs: the error of such a mean is twice that of the latents'
        # own means to first order (W. Hoeffding, 1948), and by the jackknife, which leaves out each latent in
        # turn, (count - 1) / (count - 2) times that. Of one pair nothing can be told.
        first_order = 2 * float(of_each.std()) / count**0.5
        error = first_order * (count - 1) / (count - 2) if count > 2 else None
        return Measure(value=float(of_each.mean()), error=error)
