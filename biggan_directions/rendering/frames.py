"""Frames of a traversal: which pictures it needs, each drawn once, and the order in which they are shown."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence

import torch
from PIL import Image

from biggan_directions.rendering.images import Generate, ImageArray, draw
from biggan_directions.rendering.labels import signed
from biggan_directions.rendering.settings import RenderSettings
from biggan_directions.rendering.stage import Block, Stage
from biggan_directions.traversal import (
    Path,
    apply_moves,
    check_directions,
    check_indices,
    latents_along,
    loop_path,
    there_and_back_path,
)


def render_direction(
    generate: Generate,
    directions: torch.Tensor,
    index: int,
    z: torch.Tensor,
    *,
    settings: RenderSettings,
    name: str = "",
    effect: float = math.nan,
    class_index: torch.Tensor | None = None,
    base: Sequence[ImageArray] | None = None,
) -> Iterator[Image.Image]:
    """Yield the frames of one loop along direction ``index``: all samples side by side, as they are drawn.

    ``directions`` is (ndirs, z_dim) with rows of norm 1, ``z`` (samples, z_dim), ``class_index`` (samples,)
    the classes, ``base`` the pictures of ``z`` itself where they have been drawn already. A frame that comes
    again is the same object, so that an encoder can keep what it made of it.
    """
    return render_grid(
        generate,
        directions,
        z,
        settings=settings,
        names={index: name},
        effects={index: effect},
        indices=(index,),
        class_index=class_index,
        base=base,
    )


def render_grid(
    generate: Generate,
    directions: torch.Tensor,
    z: torch.Tensor,
    *,
    settings: RenderSettings,
    names: Mapping[int, str] | Sequence[str],
    effects: Mapping[int, float] | Sequence[float],
    indices: Sequence[int],
    class_index: torch.Tensor | None = None,
    base: Sequence[ImageArray] | None = None,
) -> Iterator[Image.Image]:
    """Yield the frames of one loop in which all ``indices`` move in step, each by its own distance.

    Arguments as for ``render_direction``; ``names`` and ``effects`` are looked up by a direction's index.
    """
    path = loop_path(settings.frames)
    distances = {index: settings.extent(effects[index]).distance for index in indices}
    images = images_along(
        generate,
        directions,
        z,
        distances,
        path.fractions,
        settings=settings,
        class_index=class_index,
        base=base,
    )
    blocks = [Block(str(index), names[index], distances[index]) for index in indices]
    return show(images, path, blocks, settings=settings)


def render_edit(
    generate: Generate,
    directions: torch.Tensor,
    z: torch.Tensor,
    moves: Mapping[int, float],
    *,
    settings: RenderSettings,
    names: Mapping[int, str] | Sequence[str] = (),
    class_index: torch.Tensor | None = None,
) -> Iterator[Image.Image]:
    """Yield the frames of a loop from z to z moved along several directions, and back.

    ``moves`` gives for the index of a direction the distance in units of z.
    """
    path = there_and_back_path(settings.frames)
    there = apply_moves(z, directions, moves)
    share = torch.tensor(path.fractions, dtype=z.dtype, device=z.device)[:, None, None]
    images = _grouped(generate, z + share * (there - z), class_index, settings.batch_size)
    return show(images, path, [_block_of_moves(moves, names)], settings=settings)


def render_still(
    generate: Generate, z: torch.Tensor, *, settings: RenderSettings, class_index: torch.Tensor | None = None
) -> Image.Image:
    """The pictures of z (N, z_dim) side by side, without labels, enlarged by ``settings.scale`` alone.

    One z gives its picture and nothing else: what ``edit`` saves.
    """
    images = list(draw(generate, z, class_index, batch_size=settings.batch_size))
    height, width = images[0].shape[:2]
    stage = Stage([Block("", "", None)], len(images), height, width, scale=settings.scale or 1, labels=False)
    return stage.frame(images, 1.0)


def images_along(
    generate: Generate,
    directions: torch.Tensor,
    z: torch.Tensor,
    distances: Mapping[int, float],
    fractions: Sequence[float],
    *,
    settings: RenderSettings,
    class_index: torch.Tensor | None = None,
    base: Sequence[ImageArray] | None = None,
) -> Iterator[list[ImageArray]]:
    """Yield at each of ``fractions`` the pictures of every direction in ``distances``: of each, all samples.

    Where the projection is kept, fraction 0 is ``z`` itself under every direction: drawn once, or not at all
    where ``base`` gives its pictures.
    """
    check_directions(directions, z.shape[1])
    check_indices(distances, len(directions))
    ways = [
        latents_along(
            z,
            directions[index],
            torch.tensor([fraction * distance for fraction in fractions]),
            projection=settings.projection,
        )
        for index, distance in distances.items()
    ]
    shared = settings.projection == "keep" and 0.0 in fractions
    if shared and base is None:
        base = list(draw(generate, z, class_index, batch_size=settings.batch_size))
    drawn = [place for place, fraction in enumerate(fractions) if not (shared and fraction == 0)]
    rest = _grouped(
        generate,
        torch.cat(ways, 1)[drawn],
        None if class_index is None else class_index.repeat(len(ways)),
        settings.batch_size,
    )
    for place in range(len(fractions)):
        if place in drawn:
            yield next(rest)
        else:
            assert base is not None
            yield [*base] * len(ways)


def show(
    images: Iterable[list[ImageArray]], path: Path, blocks: list[Block], *, settings: RenderSettings
) -> Iterator[Image.Image]:
    """Yield the frames along ``path``; ``pictures`` come in the order of its fractions, taken as needed."""
    source, made = iter(images), list[Image.Image]()
    stage: Stage | None = None
    for index in path.order:
        while len(made) <= index:
            current = next(source)
            if stage is None:
                height, width = current[0].shape[:2]
                scale = settings.scale_for(min(height, width), len(current))
                samples = len(current) // len(blocks)
                stage = Stage(blocks, samples, height, width, scale=scale, labels=settings.labels)
            made.append(stage.frame(current, path.fractions[len(made)]))
        yield made[index]


def _grouped(
    generate: Generate, latents: torch.Tensor, class_index: torch.Tensor | None, batch_size: int
) -> Iterator[list[ImageArray]]:
    """Draw latents (P, M, z_dim) in full batches and yield them position by position, M pictures each."""
    positions, count, z_dim = latents.shape
    classes = None if class_index is None else class_index.repeat(positions)
    stream = draw(generate, latents.reshape(-1, z_dim), classes, batch_size=batch_size)
    for _ in range(positions):
        yield [next(stream) for _ in range(count)]


def _block_of_moves(moves: Mapping[int, float], names: Mapping[int, str] | Sequence[str]) -> Block:
    known = names if isinstance(names, Mapping) else dict(enumerate(names))
    words = [f"{known.get(index) or f'direction {index}'} {signed(by)}" for index, by in moves.items()]
    return Block("", ", ".join(words), None)
