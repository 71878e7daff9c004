"""GANSpace: principal components of an intermediate activation, and the moves of z that go with them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch

from biggan_directions.errors import FileFormatError, GeneratorError, UsageError
from biggan_directions.generators.capabilities import Activations
from biggan_directions.linalg import completed
from biggan_directions.precision import full_precision
from biggan_directions.solvers.base import Found, Solver, Step
from biggan_directions.solvers.evaluator import Drawable
from biggan_directions.solvers.problem import Problem
from biggan_directions.solvers.running_components import RunningComponents
from biggan_directions.solvers.settings import setting
from biggan_directions.solvers.state_checks import check_done, check_like

FIRST = "first"
_DRAWN, _NUMBERS = 512, 2**25  # samples that are drawn together, and numbers in a batch, at most
_CODE = "the authors' code"


@dataclass(frozen=True, kw_only=True)
class GanspaceSettings:
    """What is analysed, and how thoroughly.

    Attributes:
        layer: the name of the layer whose activation is analysed, or ``first``: the first layer.
        samples: number of latents for the components, and again for the regression; rounded down to whole
            batches, of 512 or, for a large layer, fewer.
        components: number of components that are kept between batches.
        whiten: whether every 512 latents are transformed linearly so that their covariance is a multiple of
            the identity, as it is for all latents. Components of similar variance are mixtures otherwise,
            unless there are very many samples.

    Raises:
        UsageError: a value is out of range.
    """

    layer: str = setting(
        FIRST,
        help="Layer whose activation is analysed: a name such as generator.layers.0, or first.",
        source=f"{_CODE}: generator.gen_z, which is the first, for BigGAN-deep",
    )
    samples: int = setting(
        4096,
        help="Latents for the components, and as many for the regression.",
        source=f"1,000,000 in {_CODE}; on the toybox whitened ones give the same from 512 on",
    )
    components: int = setting(
        80, help="Components that are kept between batches; at least ndirs.", source=_CODE
    )
    whiten: bool = setting(
        True,
        help="Transform every 512 latents so that their covariance is exactly a multiple of the identity.",
        source=f"this package's choice: 4,096 then serve like millions; not in {_CODE}",
    )

    def __post_init__(self) -> None:
        if self.samples < 2:
            raise UsageError(f"samples must be 2 or more, got {self.samples}")
        if self.components < 1:
            raise UsageError(f"components must be 1 or more, got {self.components}")


class Ganspace(Solver):
    r"""Takes the directions of z that go with the largest principal components of an activation.

    With y the activation of a layer, V its principal components, and x = diag(1/σ) V (y − E[y]) the
    coordinates of a sample, the directions are the rows of the U that minimises

        Σ ‖x U − z‖² over the samples (arXiv:2004.02546, section 2, "BigGAN", and the authors' code).

    Each batch of samples is of one class, and centred by its mean. In a block of z, the other coordinates are
    0. No image is drawn: the network is computed up to the layer.
    """

    name = "ganspace"
    paper = "GANSpace, Härkönen et al., arXiv:2004.02546"
    summary = "Principal components of a layer's activation over many latents, by regression back to z."
    Settings = GanspaceSettings
    settings: GanspaceSettings

    def missing(self, generator: Drawable) -> str | None:
        """The activations, if the generator does not give access to them."""
        if not isinstance(generator, Activations):
            return "ganspace needs the activation of a layer, and this generator has no activations()"
        names = generator.activation_names
        if self.settings.layer not in (FIRST, *names):
            return f"ganspace's layer '{self.settings.layer}' is none of {', '.join((FIRST, *names))}"
        return None

    def solve(self, problem: Problem, state: dict[str, Any] | None = None) -> Iterator[Step]:
        """Find the components in batches, then do the regression in batches."""
        if state is not None and (not isinstance(state, dict) or not state.keys() <= {"components", "fit"}):
            raise FileFormatError("ganspace's state has other keys than components, fit")
        state, settings, outline = dict(state or {}), self.settings, problem.outline
        drawn = _Latents(problem, whiten=settings.whiten)
        width = self._activation(problem, drawn(0, 2))[1].shape[1]
        size = min(_DRAWN, _power_below(max(2, _NUMBERS // width)), _power_below(settings.samples))
        kept = max(settings.components, outline.ndirs)
        found = RunningComponents.empty(kept, width)
        total = settings.samples // size * size
        if "components" in state:
            check_like(state["components"], found.state_dict(), "components")
            check_done(state["components"]["count"], total, "components.count")
            found = RunningComponents(**state["components"])
        for start in range(found.count, total, size):
            found = found.with_batch(self._activation(problem, drawn(start, size))[1])
            state = {**state, "components": found.state_dict()}
            yield Step(phase="components", done=found.count, total=total, state=state)
        axes, deviations = found.axes(), found.deviations()
        zeros = torch.zeros(kept, kept + outline.z_dim, dtype=torch.float64)
        fit: dict[str, Any] = {"sums": zeros, "count": 0}
        if "fit" in state:
            check_like(state["fit"], fit, "fit")
            check_done(state["fit"]["count"], total, "fit.count")
            fit = state["fit"]
        for start in range(fit["count"], total, size):
            z, activation = self._activation(problem, drawn(total + start, size))
            coordinates = (activation - activation.mean(dim=0)) @ axes.T / deviations[: len(axes)]
            both = torch.cat([coordinates, z - z.mean(dim=0)], dim=1)
            sums = fit["sums"].clone()
            products = coordinates.T @ both
            sums[: len(axes), : len(axes)] += products[:, : len(axes)]
            sums[: len(axes), kept:] += products[:, len(axes) :]
            fit = {"sums": sums, "count": start + size}
            state = {**state, "fit": fit}
            yield Step(phase="regression", done=start + size, total=total, state=state)
        moves = torch.linalg.lstsq(
            fit["sums"][: len(axes), : len(axes)], fit["sums"][: len(axes), kept:], driver="gelsd"
        ).solution
        block = torch.eye(outline.z_dim, dtype=torch.float64)[outline.block.start : outline.block.stop]
        rows = completed(moves[: outline.ndirs], block)[: outline.ndirs]
        result = Found(directions=problem.group.broadcast(rows))
        yield Step(phase="regression", done=total, total=total, state=state, result=result)

    def _activation(
        self, problem: Problem, inputs: tuple[torch.Tensor, torch.Tensor | None]
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """The latents, and the layer's activation there ``(N, width)``, float64."""
        generator, (z, class_index) = problem.generator, inputs
        assert isinstance(generator, Activations)
        name = generator.activation_names[0] if self.settings.layer == FIRST else self.settings.layer
        classes = None if class_index is None else class_index.to(generator.device)
        with torch.no_grad(), full_precision():
            found = generator.activations(name, z.to(generator.device), classes)
        if len(found) != len(z) or not bool(torch.isfinite(found).all()):
            raise GeneratorError(
                f"the generator's activations of {name} for {len(z)} latents have shape "
                f"{tuple(found.shape)}; expected finite numbers of shape ({len(z)}, …)"
            )
        return z.double(), found.flatten(1).cpu().double()


class _Latents:
    """Latents in batches that divide 512; each 512 are of one class, and may be whitened together."""

    def __init__(self, problem: Problem, *, whiten: bool) -> None:
        self._problem, self._whiten = problem, whiten
        self._place = -1
        self._z = torch.empty(0)

    def __call__(self, start: int, count: int) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Latents ``(count, z_dim)`` from a multiple of ``count`` on, 0 outside the block, and classes."""
        problem, place = self._problem, start // _DRAWN
        if place != self._place:
            self._z, self._place = self._drawn(place), place
        first = start - place * _DRAWN
        classes = len(problem.generator.classes)
        class_index = torch.full((count,), place % classes) if classes > 1 else None
        return self._z[first : first + count], class_index

    def _drawn(self, place: int) -> torch.Tensor:
        block = self._problem.outline.block
        z = self._problem.inputs(place * _DRAWN, _DRAWN)[0].double()[:, block.start : block.stop]
        if self._whiten and 2 * block.size <= _DRAWN:
            z = z - z.mean(dim=0)
            values, vectors = torch.linalg.eigh(z.T @ z / _DRAWN)
            z = z @ (vectors * (values.mean() / values).sqrt()) @ vectors.T
        return block.placed(z, self._problem.outline.z_dim).float()


def _power_below(number: int) -> int:
    """The largest power of 2 that is at most ``number``."""
    return 1 << (number.bit_length() - 1)
