"""What is drawn: directions, and the samples that move along them."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import torch

from biggan_directions.errors import UsageError
from biggan_directions.generators.chosen_layers import ChosenLayers
from biggan_directions.rendering.gallery import Account
from biggan_directions.rendering.settings import RenderSettings
from biggan_directions.traversal import (
    Extent,
    Projection,
    apply_moves,
    check_directions,
    check_indices,
    latents_along,
)


@dataclass(frozen=True, kw_only=True, eq=False)
class RenderRequest:
    """Directions, the samples that move along them, and what is written beside the images.

    Args:
        directions: (ndirs, z_dim), rows of norm 1.
        z: (N, z_dim), a latent for each sample, on the generator's device.
        class_index: (N,), each sample's class; left out: the generator's first.
        indices: which directions are shown, in this order; left out: all.
        names: one a direction; left out: no names.
        effects: RMS change of the image per unit of z, one a direction; left out: unknown. They decide how
            far the samples move.
        distances: how far the file says to move along each direction, in units of z, one a direction; NaN, or
            left out: the effects decide.
        printed: the effects that the sheet prints, where they were measured again since; left out: the same.
        stability: what the sheet prints of each direction's stability; left out: nothing.
        layers: the layers at which a direction acts, by its index; where left out, all. Where there are any,
            latents have one for each layer, (N, L, z_dim).
        title: a line at the top of the contact sheet.
        account: what the page says beside the images; left out: there is no page.

    Raises:
        UsageError: shapes, lengths or indices that do not fit.

    >>> request = RenderRequest(directions=torch.eye(3), z=torch.zeros(1, 3), effects=[0.1, 0.2, 0.4])
    >>> [extent.distance for extent in request.extents(RenderSettings()).values()]
    [4.0, 2.0, 1.0]
    """

    directions: torch.Tensor
    z: torch.Tensor
    class_index: torch.Tensor | None = None
    indices: Sequence[int] | None = None
    names: Sequence[str] = ()
    effects: Sequence[float] = ()
    distances: Sequence[float] = ()
    printed: Sequence[float] = ()
    stability: Sequence[str] = ()
    layers: Mapping[int, ChosenLayers] = field(default_factory=dict)
    title: str = ""
    account: Account | None = None

    def __post_init__(self) -> None:
        check_directions(self.directions, self.z.shape[-1])
        count = len(self.directions)
        check_indices(self.shown, count)
        if not self.shown:
            raise UsageError("There are no directions to show: expected one index or more.")
        of_each: dict[str, Sequence[object]] = {
            "names": self.names,
            "stability figures": self.stability,
            "distances": self.distances,
        }
        for what, values in (*of_each.items(), ("effects", self.effects), ("effects", self.printed)):
            if len(values) not in (0, count):
                raise UsageError(f"There are {len(values)} {what}: expected {count}, one a direction.")

    @property
    def shown(self) -> tuple[int, ...]:
        """The indices of the directions that are shown, each once."""
        return tuple(range(len(self.directions)) if self.indices is None else dict.fromkeys(self.indices))

    @property
    def part(self) -> bool:
        """Whether some of the directions are not shown."""
        return len(self.shown) < len(self.directions)

    def name(self, index: int) -> str:
        """The name of a direction, "" where it has none."""
        return self.names[index] if len(self.names) else ""

    def effect(self, index: int) -> float:
        """The effect of a direction, NaN where it is unknown."""
        return self.effects[index] if len(self.effects) else math.nan

    def distance(self, index: int) -> float:
        """How far the file says to move along a direction, NaN where it says nothing."""
        return self.distances[index] if len(self.distances) else math.nan

    def printed_effect(self, index: int) -> float:
        """The effect of a direction as the sheet prints it, NaN where it is unknown."""
        return self.printed[index] if len(self.printed) else self.effect(index)

    def stability_words(self, index: int) -> str:
        """The stability of a direction as the sheet prints it, "" where nothing is known."""
        return self.stability[index] if len(self.stability) else ""

    def extents(self, settings: RenderSettings) -> dict[int, Extent]:
        """How far the samples move along each direction that is shown, by the direction's index."""
        return {index: settings.extent(self.effect(index), self.distance(index)) for index in self.shown}

    def along(self, index: int, distances: torch.Tensor, *, projection: Projection) -> torch.Tensor:
        """The samples at each of ``distances (P,)`` along a direction, at its layers: ``(P, N, …, z_dim)``.

        See :func:`~biggan_directions.traversal.latents_along`.
        """
        moved = latents_along(self.z, self.directions[index], distances, projection=projection)
        return self._layers_of(index).latents(self.z, moved) if self.layers else moved

    def moved(self, moves: Mapping[int, float]) -> torch.Tensor:
        """The samples moved along several directions at once, each at its own layers: ``(N, …, z_dim)``.

        See :func:`~biggan_directions.traversal.apply_moves`: at a layer, with the moves that act there.
        """
        if not self.layers:
            return apply_moves(self.z, self.directions, moves)
        check_indices(moves, len(self.directions))
        each = [
            {index: by for index, by in moves.items() if layer in self._layers_of(index).indices}
            for layer in range(self._depth)
        ]
        return torch.stack([apply_moves(self.z, self.directions, moved) for moved in each], dim=1)

    @property
    def _depth(self) -> int:
        return next(iter(self.layers.values())).count

    def _layers_of(self, index: int) -> ChosenLayers:
        every = ChosenLayers(indices=tuple(range(self._depth)), count=self._depth)
        return self.layers.get(index, every)
