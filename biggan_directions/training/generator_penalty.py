"""The Hessian Penalty, or OroJaR's, as a term of a generator's loss in any training loop."""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal

import torch
from torch import Tensor, nn

from biggan_directions.errors import UsageError
from biggan_directions.jacobian_penalty import jacobian_penalty
from biggan_directions.latents import stream
from biggan_directions.penalty import Reduction, hessian_penalty
from biggan_directions.training.fixed_passes import fixed_passes

Kind = Literal["hessian", "jacobian"]


class GeneratorPenalty:
    r"""A regulariser: ``λ_t · Σ_layers penalty`` of a generator's activations with respect to z.

    ``hessian`` is the Hessian Penalty as its authors train with it (arXiv:2008.10599 and their code): per
    layer the largest, over activations and samples, of the variance over probes of the second difference
    ``[f(z + εv) − 2 f(z) + f(z − εv)] / ε²``; 2k passes for k probes. ``jacobian`` is OroJaR's
    (arXiv:2108.07668): per layer the variance over probes of ``‖Jv‖²``; k + 1 passes. Its values, and so
    its λ, are on a scale of their own.

    The passes are deterministic and leave the network as it was: see
    :func:`~biggan_directions.training.fixed_passes.fixed_passes`. They are computed in full precision.
    Gradients flow to the network's parameters. The probes depend on the seed and the step alone, so that a
    run that is resumed has the same ones.

    Args:
        f: the generator: an ``nn.Module``, or any function that returns a tensor ``(N, ...)`` or a list of
            them, one per layer. A function must be deterministic, and treat the samples of a batch
            independently, by itself.
        layers: names of modules of ``f`` whose outputs are penalised, as ``f.named_modules()`` has them. The
            authors take the activations after their normalisation, of the layers up to 64 pixels. By default
            what ``f`` returns.
        weight: λ. It means nothing across networks: compare the penalty with the adversarial loss first. The
            authors have 0.1, and 0.025 on data with one factor.
        ramp_steps: steps over which λ_t rises from 0 to λ, in a straight line. When a trained generator is
            fine-tuned, the authors call a ramp critical.
        kind: ``hessian`` or ``jacobian``.
        reduction: of ``hessian``: ``max`` or ``mean`` over activations and samples.
        biased: of ``hessian``: divide the variance by k, as the authors do while training, and not by k − 1.
        probes: k, at least 2.
        epsilon: ε, in units of z.
        seed: of the probes.

    Raises:
        UsageError: a value is out of range, ``f`` has no layer of a name, or layers are named and ``f`` is no
            module.

    The second derivative of z₀z₁ across its coordinates is 1, of z₀ + z₁ it is 0:

    >>> penalty = GeneratorPenalty(lambda z: z[:, :1] * z[:, 1:], weight=0.5, ramp_steps=10)
    >>> penalty.weight_at(4)
    0.2
    >>> z = torch.randn(64, 2, dtype=torch.float64)
    >>> penalty(z, step=10).item() > 0.4, penalty(z, step=0).item()
    (True, 0.0)
    >>> GeneratorPenalty(lambda z: z.sum(1))(z, step=1).item() < 1e-12
    True
    """

    def __init__(
        self,
        f: Callable[..., Tensor | Sequence[Tensor]],
        *,
        layers: Sequence[str] | None = None,
        weight: float = 0.1,
        ramp_steps: int = 0,
        kind: Kind = "hessian",
        reduction: Reduction = "max",
        biased: bool = True,
        probes: int = 2,
        epsilon: float = 0.1,
        seed: int = 0,
    ) -> None:
        if kind not in ("hessian", "jacobian"):
            raise UsageError(f"kind is {kind!r}: expected 'hessian' or 'jacobian'")
        if reduction not in ("max", "mean"):
            raise UsageError(f"reduction is {reduction!r}: expected 'max' or 'mean'")
        if not (math.isfinite(weight) and weight >= 0):
            raise UsageError(f"weight is {weight!r}: expected a finite number of 0 or more")
        if ramp_steps < 0:
            raise UsageError(f"ramp_steps is {ramp_steps}: expected 0 or more")
        if probes < 2:
            raise UsageError(f"probes is {probes}: expected at least 2")
        if not (math.isfinite(epsilon) and epsilon > 0):
            raise UsageError(f"epsilon is {epsilon!r}: expected a finite number above 0, such as 0.1")
        self.f, self.weight, self.ramp_steps, self.kind = f, weight, ramp_steps, kind
        self.reduction, self.biased, self.probes, self.epsilon = reduction, biased, probes, epsilon
        self.seed = seed
        self._layers = None if layers is None else _named(f, layers)
        self._checked = False

    def __call__(self, z: Tensor, *conditions: Any, step: int) -> Tensor:
        """The term to add to the generator's loss at a step, a scalar; no pass is made while λ_t is 0.

        Args:
            z: latents ``(N, d)``, float32 or float64; a part of the batch will do.
            conditions: what else the generator takes, such as class indices ``(N,)``.
            step: number of the step, from 0.

        Raises:
            UsageError: a function ``f`` changes between calls or mixes samples; seen at the first call.
        """
        weight = self.weight_at(step)
        if weight == 0:
            return z.new_zeros(())
        return weight * self.measure(z, *conditions, step=step)

    def weight_at(self, step: int) -> float:
        """λ_t."""
        return self.weight if step >= self.ramp_steps else self.weight * step / self.ramp_steps

    def measure(self, z: Tensor, *conditions: Any, step: int = 0) -> Tensor:
        """The penalty without λ_t, summed over layers: to compare with the loss, and to show."""
        with self._passes(z, conditions) as f:
            draws = stream("training/penalty probes", self.seed, step)
            if self.kind == "jacobian":
                found = jacobian_penalty(f, z, probes=self.probes, epsilon=self.epsilon, generator=draws)
                return torch.stack(found).sum()
            total = hessian_penalty(
                f,
                z,
                probes=self.probes,
                epsilon=self.epsilon,
                reduction=self.reduction,
                generator=draws,
                check=not self._checked,
            )
        self._checked = True
        return total * (self.probes - 1) / self.probes if self.biased else total

    @contextmanager
    def _passes(self, z: Tensor, conditions: tuple[Any, ...]) -> Iterator[Callable[[Tensor], list[Tensor]]]:
        """A function of z alone to the list of activations, deterministic inside the block."""
        taken: list[Tensor] = []

        def forward(points: Tensor) -> list[Tensor]:
            # a check asks for the first row alone, which then has the first condition
            rows = [c[: len(points)] if _by_row(c, len(z)) else c for c in conditions]
            taken.clear()
            out = self.f(points, *rows)
            if self._layers is None:
                return [out] if isinstance(out, Tensor) else list(out)
            return list(taken)

        if not isinstance(self.f, nn.Module):
            yield forward
            return
        with fixed_passes(self.f, lambda: forward(z)):
            handles = [
                layer.register_forward_hook(lambda _layer, _inputs, out: taken.append(out))
                for layer in self._layers or ()
            ]
            try:
                yield forward
            finally:
                for handle in handles:
                    handle.remove()


def _by_row(condition: Any, count: int) -> bool:
    return isinstance(condition, Tensor) and condition.ndim > 0 and len(condition) == count


def _named(f: object, layers: Sequence[str]) -> list[nn.Module]:
    """The modules of a network by name."""
    if not isinstance(f, nn.Module):
        raise UsageError("layers are named and f is no nn.Module: let f return the list of activations")
    if not layers:
        raise UsageError("layers is empty: name at least one, or leave it out for the output")
    modules = dict(f.named_modules())
    for name in layers:
        if name not in modules:
            near = difflib.get_close_matches(name, modules, n=1, cutoff=0) or [""]
            raise UsageError(
                f"the generator has no layer {name!r}; did you mean {near[0]!r}? named_modules() lists them"
            )
    return [modules[name] for name in layers]
