"""One training run in memory: both networks, the average of the weights, the optimizers, the step."""

from __future__ import annotations

from dataclasses import asdict, astuple, dataclass
from typing import Any

import torch
from torch import Tensor

from biggan_directions.distributed.process_group import ALONE, ProcessGroup
from biggan_directions.errors import FileFormatError
from biggan_directions.latents import stream
from biggan_directions.solvers.state_checks import check_like
from biggan_directions.training.augmentation import augmented
from biggan_directions.training.beginning import Beginning
from biggan_directions.training.discriminator import Discriminator
from biggan_directions.training.image_set import ImageSet
from biggan_directions.training.losses import discriminator_loss, generator_loss, gradient_penalty
from biggan_directions.training.moments import check_moments
from biggan_directions.training.new_networks import new_generator, place
from biggan_directions.training.regulariser import Regulariser, RegulariserSettings
from biggan_directions.training.settings import TrainSettings
from biggan_directions.training.spectral import iterate
from biggan_directions.training.trainable import Plan, TrainableBigGAN

_SMOOTHING = 0.98  # of the measures that are shown: about the last fifty steps
_MEASURES = 5
_HISTORY_EVERY = 100  # steps
_WARM_UP = 500  # steps


@dataclass(frozen=True, kw_only=True)
class Measures:
    """What is watched, smoothed over about fifty steps.

    Attributes:
        discriminator_loss, generator_loss: the two losses.
        told_apart: the share of pairs in which the discriminator scores the real image higher.
        variety: spread within a class of generated images, as a share of that of real ones.
    """

    discriminator_loss: float
    generator_loss: float
    told_apart: float
    variety: float


class Trainer:
    """Trains a generator on a set of images, step by step.

    Everything random is derived from the seed and the step. A step's batch is cut into micro-batches, each
    with batch normalisation of its own, which processes share; their gradients are added in float64 in the
    order of the micro-batches. So the result depends neither on stops nor on the number of processes.

    ``history`` has a row for every hundred steps: the step, and its measures in the order of
    :class:`Measures`.

    Args:
        settings: how to train.
        images: what to train on.
        group: the processes that share the work.
        device: where to compute.
        penalty: how the generator is penalised; None for not at all.
        beginning: networks to begin with; random ones where left out. Where there is no discriminator among
            them, the generator's learning rate rises from 0 over the first steps.

    Raises:
        UsageError: images or penalty do not fit the network.
    """

    def __init__(
        self,
        settings: TrainSettings,
        images: ImageSet,
        *,
        group: ProcessGroup = ALONE,
        device: torch.device | None = None,
        penalty: RegulariserSettings | None = None,
        beginning: Beginning | None = None,
    ) -> None:
        self.settings, self.images, self.group = settings, images, group
        self.device = torch.device("cpu") if device is None else device
        self.step = 0
        self.beginning = beginning
        if beginning is not None:
            beginning.check_images(images.names, images.channels)
        self.generator = new_generator(
            settings, images, stream("training/generator", settings.seed), plan=self._plan
        )
        self.discriminator = Discriminator(
            resolution=settings.resolution,
            classes=len(images.names),
            width=settings.discriminator_width,
            channels=images.channels,
            generator=stream("training/discriminator", settings.seed),
        )
        iterate(self.generator, 10)
        for network in (self.generator, self.discriminator):
            place(network, self.device)
        if beginning is not None:
            beginning.fill(self.generator)
            beginning.fill_discriminator(self.discriminator)
        self.average = {name: p.detach().clone() for name, p in self.generator.named_parameters()}
        self._parameters = (list(self.generator.parameters()), list(self.discriminator.parameters()))
        rates = (settings.generator_rate, settings.discriminator_rate)
        self._optimizers = [
            torch.optim.Adam(parameters, lr=rate, betas=(0.0, 0.99), fused=True)
            for parameters, rate in zip(self._parameters, rates, strict=True)
        ]
        self.regulariser = (
            None if penalty is None else Regulariser(penalty, self.generator, seed=settings.seed)
        )
        self.history: list[list[float]] = []
        self._smoothed: Tensor | None = None

    def advance(self) -> Measures:
        """Make one step.

        Raises:
            ProcessGroupError: another process has ended.
        """
        iterate(self.generator)
        total: Tensor | None = None
        for part in self.group.share(range(self.settings.units), self._unit):
            total = part.double() if total is None else total + part.double()
        assert total is not None
        mean = total / self.settings.units
        if self.regulariser is not None:
            self.regulariser.update(mean[-self.regulariser.extra :])
            mean = mean[: -self.regulariser.extra]
        self._update(mean[:-_MEASURES].float().to(self.device))
        self.step += 1
        self._update_average()
        seen = mean[-_MEASURES:]
        self._smoothed = (
            seen if self._smoothed is None else _SMOOTHING * self._smoothed + (1 - _SMOOTHING) * seen
        )
        if self.step % _HISTORY_EVERY == 0:
            self.history.append([self.step, *astuple(self.measures)])
            if self.regulariser is not None:
                self.regulariser.remember(self.step)
        return self.measures

    @property
    def measures(self) -> Measures:
        """What is watched; there must have been a step."""
        assert self._smoothed is not None
        values = self._smoothed.tolist()
        return Measures(
            discriminator_loss=values[0],
            generator_loss=values[1],
            told_apart=values[2],
            variety=values[3] / max(values[4], 1e-12),
        )

    def averaged(self) -> TrainableBigGAN:
        """A generator with the averaged weights and converged spectral norms."""
        random = torch.Generator().manual_seed(0)
        network = new_generator(self.settings, self.images, random, plan=self._plan)
        network.load_state_dict({**self.generator.state_dict(), **self.average})
        place(network, self.device)
        if self.beginning is not None:
            self.beginning.fix(network)
        iterate(network, 50)
        return network.requires_grad_(False)

    @property
    def _plan(self) -> Plan | None:
        return None if self.beginning is None else self.beginning.plan

    def state(self) -> dict[str, Any]:
        """Everything that a later step depends on, apart from the images; the tensors are this run's own."""
        return {
            "settings": asdict(self.settings),
            "step": self.step,
            "generator": dict(self.generator.state_dict()),
            "discriminator": dict(self.discriminator.state_dict()),
            "average": dict(self.average),
            "optimizers": [optimizer.state_dict() for optimizer in self._optimizers],
            "smoothed": self._smoothed,
            "history": list(self.history),
            **({} if self.regulariser is None else {"regulariser": self.regulariser.state()}),
        }

    def load(self, state: dict[str, Any]) -> None:
        """Continue from a state.

        Raises:
            FileFormatError: it is not the state of a run with these settings.
        """
        like = self.state()
        try:
            for part in ("average", "generator", "discriminator"):
                check_like(state[part], like[part], part)
            for index, (optimizer, saved) in enumerate(
                zip(self._optimizers, state["optimizers"], strict=True)
            ):
                check_moments(optimizer, saved, f"optimizers[{index}]")
            self.generator.load_state_dict(state["generator"])
            self.discriminator.load_state_dict(state["discriminator"])
            for name, tensor in self.average.items():
                tensor.copy_(state["average"][name])
            for optimizer, saved in zip(self._optimizers, state["optimizers"], strict=True):
                optimizer.load_state_dict(saved)
            self.step, self._smoothed = int(state["step"]), state["smoothed"]
            self.history = [list(row) for row in state["history"]]
            if self.regulariser is not None:
                self.regulariser.load(state["regulariser"])
        except (KeyError, IndexError, AttributeError, TypeError, ValueError, RuntimeError) as error:
            raise FileFormatError(
                f"it is not the state of such a run: {str(error).splitlines()[0]}"
            ) from error

    def _unit(self, unit: int) -> Tensor:
        """Gradients of both networks at one micro-batch, in one row, followed by what is watched."""
        s = self.settings
        place = self.step * s.units + unit
        real, class_index = self.images.batch(
            self.images.rows(place * s.micro_batch, s.micro_batch, seed=s.seed)
        )
        z = torch.randn(s.micro_batch, s.z_dim, generator=stream("training/latents", s.seed, place))
        real, class_index, z = (tensor.to(self.device) for tensor in (real, class_index, z))
        both = class_index.repeat(2)
        precision = torch.autocast(self.device.type, torch.bfloat16, enabled=s.autocast)
        with precision:
            drawn = self.generator(z, class_index)
            shown = torch.cat([real, drawn])
            if s.augment:
                shown = augmented(shown, stream("training/augmentation", s.seed, place))
            shown = shown.contiguous(memory_format=torch.channels_last)
            on_real, on_drawn = self.discriminator(shown, both).chunk(2)
            losses = (generator_loss(on_real, on_drawn), discriminator_loss(on_real, on_drawn))
        of_generator = torch.autograd.grad(losses[0], self._parameters[0], retain_graph=True)
        of_discriminator = torch.autograd.grad(losses[1], self._parameters[1])
        if self.step % s.penalty_every == 0:
            # the mean over both halves is half of R1 + R2; rarely, but with more weight
            with precision:
                penalty = 2 * s.penalty * s.penalty_every * gradient_penalty(self.discriminator, shown, both)
            of_penalty = torch.autograd.grad(penalty, self._parameters[1], materialize_grads=True)
            torch._foreach_add_(of_discriminator, of_penalty)
        of_regulariser = (
            []
            if self.regulariser is None
            else self.regulariser.add(of_generator, z, class_index, place=place, step=self.step)
        )
        with torch.no_grad():
            watched = [
                losses[1],
                losses[0],
                (on_real > on_drawn).float().mean(),
                _variety(drawn, class_index),
                _variety(real, class_index),
                *of_regulariser,
            ]
            parts = [gradient.float().flatten() for gradient in (*of_generator, *of_discriminator)]
            return torch.cat([*parts, torch.stack([value.float() for value in watched])]).cpu()

    def _update(self, row: Tensor) -> None:
        """One step of Adam in both networks; the rates fall to zero over the last steps."""
        s = self.settings
        share = min(1.0, (s.steps - self.step) / max(1.0, s.decay * s.steps))
        rates = (s.generator_rate * self._warmth, s.discriminator_rate)
        start = 0
        for parameters, optimizer, rate in zip(self._parameters, self._optimizers, rates, strict=True):
            for parameter in parameters:
                piece = row[start : start + parameter.numel()]
                # strides as the parameter's own, which fused Adam requires
                parameter.grad = torch.empty_like(parameter).copy_(piece.view(parameter.shape))
                start += parameter.numel()
            for group in optimizer.param_groups:
                group["lr"] = rate * share
            optimizer.step()
            optimizer.zero_grad()

    @property
    def _warmth(self) -> float:
        """Below 1 in the first steps of a trained generator beside a discriminator that is not."""
        if self.beginning is None or self.beginning.discriminator is not None:
            return 1.0
        return min(1.0, self.step / min(_WARM_UP, max(1.0, self.settings.steps / 10)))

    @torch.no_grad()
    def _update_average(self) -> None:
        """Average the weights; the first steps count little, because they are soon far off."""
        weight = max(1 - self.settings.averaging, 1 / (1 + self.step / 10))
        torch._foreach_lerp_(list(self.average.values()), list(self.generator.parameters()), weight)


def _variety(images: Tensor, class_index: Tensor) -> Tensor:
    """Mean squared distance of the images from the mean image of their class."""
    count = torch.bincount(class_index).to(images)
    flat = images.flatten(1)
    sums = torch.zeros(len(count), flat.shape[1], device=flat.device).index_add_(0, class_index, flat)
    return (flat - sums[class_index] / count[class_index, None]).square().mean()
