"""LatentCLR: directions whose changes of a layer are alike for all latents, and unlike each other."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch

from biggan_directions.errors import GeneratorError, UsageError
from biggan_directions.generators.capabilities import Activations
from biggan_directions.latents import stream
from biggan_directions.linalg import orthonormal
from biggan_directions.precision import full_precision
from biggan_directions.solvers.base import Found, Solver, Step
from biggan_directions.solvers.descent import adam_state
from biggan_directions.solvers.evaluator import Drawable
from biggan_directions.solvers.problem import Problem
from biggan_directions.solvers.settings import setting
from biggan_directions.solvers.state_checks import check_done, check_like

SECOND = "second"
_CODE = "the authors' code"
_SMOOTHING = 0.95  # of the displayed loss


@dataclass(frozen=True, kw_only=True)
class LatentClrSettings:
    """The layer, the moves, and how fast.

    Attributes:
        steps: number of steps.
        batch_size: latents per step; each is moved along every direction.
        lr, weight_decay: of Adam.
        distance: of the moves, in units of z.
        temperature: factor of the cosines in the exponentials.
        layer: name of the layer whose features are compared, or ``second``: the second layer.

    Raises:
        UsageError: a value is out of range.
    """

    steps: int = setting(1000, help="Number of steps.", source=f"this package's choice; 100,000 in {_CODE}")
    batch_size: int = setting(
        16,
        help="Latents per step; each is moved along every direction.",
        source=f"half the 32 in {_CODE}, for machines with less memory",
    )
    lr: float = setting(0.01, help="Adam's learning rate.", source=f"for fewer steps; 0.001 in {_CODE}")
    weight_decay: float = setting(0.001, help="Adam's weight decay.", source=_CODE)
    distance: float = setting(0.1, help="Distance of the moves, in units of z.", source=_CODE)
    temperature: float = setting(0.5, help="Factor of the cosines in the exponentials.", source=_CODE)
    layer: str = setting(
        SECOND,
        help="Layer whose features are compared: a name such as generator.layers.1, or second.",
        source=f"{_CODE}: generator.layers.0, which is the second, for BigGAN-deep",
    )

    def __post_init__(self) -> None:
        if self.steps < 0:
            raise UsageError(f"steps must be 0 or more, got {self.steps}")
        if self.batch_size < 2:
            raise UsageError(f"batch size must be 2 or more, to compare latents, got {self.batch_size}")
        for name in ("lr", "distance", "temperature"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0):
                raise UsageError(f"{name} must be a finite number above 0, got {value}")
        if not (math.isfinite(self.weight_decay) and self.weight_decay >= 0):
            raise UsageError(f"weight decay must be a finite number, 0 or more, got {self.weight_decay}")


class LatentClr(Solver):
    r"""Minimises a contrastive loss of feature changes by Adam (arXiv:2104.00820, Eq. 4).

    With h the features of a layer, dₖ of length 1, and fₖ(z) the direction of h(z + α dₖ) − h(z), see
    :func:`contrast`. The rows are free, and are made orthonormal in the end, the first one first. No image is
    drawn: the network is computed up to the layer.
    """

    name = "latent-clr"
    paper = "LatentCLR, Yüksel et al., arXiv:2104.00820"
    summary = "Directions whose changes of a layer are alike for all latents, and unlike each other."
    Settings = LatentClrSettings
    settings: LatentClrSettings

    def missing(self, generator: Drawable) -> str | None:
        """The activations, if the generator does not give access to them."""
        if not isinstance(generator, Activations):
            return "latent-clr needs the activation of a layer, and this generator has no activations()"
        names = generator.activation_names
        if self.settings.layer not in (SECOND, *names):
            return f"latent-clr's layer '{self.settings.layer}' is none of {', '.join((SECOND, *names))}"
        return None

    def solve(self, problem: Problem, state: dict[str, Any] | None = None) -> Iterator[Step]:
        """Take a step with a batch at a time."""
        settings, outline = self.settings, problem.outline
        size = (outline.ndirs, problem.space.dims)
        matrix = torch.randn(size, generator=stream("latent-clr", outline.seed)).requires_grad_()
        optimizer = torch.optim.Adam([matrix], lr=settings.lr, weight_decay=settings.weight_decay)
        done, smoothed = 0, 0.0
        begun = _begun(matrix)
        if state is None:
            state = begun
        else:
            check_like(state, begun, self.name)
            check_done(state["done"], settings.steps, f"{self.name}.done")
            done, smoothed = state["done"], state["smoothed"]
            with torch.no_grad():
                matrix.copy_(state["matrix"])
        if done:
            moments = {**state["moments"], "step": torch.tensor(float(done))}
            groups = optimizer.state_dict()["param_groups"]
            optimizer.load_state_dict({"state": {0: _copied(moments)}, "param_groups": groups})
        basis = problem.space.basis.float()
        for step in range(done, settings.steps):
            with full_precision():
                rows = torch.nn.functional.normalize(matrix, dim=1) @ basis
                loss = contrast(self._changes(problem, rows, step), settings.temperature)
                if not loss.requires_grad:
                    raise GeneratorError(
                        "the activations have no gradient with respect to z, which latent-clr needs: compute "
                        "them without torch.no_grad() and .detach(), or choose another --solver"
                    )
                optimizer.zero_grad()
                torch.autograd.backward(loss)
                optimizer.step()
            smoothed = _SMOOTHING * smoothed + (1 - _SMOOTHING) * float(loss.detach())
            state = {
                "done": step + 1,
                "smoothed": smoothed,
                "matrix": matrix.detach().clone(),
                "moments": _copied(optimizer.state_dict()["state"][0]),
            }
            yield Step(
                phase="contrast",
                done=step + 1,
                total=settings.steps,
                measure="loss",
                value=smoothed / (1 - _SMOOTHING ** (step + 1)),
                state=state,
            )
        directions = orthonormal(matrix.detach().double()) @ problem.space.basis
        result = Found(directions=problem.group.broadcast(directions))
        total = max(settings.steps, 1)
        yield Step(phase="contrast", done=total, total=total, state=state, result=result)

    def _changes(self, problem: Problem, rows: torch.Tensor, step: int) -> torch.Tensor:
        """Changes of the features along each direction at a batch of latents ``(ndirs, N, features)``."""
        settings, generator = self.settings, problem.generator
        assert isinstance(generator, Activations)
        names, device = generator.activation_names, generator.device
        name = names[min(1, len(names) - 1)] if settings.layer == SECOND else settings.layer
        z, class_index = problem.inputs(step * settings.batch_size, settings.batch_size)
        z = z.to(device)
        classes = None if class_index is None else class_index.to(device)
        with torch.no_grad():
            start = generator.activations(name, z, classes)
        if not bool(torch.isfinite(start).all()):
            raise GeneratorError(f"the generator's activations of {name} are not finite (NaN or infinity)")
        moves = settings.distance * rows.to(device)
        ends = [generator.activations(name, z + move, classes) for move in moves]
        return torch.stack([(end - start).flatten(1) for end in ends])


def contrast(changes: torch.Tensor, temperature: float) -> torch.Tensor:
    r"""The contrastive loss of the changes along each of K directions at N latents.

    With cᵢⱼ the |cos| between two of the K·N changes and sᵢⱼ = exp(t cᵢⱼ), it is the mean over i of

        −log(mean of sᵢⱼ over j ≠ i along the same direction / mean of sᵢⱼ along the other directions),

    as in the authors' code.

    Args:
        changes: ``(K, N, features)``, K and N at least 2; a single direction has no others, and a loss of 0.
        temperature: t.

    >>> same = torch.eye(2)[:, None].expand(2, 3, 2)  # two directions, alike at three latents
    >>> round(contrast(same, 0.5).item(), 6)
    -0.5
    """
    directions, latents, _ = changes.shape
    units = torch.nn.functional.normalize(changes.flatten(0, 1), dim=1)
    similar = torch.exp(temperature * (units @ units.T).abs())
    of = torch.arange(directions).repeat_interleave(latents).to(units.device)
    same = of[:, None] == of
    alike = (similar * (same & ~torch.eye(len(of), dtype=torch.bool, device=of.device))).sum(dim=1)
    if directions == 1:
        return 0 * alike.mean()
    other = (similar * ~same).sum(dim=1)
    return -torch.log((alike / (latents - 1)) / (other / (len(of) - latents))).mean()


def _begun(matrix: torch.Tensor) -> dict[str, Any]:
    """The state before the first step."""
    moments = adam_state(matrix)["optimizer"]["state"][0]
    return {"done": 0, "smoothed": 0.0, "matrix": matrix.detach().clone(), "moments": moments}


def _copied(moments: dict[str, Any]) -> dict[str, Any]:
    """A copy of the optimizer's state that the next step does not overwrite."""
    return {name: value.clone() if torch.is_tensor(value) else value for name, value in moments.items()}
