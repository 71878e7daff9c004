"""What the live page explores: one set of directions on one model, with a few generators kept warm."""

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

_KEPT_WARM = 3  # generators: each holds a model's weights, some 200 MB of the real BigGAN's
_SMALL = 64  # pixels: up to here eight pictures are drawn at once, in the time that a slider has


@dataclass(frozen=True, kw_only=True)
class Answer:
    """Pictures as PNG, one for each sample asked for, and how to make them again.

    ``class_name`` and ``truncation`` are those that were drawn; ``seconds`` is what drawing took, without
    loading.
    """

    images: tuple[bytes, ...]
    class_name: str
    truncation: float
    command: str
    seconds: float


class Session:
    """Draws what the page asks for.

    Args:
        found: the directions.
        load: (class name, truncation) → generator; called where a class or a truncation is new.
        path: the file's, for the command that makes a picture again.
        first: what the page begins with; its truncation and class name.
        table: the classes that may be chosen.
        options: further options that ``edit`` needs for this file, such as ``--model``.

    Not for several threads at once: the :class:`Painter` has one.
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
                "choose the model that they are of."
            )
        self._found, self._load, self._path, self._options = found, load, path, tuple(options)
        self._table, self._first = table, first
        self._warm: OrderedDict[tuple[str, float], Generator] = OrderedDict()
        self._keep(first.classes[0].name, first.truncation, first)

    def describe(self) -> SessionInfo:
        """All that the page is built from; the measures as every command shows them."""
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
        """Draw what is asked for, and say how to draw it again.

        Raises:
            Superseded: ``stale`` said so between two batches.
            UsageError: an unknown class, or a direction that there is not.
            GeneratorError: pictures that are not finite.
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
            # one that is done is shown, stale or not: a slider that never rests would otherwise show none
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
        """What to type for the same pictures, quoted for a shell."""
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
        # under the truncation that was stored, which the page asks with from then on
        self._keep(class_name, generator.truncation, generator)
        return generator

    def _keep(self, class_name: str, truncation: float, generator: Generator) -> None:
        self._warm[class_name, truncation] = generator
        self._warm.move_to_end((class_name, truncation))
        while len(self._warm) > _KEPT_WARM:
            self._warm.popitem(last=False)


def png(image: ImageArray) -> bytes:
    """A picture (H, W, 3) as PNG, compressed little: 0.2 ms at 64 pixels, and nothing is lost on the way."""
    content = io.BytesIO()
    Image.fromarray(image).save(content, "PNG", compress_level=1)
    return content.getvalue()
