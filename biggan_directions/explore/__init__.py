"""The live page: sliders that move images along directions, served to a browser on this machine."""

from biggan_directions.explore.painter import Painter, Superseded
from biggan_directions.explore.request import ImageRequest
from biggan_directions.explore.session import Answer, Session

__all__ = ["Answer", "ImageRequest", "Painter", "Session", "Superseded"]
