"""Moves at some of a generator's layers only: which layers, and the latent that each layer meets."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch

from biggan_directions.errors import UsageError
from biggan_directions.files.escaping import printable
from biggan_directions.generators.capabilities import Layered

EVERY = "all"
"""What names all layers, of any generator: the ordinary move of z."""

PARTS = ("coarse", "mid", "fine")
"""Names of the thirds of the layers, from z to the image."""


@dataclass(frozen=True, kw_only=True)
class ChosenLayers:
    """Some of a generator's layers: these meet the moved latent, and the others the latent itself.

    Attributes:
        indices: of the chosen layers, in order, each once.
        count: how many layers the generator has.
    """

    indices: tuple[int, ...]
    count: int

    def latents(self, z: torch.Tensor, moved: torch.Tensor) -> torch.Tensor:
        """The latent of each layer: ``z_l = moved`` at the chosen layers, and ``z_l = z`` at the others.

        Args:
            z: latents ``(…, z_dim)``, which are expanded to the shape of ``moved``.
            moved: the same after a move, or after several.

        Returns:
            ``(…, L, z_dim)``, for :meth:`~biggan_directions.generators.capabilities.Layered.from_layers`.

        >>> chosen, z = ChosenLayers(indices=(1,), count=3), torch.zeros(1, 2)
        >>> chosen.latents(z, z + 1).tolist()
        [[[0.0, 0.0], [1.0, 1.0], [0.0, 0.0]]]
        """
        z = z.expand_as(moved)
        return torch.stack([moved if at in self.indices else z for at in range(self.count)], dim=-2)


def layers_of(generator: object, text: str) -> ChosenLayers | None:
    """The layers of a generator that a text names.

    Args:
        generator: whose layers they are.
        text: numbers and ranges, such as ``0-3`` or ``0,2,5``; ``coarse``, ``mid`` or ``fine``, which are
            thirds of the layers (:func:`part_of`); or ``all``.

    Returns:
        The layers; None for all of them, however they are named: the ordinary move, of any generator.

    Raises:
        UsageError: the text names no layers, or layers that the generator does not have, or the generator
            cannot be given a z for each layer.
    """
    if text.strip() == EVERY:
        return None
    model = printable(str(getattr(generator, "model", type(generator).__name__)))
    if not isinstance(generator, Layered):
        raise UsageError(
            f"{model} cannot be moved at some layers only, since its layers cannot be given a z of their own "
            "(it has no layer_names and from_layers): leave out --layers"
        )
    names = generator.layer_names
    chosen: set[int] = set()
    for part in text.split(","):
        chosen.update(_named(part.strip(), text, model, names))
    return (
        None if len(chosen) == len(names) else ChosenLayers(indices=tuple(sorted(chosen)), count=len(names))
    )


def part_of(name: str, count: int) -> range:
    """The layers of a third of ``count`` layers: up to ⌊count/3⌋, from there to ⌊2·count/3⌋, and the rest.

    >>> [list(part_of(name, 8)) for name in PARTS]
    [[0, 1], [2, 3, 4], [5, 6, 7]]
    """
    third = PARTS.index(name)
    return range(third * count // len(PARTS), (third + 1) * count // len(PARTS))


def layers_text(indices: Sequence[int]) -> str:
    """Layers as a user types them.

    >>> layers_text([0, 1, 2, 5, 7, 8])
    '0-2,5,7-8'
    """
    runs: list[list[int]] = []
    for index in indices:
        if runs and index == runs[-1][-1] + 1:
            runs[-1].append(index)
        else:
            runs.append([index])
    return ",".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)


def draw_latents(
    generator: Callable[[torch.Tensor, torch.Tensor | None], torch.Tensor],
    z: torch.Tensor,
    class_index: torch.Tensor | None = None,
) -> torch.Tensor:
    """Images of ``z (N, z_dim)`` or, where each layer has a z of its own, of ``z (N, L, z_dim)``."""
    if z.ndim == 2:
        return generator(z, class_index)
    assert isinstance(generator, Layered)
    return generator.from_layers(z, class_index)


def _named(part: str, text: str, model: str, names: Sequence[str]) -> Sequence[int]:
    """The layers that one part of a text names."""
    count = len(names)
    if part in PARTS:
        if count < len(PARTS):
            raise UsageError(f"{model} has {_listed(names)}: too few for {part}; name them by number")
        return part_of(part, count)
    found = re.fullmatch(r"([0-9]{1,6})(?:-([0-9]{1,6}))?", part, flags=re.ASCII)
    if not found:
        raise UsageError(
            f"layers are numbers and ranges, such as 0-3 or 0,2,5, or {', '.join(PARTS)} or {EVERY}, got "
            f"'{printable(text)}'"
        )
    first, last = int(found[1]), int(found[2] or found[1])
    if last < first:
        raise UsageError(f"layers {part} are none: the first number must not be above the last")
    if last >= count:
        raise UsageError(f"there is no layer {max(first, count)}: {model} has {_listed(names)}")
    return range(first, last + 1)


def _listed(names: Sequence[str]) -> str:
    """How many layers there are, and what each is."""
    each = ", ".join(f"{index} {printable(name)}" for index, name in enumerate(names))
    return f"{len(names)} layers ({each})"
