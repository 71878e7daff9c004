"""The session of the live page: one set of directions on one model, with a few generators in memory."""

from __future__ import annotations

import io
import math
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from biggan_directions.errors import UsageError
from biggan_directions.explore.painter import Superseded
from biggan_directions.explore.request import ImageRequest
from biggan_directions.explore.schema import DirectionInfo, LayersInfo, SessionInfo
from biggan_directions.files.escaping import printable
from biggan_directions.generators.capabilities import Layered
from biggan_directions.generators.chosen_layers import (
    EVERY,
    PARTS,
    draw_latents,
    layers_of,
    layers_text,
    part_of,
)
from biggan_directions.measured import Measured, measured
from biggan_directions.published.reference import place_of
from biggan_directions.rendering.edit import edit_png
from biggan_directions.rendering.edit_record import EditRecord
from biggan_directions.rendering.images import draw
from biggan_directions.rendering.render_request import RenderRequest
from biggan_directions.rendering.samples import samples_of, still_batch
from biggan_directions.rendering.settings import RenderSettings

if TYPE_CHECKING:
    from biggan_directions.directions import Directions
    from biggan_directions.generators import Generator
    from biggan_directions.generators.classes.class_table import ClassTable
    from biggan_directions.rendering.images import ImageArray

_KEPT_WARM = 3  # generators in memory: each holds a model's weights, about 200 MB for BigGAN-deep


@dataclass(frozen=True, kw_only=True)
class Answer:
    """Images as PNG, one for each requested sample, and the command that makes them.

    ``class_name`` and ``truncation`` are those that were used; ``seconds`` is the time of drawing, without
    loading.
    """

    images: tuple[bytes, ...]
    class_name: str
    truncation: float
    command: str
    seconds: float


class Session:
    """Draws the requested images.

    Args:
        found: the directions.
        load: (class name, truncation) → generator; called for a new class or truncation.
        path: path of the file, for the command that makes an image.
        first: the generator with which the page starts; sets its class and truncation.
        table: the classes that can be chosen.
        options: further options that ``edit`` needs for this file, such as ``--model``.
        sha256: checksum of the file.
        rename: writes new names into the file, by index; gives what it holds then and its checksum. Left out:
            directions cannot be named.

    It is not thread-safe; the :class:`Painter` calls it from one thread.
    """

    def __init__(
        self,
        found: Directions,
        load: Callable[[str, float], Generator],
        *,
        path: str,
        first: Generator,
        table: ClassTable,
        options: Sequence[str] = (),
        sha256: str = "",
        rename: Callable[[dict[int, str]], tuple[Directions, str]] | None = None,
    ) -> None:
        if found.z_dim != first.z_dim:
            raise UsageError(
                f"{path} has directions in {found.z_dim} dimensions, but {first.model} has {first.z_dim}: "
                "choose the model on which they were learnt."
            )
        self._found, self._load, self._path, self._options = found, load, path, tuple(options)
        self._table, self._first = table, first
        self._usual = RenderSettings.of_file(found.rendering)
        self._sha256, self._rename = sha256, rename
        self._warm: OrderedDict[tuple[str, float], Generator] = OrderedDict()
        self._keep(first.classes[0].name, first.truncation, first)

    def describe(self) -> SessionInfo:
        """The data from which the page is built; the measures are those that every command shows."""
        first, found = self._first, self._found
        shown = measured(found, place_of(Path(self._path)), first if found.foreign else None)
        return SessionInfo(
            file=printable(self._path),
            model=printable(first.model),
            resolution=first.resolution,
            class_name=first.classes[0].name,
            classes=[self._table.image_class(entry.index).name for entry in self._table],
            truncation=first.truncation,
            seed=self._usual.seed,
            directions=[self._described(index, name, shown) for index, name in enumerate(self._found.names)],
            layers=_choices(first, found.at_layers),
            at_layers=found.at_layers,
            unnameable=self._unnameable(),
        )

    def answer(self, asked: ImageRequest, stale: Callable[[], bool] = lambda: False) -> Answer:
        """Draw the requested images, and give the command that makes them.

        Raises:
            Superseded: ``stale`` returned True between two batches.
            UsageError: the class or a direction does not exist.
            GeneratorError: images are not finite.
        """
        generator = self._generator(asked.class_name, asked.truncation)
        moved = self._request(asked, generator).moved(asked.moves)
        batch = still_batch(generator)
        begun = time.perf_counter()
        images: list[bytes] = []
        for image in draw(partial(draw_latents, generator), moved, batch_size=batch):
            images.append(png(image))
            # a complete answer is sent even if stale: a slider in permanent motion would otherwise show none
            if batch == 1 and len(images) < len(moved) and stale():
                raise Superseded
        return Answer(
            images=tuple(images),
            class_name=generator.classes[0].name,
            truncation=generator.truncation,
            command=self._record(asked, generator).command(),
            seconds=time.perf_counter() - begun,
        )

    def png(self, asked: ImageRequest, stale: Callable[[], bool] = lambda: False) -> bytes:
        """The PNG that the command of an :class:`Answer` writes: its images side by side, and its record.

        Raises:
            UsageError, GeneratorError: as of :meth:`answer`.
        """
        generator = self._generator(asked.class_name, asked.truncation)
        request = self._request(asked, generator)
        settings = RenderSettings(
            samples=len(asked.samples), seed=asked.seed, batch_size=still_batch(generator)
        )
        record = self._record(asked, generator)
        generate = partial(draw_latents, generator)
        return edit_png(generate, request, record.moves, settings=settings, record=record)

    def rename(self, index: int, name: str) -> list[str]:
        """Write a direction's name into the file, and return all names as the page shows them.

        Raises:
            UsageError: a name or a file that cannot be, in words.
            BigganDirectionsError: the file cannot be read or written.
        """
        if (reason := self._unnameable()) or self._rename is None:
            raise UsageError(f"the direction cannot be named: {reason}.")
        self._found, self._sha256 = self._rename({index: name})
        return [printable(known) for known in self._found.names]

    def _unnameable(self) -> str:
        """Why directions cannot be named, "" where they can."""
        if self._found.foreign:
            return "a bare matrix has no names"
        return "" if self._rename else "names are only shown here"

    def _request(self, asked: ImageRequest, generator: Generator) -> RenderRequest:
        """The samples asked for, and the layers at which directions act."""
        found = self._found
        acting = {
            index: layers_of(generator, asked.layers.get(index, found.at_layers)) for index in asked.moves
        }
        return RenderRequest(
            directions=found.directions,
            z=samples_of(generator, max(asked.samples) + 1, asked.seed, self._usual.latents)[0][
                list(asked.samples)
            ],
            names=found.names,
            layers={index: chosen for index, chosen in acting.items() if chosen is not None},
        )

    def _record(self, asked: ImageRequest, generator: Generator) -> EditRecord:
        """How the images asked for are made."""
        class_name = generator.classes[0].name
        usual = layers_of(generator, self._found.at_layers)
        other = {index: text for index, text in asked.layers.items() if layers_of(generator, text) != usual}
        return EditRecord(
            path=self._path,
            directions_sha256=self._sha256,
            model=generator.model,
            class_names=(class_name,) * len(asked.samples),
            truncation=generator.truncation,
            seed=asked.seed,
            samples=asked.samples,
            moves={index: by for index, by in sorted(asked.moves.items()) if by},
            layers=other,
            names=self._found.names,
            classes_option=(class_name,),
            truncation_option=generator.truncation != self._found.truncation,
            options=self._options,
        )

    def _described(self, index: int, name: str, shown: Measured) -> DirectionInfo:
        known = math.nan if self._found.distance is None else float(self._found.distance[index])
        reach, reason = self._usual.extent(float(self._found.effect[index]), known)
        return DirectionInfo(
            index=index,
            name=printable(name),
            effect=shown.effect[index].value,
            penalty=shown.penalty[index].value,
            stability=None if shown.stability is None else shown.stability[index].value,
            loose=shown.loose([index]),
            linear=shown.linear[index],
            reach=reach,
            reason=reason,
        )

    def _generator(self, wanted: str, truncation: float) -> Generator:
        class_name = self._table.resolve(wanted).name
        generator = self._warm.get((class_name, truncation))
        if generator is None:
            generator = self._load(class_name, truncation)
        # by the stored truncation, which the page requests from then on
        self._keep(class_name, generator.truncation, generator)
        return generator

    def _keep(self, class_name: str, truncation: float, generator: Generator) -> None:
        self._warm[class_name, truncation] = generator
        self._warm.move_to_end((class_name, truncation))
        while len(self._warm) > _KEPT_WARM:
            self._warm.popitem(last=False)


def _choices(generator: Generator, first: str) -> list[LayersInfo]:
    """The layers that the page offers: all, the thirds, each alone, and those with which it begins."""
    if not isinstance(generator, Layered):
        return []
    names = generator.layer_names
    offered = {EVERY: "all layers"}
    if len(names) >= len(PARTS):
        offered |= {part: f"{part}: layers {layers_text(part_of(part, len(names)))}" for part in PARTS}
    offered |= {str(index): f"layer {index}: {printable(name)}" for index, name in enumerate(names)}
    offered.setdefault(first, f"layers {first}")
    return [LayersInfo(value=value, label=label) for value, label in offered.items()]


def png(image: ImageArray) -> bytes:
    """An image (H, W, 3) as PNG with fast compression: 0.2 ms at 64 pixels, and lossless."""
    content = io.BytesIO()
    Image.fromarray(image).save(content, "PNG", compress_level=1)
    return content.getvalue()
