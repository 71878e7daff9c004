"""The session of the live page: one set of directions on one model, with a few generators in memory."""

from __future__ import annotations

import io
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from biggan_directions.errors import UsageError
from biggan_directions.explore.painter import Superseded
from biggan_directions.explore.request import ImageRequest
from biggan_directions.explore.schema import DirectionInfo, SessionInfo
from biggan_directions.files.escaping import printable, shell_path, shell_word
from biggan_directions.latents import sample_latents
from biggan_directions.measured import measured
from biggan_directions.rendering.images import draw
from biggan_directions.traversal import apply_moves, default_distance

if TYPE_CHECKING:
    from biggan_directions.directions import Directions
    from biggan_directions.generators import Generator
    from biggan_directions.generators.classes.class_table import ClassTable
    from biggan_directions.rendering.images import ImageArray

_KEPT_WARM = 3  # generators in memory: each holds a model's weights, about 200 MB for BigGAN-deep
_SMALL = 64  # pixels up to which eight images are drawn at once without a visible delay of the slider


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
    ) -> None:
        if found.z_dim != first.z_dim:
            raise UsageError(
                f"{path} has directions in {found.z_dim} dimensions, but {first.model} has {first.z_dim}: "
                "choose the model on which they were learnt."
            )
        self._found, self._load, self._path, self._options = found, load, path, tuple(options)
        self._table, self._first = table, first
        self._warm: OrderedDict[tuple[str, float], Generator] = OrderedDict()
        self._keep(first.classes[0].name, first.truncation, first)

    def describe(self) -> SessionInfo:
        """The data from which the page is built; the measures are those that every command shows."""
        first, shown = self._first, measured(self._found, Path(self._path))
        return SessionInfo(
            file=printable(self._path),
            model=printable(first.model),
            resolution=first.resolution,
            class_name=first.classes[0].name,
            classes=[self._table.image_class(entry.index).name for entry in self._table],
            truncation=first.truncation,
            directions=[
                self._described(index, name, effect.value, penalty.value)
                for index, (name, effect, penalty) in enumerate(
                    zip(self._found.names, shown.effect, shown.penalty, strict=True)
                )
            ],
        )

    def answer(self, asked: ImageRequest, stale: Callable[[], bool] = lambda: False) -> Answer:
        """Draw the requested images, and give the command that makes them.

        Raises:
            Superseded: ``stale`` returned True between two batches.
            UsageError: the class or a direction does not exist.
            GeneratorError: images are not finite.
        """
        generator = self._generator(asked.class_name, asked.truncation)
        z = sample_latents(
            max(asked.samples) + 1,
            generator.z_dim,
            truncation=generator.truncation,
            seed=asked.seed,
            purpose="rendering",
        )[list(asked.samples)]
        moved = apply_moves(z, self._found.directions, asked.moves).to(generator.device)
        several = generator.resolution <= _SMALL or generator.device.type != "cpu"
        begun = time.perf_counter()
        images: list[bytes] = []
        for image in draw(generator, moved, batch_size=8 if several else 1):
            images.append(png(image))
            # a complete answer is sent even if stale: a slider in permanent motion would otherwise show none
            if not several and len(images) < len(moved) and stale():
                raise Superseded
        return Answer(
            images=tuple(images),
            class_name=generator.classes[0].name,
            truncation=generator.truncation,
            command=self.command(asked, generator),
            seconds=time.perf_counter() - begun,
        )

    def command(self, asked: ImageRequest, generator: Generator) -> str:
        """The command that makes the same images, quoted for a shell."""
        words = [*self._options, "--class", generator.classes[0].name]
        if generator.truncation != self._found.truncation:
            words += ["--truncation", f"{generator.truncation:g}"]
        words += ["--seed", str(asked.seed), "--samples", str(max(asked.samples) + 1)]
        for index, distance in sorted(asked.moves.items()):
            if distance:
                words += ["--move", f"{index}={distance:g}"]
        options = " ".join(map(shell_word, [*words, "--out", "picture.png"]))
        return f"biggan-directions edit {shell_path(self._path)} {options}"

    def _described(self, index: int, name: str, effect: float | None, penalty: float | None) -> DirectionInfo:
        reach, reason = default_distance(float(self._found.effect[index]))
        return DirectionInfo(
            index=index,
            name=printable(name),
            effect=effect,
            penalty=penalty,
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


def png(image: ImageArray) -> bytes:
    """An image (H, W, 3) as PNG with fast compression: 0.2 ms at 64 pixels, and lossless."""
    content = io.BytesIO()
    Image.fromarray(image).save(content, "PNG", compress_level=1)
    return content.getvalue()
