"""Frames of a traversal: which images it needs, each drawn once, and the order in which they are shown."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import torch
from PIL import Image

from biggan_directions.rendering.frame_layout import FrameLayout, Panel
from biggan_directions.rendering.images import Generate, ImageArray, draw
from biggan_directions.rendering.labels import signed
from biggan_directions.rendering.render_request import RenderRequest
from biggan_directions.rendering.settings import RenderSettings
from biggan_directions.traversal import Path, there_and_back_path


def render_loop(
    generate: Generate,
    request: RenderRequest,
    *,
    settings: RenderSettings,
    base: Sequence[ImageArray] | None = None,
) -> Iterator[Image.Image]:
    """Yield the frames of one loop in which all directions shown move together, each by its own distance.

    Args:
        generate: draws the images.
        request: what is drawn; a frame shows all its samples under each direction.
        settings: how it is drawn.
        base: the images of ``request.z`` itself, where they have been drawn already.

    Yields:
        Frames as they are drawn. A frame that is shown again is the same object, so that an encoder can keep
        what it made of it.
    """
    path = settings.path()
    images = images_along(generate, request, path.fractions, settings=settings, base=base)
    return frames_along(images, path, panels_of(request, settings), settings=settings)


def render_edit(
    generate: Generate, request: RenderRequest, moves: Mapping[int, float], *, settings: RenderSettings
) -> Iterator[Image.Image]:
    """Yield the frames of a loop from the samples to the samples moved along several directions, and back.

    ``moves`` gives for the index of a direction the distance in units of z.
    """
    path, moved = there_and_back_path(settings.frames), request.moved(moves)
    z = request.z if moved.ndim == 2 else request.z[:, None]
    share = torch.tensor(path.fractions, dtype=z.dtype, device=z.device).reshape(-1, *[1] * moved.ndim)
    images = _grouped(generate, z + share * (moved - z), request.class_index, settings.batch_size)
    words = [f"{request.name(index) or f'direction {index}'} {signed(by)}" for index, by in moves.items()]
    return frames_along(images, path, [Panel("", ", ".join(words), None)], settings=settings)


def render_still(
    generate: Generate, z: torch.Tensor, *, settings: RenderSettings, class_index: torch.Tensor | None = None
) -> Image.Image:
    """The images of z (N, …, z_dim) side by side, without labels, enlarged by ``settings.scale`` alone.

    One z gives its image and nothing else: what ``edit`` saves.
    """
    images = list(draw(generate, z, class_index, batch_size=settings.batch_size))
    height, width = images[0].shape[:2]
    panel, scale = Panel("", "", None), settings.scale or 1
    return FrameLayout([panel], len(images), height, width, scale=scale, labels=False).frame(images, 1.0)


def panels_of(request: RenderRequest, settings: RenderSettings) -> list[Panel]:
    """A panel for each direction that is shown."""
    extents = request.extents(settings)
    return [Panel(str(index), request.name(index), extent.distance) for index, extent in extents.items()]


def images_along(
    generate: Generate,
    request: RenderRequest,
    fractions: Sequence[float],
    *,
    settings: RenderSettings,
    base: Sequence[ImageArray] | None = None,
) -> Iterator[list[ImageArray]]:
    """Yield at each of ``fractions`` of the distance the images of every direction: of each, all samples.

    Where the projection is kept, fraction 0 is z itself under every direction: drawn once, or not at all
    where ``base`` gives its images.
    """
    z, class_index = request.z, request.class_index
    ways = [
        request.along(
            index,
            torch.tensor([fraction * extent.distance for fraction in fractions]),
            projection=settings.projection,
        )
        for index, extent in request.extents(settings).items()
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


def frames_along(
    images: Iterable[list[ImageArray]], path: Path, panels: list[Panel], *, settings: RenderSettings
) -> Iterator[Image.Image]:
    """Yield the frames along ``path``; ``images`` come in the order of its fractions, taken as needed."""
    source, made = iter(images), list[Image.Image]()
    layout: FrameLayout | None = None
    for index in path.order:
        while len(made) <= index:
            current = next(source)
            if layout is None:
                height, width = current[0].shape[:2]
                scale = settings.scale_for(min(height, width), len(current))
                samples = len(current) // len(panels)
                layout = FrameLayout(panels, samples, height, width, scale=scale, labels=settings.labels)
            made.append(layout.frame(current, path.fractions[len(made)]))
        yield made[index]


def _grouped(
    generate: Generate, latents: torch.Tensor, class_index: torch.Tensor | None, batch_size: int
) -> Iterator[list[ImageArray]]:
    """Draw latents (P, M, …, z_dim) in full batches and yield them position by position, M images each."""
    positions, count = latents.shape[:2]
    classes = None if class_index is None else class_index.repeat(positions)
    stream = draw(generate, latents.flatten(0, 1), classes, batch_size=batch_size)
    for _ in range(positions):
        yield [next(stream) for _ in range(count)]
