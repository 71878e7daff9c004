"""Draw images for solvers: in micro-batches of a fixed size, counted, and checked for finite values."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

import torch

from biggan_directions.distributed.process_group import ALONE, ProcessGroup
from biggan_directions.errors import GeneratorError, UsageError
from biggan_directions.generators.chosen_layers import ChosenLayers, draw_latents
from biggan_directions.precision import full_precision


class Drawable(Protocol):
    """The part of a generator that every solver needs: images of z, and z's size and device."""

    z_dim: int

    @property
    def device(self) -> torch.device:
        """The device on which z must be."""
        ...

    def __call__(self, z: torch.Tensor, class_index: torch.Tensor | None = None) -> torch.Tensor:
        """Draw ``z (N, z_dim)`` as images ``(N, 3, H, W)`` in [-1, 1]."""
        ...


class Evaluator:
    """Draws images in micro-batches of a fixed size, so that the same call gives the same bytes.

    Args:
        generator: the generator that draws.
        micro_batch: images drawn at once, 1 or more. It is part of a result's settings, because other sizes
            give the same numbers only up to rounding.
        group: the processes that share the work.
        layers: where given, a latent is moved at these layers only: the others meet its base.

    Attributes:
        evaluations: images drawn so far; for shared work, by the whole process group.
        gradients: how many of them were also differentiated.

    Raises:
        UsageError: ``micro_batch`` is below 1.
    """

    def __init__(
        self,
        generator: Drawable,
        micro_batch: int,
        group: ProcessGroup = ALONE,
        layers: ChosenLayers | None = None,
    ) -> None:
        if micro_batch < 1:
            raise UsageError(f"micro-batch must be 1 or more, got {micro_batch}")
        self.generator = generator
        self.micro_batch = micro_batch
        self.group = group
        self.layers = layers
        self.evaluations = 0
        self.gradients = 0

    def shared(self, items: Sequence[int], work: Callable[[int], torch.Tensor]) -> Iterator[torch.Tensor]:
        """Do the work of each item and count its images: see :meth:`ProcessGroup.share`."""

        def counted(item: int) -> torch.Tensor:
            before = self.evaluations, self.gradients
            found = work(item)
            spent = self.evaluations - before[0], self.gradients - before[1]
            self.evaluations, self.gradients = before
            return torch.cat([torch.tensor(spent, dtype=torch.float64), found])

        for counts_and_found in self.group.share(items, counted):
            evaluations, gradients = counts_and_found[:2].long().tolist()
            self.evaluations += evaluations
            self.gradients += gradients
            yield counts_and_found[2:]

    def draw(
        self, z: torch.Tensor, class_index: torch.Tensor | None, base: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Draw one micro-batch, with gradients if ``z`` requires them.

        Args:
            z: latents ``(N, z_dim)``.
            class_index: the class of each ``(N,)``, or None for the first class.
            base: the latents from which ``z`` was moved, ``(N, z_dim)`` or one for all; it matters, and must
                be given, where a move is one at chosen layers.

        Returns:
            images ``(N, channels, H, W)``.

        Raises:
            UsageError: there are chosen layers, and no base.
            GeneratorError: an image is not finite, or there is not one image per latent.
        """
        device = self.generator.device
        if self.layers is not None:
            if base is None:
                raise UsageError(
                    "directions cannot be searched at some layers only by this solver, which does not say "
                    "from which latent it moves: choose another --solver, or leave out --layers"
                )
            z = self.layers.latents(base.to(z), z)
        classes = None if class_index is None else class_index.to(device)
        images = draw_latents(self.generator, z.to(device), classes)
        if images.ndim != 4 or len(images) != len(z):
            raise GeneratorError(
                f"the generator returned shape {tuple(images.shape)} for {len(z)} latents; expected "
                f"({len(z)}, channels, height, width)"
            )
        if not torch.isfinite(images).all():
            raise GeneratorError(
                "the generator drew an image that is not finite (NaN or infinity); its weights are probably "
                "damaged: try another truncation, or download them again"
            )
        self.evaluations += len(z)
        return images

    def images(
        self, z: torch.Tensor, class_index: torch.Tensor | None, base: torch.Tensor | None = None
    ) -> Iterator[tuple[slice, torch.Tensor]]:
        """Draw ``z (N, z_dim)`` without gradients; gives the rows and images of each micro-batch.

        ``base``, as of :meth:`draw`, is ``(N, z_dim)``, or the one latent ``(z_dim,)`` of all ``z``.
        """
        for start in range(0, len(z), self.micro_batch):
            rows = slice(start, min(start + self.micro_batch, len(z)))
            with torch.no_grad(), full_precision():
                images = self.draw(
                    z[rows],
                    None if class_index is None else class_index[rows],
                    base if base is None or base.ndim == 1 else base[rows],
                )
            yield rows, images

    def vector_jacobian_products(
        self,
        z: torch.Tensor,
        class_index: torch.Tensor | None,
        cotangents: Callable[[torch.Size], torch.Tensor],
        base: torch.Tensor | None = None,
    ) -> torch.Tensor | None:
        """Vector-Jacobian products Jᵀu of each image's Jacobian J with a cotangent u.

        J is with respect to a shift that is added to z, at the chosen layers where there are any.

        Args:
            z: one micro-batch of latents ``(N, z_dim)``.
            class_index: the class of each ``(N,)``, or None.
            cotangents: gives ``u`` for the shape of the images.
            base: the latents from which ``z`` was moved, as of :meth:`draw`; ``z`` if omitted.

        Returns:
            float64 ``(N, z_dim)`` on the CPU, or None if the generator's images cannot be differentiated.

        Raises:
            GeneratorError: a gradient is not finite.
        """
        with torch.enable_grad(), full_precision():
            base = (z if base is None else base).detach().to(self.generator.device)
            z = z.detach().to(self.generator.device).clone().requires_grad_()
            images = self.draw(z, class_index, base)
            if not images.requires_grad:
                return None
            cotangent = cotangents(images.shape).to(device=images.device, dtype=images.dtype)
            (gradient,) = torch.autograd.grad(images, z, cotangent, allow_unused=True)
        self.gradients += len(z)
        if gradient is None:
            gradient = torch.zeros_like(z)
        if not torch.isfinite(gradient).all():
            raise GeneratorError(
                "the generator's derivative with respect to z is not finite (NaN or infinity)"
            )
        return gradient.detach().cpu().double()
