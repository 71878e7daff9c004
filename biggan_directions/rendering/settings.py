"""Everything that decides how directions are shown, checked when made."""

import math
from dataclasses import dataclass
from typing import Literal, get_args

from biggan_directions.errors import UsageError
from biggan_directions.traversal import Extent, Projection, default_distance, even_fractions, loop_path

Format = Literal["gif", "webp", "apng", "mp4"]


@dataclass(frozen=True, kw_only=True)
class RenderSettings:
    """How directions are shown.

    ``samples`` and ``seed`` say which latents are drawn; whoever draws them reads both, and a file's comment
    names the seed. ``distance`` in units of z; None: from each direction's effect. ``scale`` enlarges
    images by a whole number; None: to 128 pixels, an image that has the frame to itself to 256. ``fps`` of
    a GIF is the nearest that its clock, which ticks in hundredths of a second, can keep steadily.
    """

    samples: int = 4
    seed: int = 0
    frames: int = 48  # 25 distinct positions, as many as the eye asks for on the way from end to end
    fps: float = 20.0  # a delay of 50 ms, which every format keeps exactly; 2.4 s a loop
    format: Format = "gif"
    labels: bool = True
    distance: float | None = None
    projection: Projection = "keep"
    scale: int | None = None
    grid: bool = False
    sheet_positions: int = 7
    batch_size: int = 8

    def __post_init__(self) -> None:
        loop_path(self.frames)
        even_fractions(self.sheet_positions)
        for name, allowed in (("format", get_args(Format)), ("projection", get_args(Projection))):
            if getattr(self, name) not in allowed:
                raise UsageError(f"{name} is {getattr(self, name)!r}: expected one of {', '.join(allowed)}.")
        for name in ("samples", "batch_size"):
            if getattr(self, name) < 1:
                raise UsageError(f"{name} is {getattr(self, name)}: expected 1 or more.")
        if not 1 <= self.fps <= 50:
            raise UsageError(f"fps is {self.fps:g}: expected 1 to 50; browsers slow down what is faster.")
        if self.scale is not None and not 1 <= self.scale <= 8:
            raise UsageError(f"scale is {self.scale}: expected 1 to 8.")
        if self.distance is not None and not (math.isfinite(self.distance) and self.distance > 0):
            raise UsageError(f"distance is {self.distance:g}: expected a number above 0, in units of z.")

    def extent(self, effect: float) -> Extent:
        """How far to go along a direction of this ``effect``, and why."""
        return default_distance(effect) if self.distance is None else Extent(self.distance, "as asked")

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
