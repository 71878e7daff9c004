"""OroJaR as published: Adam on a free matrix whose orthonormalised rows are the directions."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from biggan_directions.jacobian_penalty import jacobian_penalty_along
from biggan_directions.solvers.descent import Image, check_descent, probe_signs
from biggan_directions.solvers.methods.adam import KAIMING, Adam, check_start
from biggan_directions.solvers.settings import setting

_CODE = "OroJaR's BigGAN code"


@dataclass(frozen=True, kw_only=True)
class OrojarAdamSettings:
    """The settings of Adam on OroJaR's penalty (arXiv:2108.07668, and the authors' BigGAN code).

    Attributes:
        steps: number of steps.
        batch_size: latents per step.
        lr: Adam's learning rate.
        probes: random sign vectors per latent.
        epsilon: step of the one-sided differences, in units of z.
        start, square: as for ``adam``.

    Raises:
        UsageError: a value is out of range.
    """

    steps: int = setting(1000, help="Number of steps.", source=f"this package's choice; 50,000 in {_CODE}")
    batch_size: int = setting(32, help="Latents per step.", source=_CODE)
    lr: float = setting(0.01, help="Adam's learning rate.", source=_CODE)
    probes: int = setting(2, help="Random sign vectors per latent.", source=_CODE)
    epsilon: float = setting(0.1, help="Step of the one-sided differences, in units of z.", source=_CODE)
    start: str = setting(
        KAIMING,
        help="Initial matrix: kaiming (random), or the name of a solver whose result is the start.",
        source=_CODE,
    )
    square: bool | None = setting(
        None,
        help="Optimise a square matrix and keep its strongest rows; if false, optimise ndirs rows.",
        source="fewer rows would leak into dead dimensions; over all of z, ndirs rows as published",
    )

    def __post_init__(self) -> None:
        check_descent(
            steps=self.steps,
            batch_size=self.batch_size,
            probes=self.probes,
            lr=self.lr,
            epsilon=self.epsilon,
        )
        check_start(self.start, solver=OrojarAdam.name)

    @property
    def passes(self) -> int:
        """Images per latent: one, and one per probe."""
        return 1 + self.probes

    def numbers(self, rows: int) -> int:
        """The signs of the probes."""
        return self.probes * rows

    def estimate(
        self, image: Image, z: torch.Tensor, directions: torch.Tensor, draws: torch.Tensor, *, check: bool
    ) -> torch.Tensor:
        """OroJaR's penalty along the directions, at the latents themselves."""
        probes = probe_signs(draws, self.probes).to(directions)
        return jacobian_penalty_along(image, z, directions, probes=probes, epsilon=self.epsilon, check=check)


class OrojarAdam(Adam):
    """Minimises OroJaR's penalty by Adam; ``orojar`` minimises it in closed form."""

    name = "orojar-adam"
    paper = "OroJaR, Wei et al., arXiv:2108.07668"
    summary = "OroJaR as published: Adam on the orthogonality of the image's changes."
    Settings = OrojarAdamSettings
