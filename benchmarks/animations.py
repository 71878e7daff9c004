"""Compare the package's GIF encoder with Pillow's: file size and colour error on the demo's animations.

biggan-directions demo && python -m benchmarks.animations
python -m benchmarks.animations DIRECTIONS.pt       other directions of the toybox
"""

import argparse
import io
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import mean

import imageio.v3 as imageio
import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from benchmarks.support.measure import write
from biggan_directions import Directions, load_generator
from biggan_directions.rendering import RenderRequest, RenderSettings, render_loop
from biggan_directions.rendering.gif import LADDER, encode_gif
from biggan_directions.rendering.samples import samples_of

_DELAY_MS = 50
_BLOCK = 4  # pixels: the eye averages a dither over neighbouring pixels

Frames = list[Image.Image]


def main() -> None:
    """Measure, print a table, write the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", nargs="?", type=Path, default=Path("outputs/demo/directions.pt"))
    animations = _animations(parser.parse_args().path)
    table = {name: _measured(encode, animations) for name, encode in _ENCODERS.items()}
    width, height = animations[0][0].size
    print(f"Means over {len(animations)} animations of {width} × {height} pixels:\n")
    print("| encoder | MB | colour error | of 4 × 4 averages | still pixels that change | seconds |")
    print("|---|---|---|---|---|---|")
    for name, each in table.items():
        size, error, averaged, flicker, seconds = (mean(values) for values in each.values())
        print(f"| {name} | {size / 1e6:.2f} | {error:.2f} | {averaged:.2f} | {flicker:.1%} | {seconds:.1f} |")
    print(f"\nwritten to {write('animations', {'encoders': table}, torch.device('cpu'))}")


def _animations(path: Path) -> list[Frames]:
    """The frames of each direction as ``render`` draws them."""
    found, settings = Directions.load(path), RenderSettings()
    generator = load_generator("toybox", [item.name for item in found.classes])
    z, class_index = samples_of(generator, settings.samples, settings.seed)
    return [
        list(
            render_loop(
                generator,
                RenderRequest(
                    directions=found.directions,
                    z=z,
                    class_index=class_index,
                    indices=[index],
                    names=found.names,
                    effects=found.effect.tolist(),
                ),
                settings=settings,
            )
        )
        for index in range(len(found))
    ]


def _ours(rung: int, **changed: float) -> Callable[[Frames], bytes]:
    quality = LADDER[rung]._replace(**changed)  # type: ignore[arg-type]
    return lambda frames: encode_gif(frames, _DELAY_MS, quality=quality)


def _through_imageio(frames: Frames) -> bytes:
    """Encode with imageio's Pillow plugin: Pillow chooses a palette for each frame and does not dither."""
    arrays = [np.asarray(frame) for frame in frames]
    encoded: bytes = imageio.imwrite(
        "<bytes>", arrays, plugin="pillow", extension=".gif", duration=_DELAY_MS, loop=0
    )
    return encoded


def _one_palette(dither: Image.Dither) -> Callable[[Frames], bytes]:
    """Encode with Pillow and one palette for all frames, chosen from a quarter of them."""

    def encode(frames: Frames) -> bytes:
        some = Image.fromarray(np.concatenate([np.asarray(frame) for frame in frames[::4]]))
        palette = some.quantize(256, Image.Quantize.MEDIANCUT, kmeans=1)
        first, *rest = (frame.quantize(palette=palette, dither=dither) for frame in frames)
        file = io.BytesIO()
        first.save(file, "GIF", save_all=True, append_images=rest, duration=_DELAY_MS, loop=0)
        return file.getvalue()

    return encode


_ENCODERS: Mapping[str, Callable[[Frames], bytes]] = {
    "ours": _ours(0),
    "ours, second quality": _ours(1),
    "ours, not dithered": _ours(0, dither=0.0),
    "Pillow through imageio": _through_imageio,
    "Pillow, one palette": _one_palette(Image.Dither.NONE),
    "Pillow, one palette, Floyd-Steinberg": _one_palette(Image.Dither.FLOYDSTEINBERG),
}


def _measured(encode: Callable[[Frames], bytes], animations: list[Frames]) -> dict[str, list[float]]:
    """Bytes, colour errors, flicker and seconds of each animation.

    The colour error is the mean absolute error of a channel, in levels of 255: for pixels, and for averages
    over 4 × 4 pixels. Flicker is the share of pixels that are constant in the frames but change in the file.
    """
    rows = []
    for frames in animations:
        begun = time.perf_counter()
        content = encode(frames)
        seconds = time.perf_counter() - begun
        true = np.stack([np.asarray(frame) for frame in frames]).astype(np.int16)
        shown = _read(content)
        still = (true == true[0]).all((0, 3))
        flicker = (shown[1:] != shown[:-1]).any(3)[:, still].mean()
        error = shown - true
        rows.append(
            (len(content), np.abs(error).mean(), np.abs(_averages(error)).mean(), float(flicker), seconds)
        )
    names = ("bytes", "error", "error_of_averages", "still_pixels_changed", "seconds")
    return {name: [float(row[place]) for row in rows] for place, name in enumerate(names)}


def _read(content: bytes) -> NDArray[np.int16]:
    """The frames of a GIF; frames that an encoder has merged are repeated."""
    image = Image.open(io.BytesIO(content))
    shown = []
    for index in range(image.n_frames):  # type: ignore[attr-defined]
        image.seek(index)
        shown += [np.asarray(image.convert("RGB"))] * round(image.info["duration"] / _DELAY_MS)
    return np.stack(shown).astype(np.int16)


def _averages(error: NDArray[np.int16]) -> NDArray[np.float64]:
    count, height, width = error.shape[0], error.shape[1] // _BLOCK, error.shape[2] // _BLOCK
    part = error[:, : height * _BLOCK, : width * _BLOCK]
    averages: NDArray[np.float64] = part.reshape(count, height, _BLOCK, width, _BLOCK, 3).mean((2, 4))
    return averages


if __name__ == "__main__":
    main()
