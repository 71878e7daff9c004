"""Everything that decides how directions are shown, checked when made."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from biggan_directions.errors import UsageError
from biggan_directions.traversal import (
    Easing,
    Extent,
    Path,
    Projection,
    default_distance,
    even_fractions,
    loop_path,
    official_path,
)

Format = Literal["gif", "webp", "apng", "mp4"]
Latents = Literal["truncated", "cuda"]
"""Which latents a seed stands for.

``truncated``
    A truncated normal with a random stream for each sample, as everywhere else here:
    :func:`~biggan_directions.latents.sample_latents`. The default.
``cuda``
    A normal without bounds, drawn as torch does on a CUDA device and as the official code draws its latents:
    :func:`~biggan_directions.cuda_normals.cuda_normals`.
"""


@dataclass(frozen=True, kw_only=True)
class RenderSettings:
    """How directions are shown.

    ``samples`` and ``seed`` say which latents are drawn; whoever draws them reads both, and a file's comment
    names the seed; ``latents`` is which numbers the seed stands for. ``distance`` in units of z; None: the
    one in the file, or from each direction's effect. ``easing`` is how an animation's position depends on
    time. ``scale`` enlarges images by a whole number; None: to 128 pixels, an image that has the frame to
    itself to 256. ``fps`` of a GIF is the nearest that its clock, which ticks in hundredths of a second, can
    keep steadily.
    """

    samples: int = 4
    seed: int = 0
    frames: int = 48  # 25 distinct positions, as many as the eye asks for on the way from end to end
    fps: float = 20.0  # a delay of 50 ms, which every format keeps exactly; 2.4 s a loop
    format: Format = "gif"
    labels: bool = True
    distance: float | None = None
    projection: Projection = "keep"
    easing: Easing = "sine"
    latents: Latents = "truncated"
    scale: int | None = None
    grid: bool = False
    sheet_positions: int = 7
    batch_size: int = 8

    def __post_init__(self) -> None:
        even_fractions(self.sheet_positions)
        for name, choices in (
            ("format", Format),
            ("projection", Projection),
            ("easing", Easing),
            ("latents", Latents),
        ):
            if getattr(self, name) not in (allowed := get_args(choices)):
                raise UsageError(f"{name} is {getattr(self, name)!r}: expected one of {', '.join(allowed)}.")
        self.path()
        for name in ("samples", "batch_size"):
            if getattr(self, name) < 1:
                raise UsageError(f"{name} is {getattr(self, name)}: expected 1 or more.")
        if not 1 <= self.fps <= 50:
            raise UsageError(f"fps is {self.fps:g}: expected 1 to 50; browsers slow down what is faster.")
        if self.scale is not None and not 1 <= self.scale <= 8:
            raise UsageError(f"scale is {self.scale}: expected 1 to 8.")
        if self.distance is not None and not (math.isfinite(self.distance) and self.distance > 0):
            raise UsageError(f"distance is {self.distance:g}: expected a number above 0, in units of z.")

    @classmethod
    def of_file(cls, usual: Mapping[str, Any], **given: Any) -> "RenderSettings":
        """The settings that a file of directions asks for; what is ``given`` and not None goes before them.

        >>> RenderSettings.of_file({"seed": 750, "samples": 6}, samples=None, seed=1).samples
        6
        """
        return cls(**{**usual, **{name: value for name, value in given.items() if value is not None}})

    def path(self) -> Path:
        """The positions of an animation's frames."""
        return loop_path(self.frames) if self.easing == "sine" else official_path(self.frames)

    def extent(self, effect: float, distance: float = math.nan) -> Extent:
        """How far to go along a direction, and why.

        Args:
            effect: of the direction; NaN if it is not known.
            distance: what its file says; NaN if it says nothing.
        """
        if self.distance is not None:
            return Extent(self.distance, "as asked")
        return default_distance(effect) if math.isnan(distance) else Extent(distance, "the file's distance")

    def scale_for(self, resolution: int, images: int) -> int:
        """By how much images of ``resolution`` pixels are enlarged where ``images`` share a frame.

        >>> settings = RenderSettings()
        >>> settings.scale_for(64, 4), settings.scale_for(128, 4), settings.scale_for(64, 1)
        (2, 1, 4)
        """
        if self.scale is not None:
            return self.scale
        wanted = 256 if images == 1 else 128
        return max(1, wanted // resolution)
