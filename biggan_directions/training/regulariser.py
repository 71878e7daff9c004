"""The penalty on the generator in a training run: its settings, its gradient, and the size of λ."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, astuple, dataclass
from typing import Any

import torch
from torch import Tensor

from biggan_directions.errors import FileFormatError, UsageError
from biggan_directions.penalty import Reduction
from biggan_directions.precision import full_precision
from biggan_directions.training.generator_penalty import GeneratorPenalty, Kind
from biggan_directions.training.trainable import TrainableBigGAN

_DEFAULT_SHARE = 0.1
_FOLLOWS = 0.02  # of the distance, in logarithms, by which λ follows in a step what the share asks for
_SMOOTHING = 0.98  # of what is shown: about the last fifty steps
_MEASURES = 3


@dataclass(frozen=True, kw_only=True)
class RegulariserSettings:
    """How the generator is penalised.

    Attributes:
        kind: ``hessian`` or ``jacobian``.
        weight: λ; None where ``share`` chooses it.
        share: of the generator's gradient norm that the penalty's part gets, ``λ‖g_p‖ / (‖g_a‖ + λ‖g_p‖)``
            with g_a the gradient of the adversarial loss and g_p that of the penalty; in (0, 1).
        ramp: steps over which λ rises from 0 in a straight line.
        layers: names of modules of the generator whose outputs are penalised; all first normalisations of
            the blocks and the last normalisation where empty.
        reduction: ``max`` or ``mean`` over the activations of a layer and the samples.
        fraction: of a micro-batch at which the penalty is measured, in (0, 1].

    Raises:
        UsageError: a value is out of range.
    """

    kind: Kind = "hessian"
    weight: float | None = None
    share: float = _DEFAULT_SHARE
    ramp: int = 0
    layers: tuple[str, ...] = ()
    reduction: Reduction = "max"
    fraction: float = 0.25

    def __post_init__(self) -> None:
        if self.weight is not None and not (math.isfinite(self.weight) and self.weight >= 0):
            raise UsageError(
                f"the penalty's weight must be a number of 0 or more, or auto, got {self.weight}"
            )
        if not 0 < self.share < 1:
            raise UsageError(
                f"the penalty's share must be above 0 and below 1, got {self.share}: try auto:0.1"
            )
        if self.ramp < 0:
            raise UsageError(f"--penalty-ramp must be 0 steps or more, got {self.ramp}")
        if self.reduction not in ("max", "mean"):
            raise UsageError(f"--penalty-reduction must be max or mean, got {self.reduction!r}")
        if not 0 < self.fraction <= 1:
            raise UsageError(f"--penalty-fraction must be above 0 and at most 1, got {self.fraction}")

    @property
    def words(self) -> str:
        """The settings in a line, which a run that is resumed must share.

        >>> RegulariserSettings(ramp=100).words
        'hessian auto:0.1, ramp 100, layers default, reduction max, fraction 0.25'
        """
        weight = f"auto:{self.share:g}" if self.weight is None else f"{self.weight:g}"
        layers = "+".join(self.layers) or "default"
        return (
            f"{self.kind} {weight}, ramp {self.ramp}, layers {layers}, reduction {self.reduction}, "
            f"fraction {self.fraction:g}"
        )


def weight_of(text: str) -> dict[str, Any]:
    """The weight or the share that a user asks for: a number, ``auto``, or ``auto:SHARE``.

    Raises:
        UsageError: it is none of these.

    >>> weight_of("0.05"), weight_of("auto:0.2")
    ({'weight': 0.05}, {'weight': None, 'share': 0.2})
    """
    word, colon, share = text.partition(":")
    try:
        if word == "auto":
            return {"weight": None, "share": float(share) if colon else _DEFAULT_SHARE}
        return {"weight": float(text)}
    except ValueError:
        raise UsageError(
            f"the penalty's weight is a number, auto, or auto:SHARE such as auto:0.1, got {text[:80]!r}"
        ) from None


@dataclass(frozen=True, kw_only=True)
class PenaltyMeasures:
    """What is watched of the penalty, smoothed over about fifty steps.

    Attributes:
        penalty: without λ.
        weight: λ at this step, with its ramp.
        adversarial_norm: norm of the gradient of the adversarial loss by the generator's weights.
        penalty_norm: norm of the gradient of the penalty by them, without λ.
    """

    penalty: float
    weight: float
    adversarial_norm: float
    penalty_norm: float

    @property
    def share(self) -> float:
        """The share of the generator's gradient norm that the penalty has."""
        part = self.weight * self.penalty_norm
        return part / max(part + self.adversarial_norm, 1e-30)


class Regulariser:
    """The penalty of one training run.

    With ``auto``, λ follows ``share / (1 − share) · ‖g_a‖ / ‖g_p‖`` slowly, in logarithms: it is as long as
    hundreds of steps need to change it by much, so that a single batch does not. It is 0 in the first step,
    which measures both norms.

    Args:
        settings: how to penalise.
        network: the generator.
        seed: of the probes.

    Raises:
        UsageError: the generator has no layer of a name.
    """

    extra = _MEASURES

    def __init__(self, settings: RegulariserSettings, network: TrainableBigGAN, *, seed: int) -> None:
        self.settings = settings
        self._parameters = list(network.parameters())
        self._penalty = GeneratorPenalty(
            network,
            layers=settings.layers or default_layers(network),
            kind=settings.kind,
            reduction=settings.reduction,
            seed=seed,
        )
        self._log_weight: float | None = None
        self._smoothed: Tensor | None = None
        self.history: list[list[float]] = []

    def weight_at(self, step: int) -> float:
        """λ at a step."""
        settings = self.settings
        if settings.weight is not None:
            whole = settings.weight
        else:
            whole = 0.0 if self._log_weight is None else math.exp(self._log_weight)
        return whole if step >= settings.ramp else whole * step / settings.ramp

    def add(
        self, gradients: Sequence[Tensor], z: Tensor, class_index: Tensor, *, place: int, step: int
    ) -> list[Tensor]:
        """Add λ times the penalty's gradient to that of the adversarial loss, in place.

        Args:
            gradients: of the adversarial loss, one per parameter of the generator.
            z, class_index: of the micro-batch.
            place: number of the micro-batch in the run, of which the probes are.
            step: number of the step, of which λ is.

        Returns:
            The penalty, the norm of the adversarial gradient, and that of the penalty's.
        """
        count = max(1, round(self.settings.fraction * len(z)))
        with full_precision():
            value = self._penalty.measure(z[:count], class_index[:count], step=place)
            found = torch.autograd.grad(value, self._parameters, materialize_grads=True)
        norms = [_norm(gradients), _norm(found)]
        if (weight := self.weight_at(step)) > 0:
            torch._foreach_add_(list(gradients), list(found), alpha=weight)
        return [value.detach(), *norms]

    def update(self, seen: Tensor) -> None:
        """Take what a step has measured, the means over its micro-batches: ``(3,)``, float64."""
        self._smoothed = (
            seen if self._smoothed is None else _SMOOTHING * self._smoothed + (1 - _SMOOTHING) * seen
        )
        _, adversarial, penalty = seen.tolist()
        if self.settings.weight is None and adversarial > 0 and penalty > 0:
            share = self.settings.share
            wanted = math.log(share / (1 - share) * adversarial / penalty)
            before = wanted if self._log_weight is None else self._log_weight
            self._log_weight = before + _FOLLOWS * (wanted - before)

    def measures(self, step: int) -> PenaltyMeasures:
        """What is watched; there must have been a step."""
        assert self._smoothed is not None
        penalty, adversarial_norm, penalty_norm = self._smoothed.tolist()
        return PenaltyMeasures(
            penalty=penalty,
            weight=self.weight_at(step),
            adversarial_norm=adversarial_norm,
            penalty_norm=penalty_norm,
        )

    def remember(self, step: int) -> None:
        """Add a row to the history: the step, and its measures in the order of :class:`PenaltyMeasures`."""
        self.history.append([step, *astuple(self.measures(step))])

    def state(self) -> dict[str, Any]:
        """Everything that a later step depends on."""
        return {
            "settings": {**asdict(self.settings), "layers": list(self.settings.layers)},
            "log_weight": self._log_weight,
            "smoothed": self._smoothed,
            "history": list(self.history),
        }

    def load(self, state: dict[str, Any]) -> None:
        """Continue from a state.

        Raises:
            FileFormatError: it is not one.
        """
        smoothed, weight = state["smoothed"], state["log_weight"]
        if smoothed is not None and smoothed.shape != (_MEASURES,):
            raise FileFormatError("regulariser.smoothed is of another shape")
        self._smoothed, self._log_weight = smoothed, None if weight is None else float(weight)
        self.history = [list(row) for row in state["history"]]


def default_layers(network: TrainableBigGAN) -> list[str]:
    """The first normalisation of each block, and the last one: an activation for each size of image."""
    names = [name for name, _ in network.named_modules() if name.endswith(".bn_0")]
    return [*names, "bn"]


def _norm(gradients: Sequence[Tensor]) -> Tensor:
    norm: Tensor = torch.stack(torch._foreach_norm(list(gradients))).norm()
    return norm
