"""Pictures of directions: animations, contact sheets, edited pictures."""

from biggan_directions.rendering.animation import Animation, delay_of, sane_bytes, write_animation
from biggan_directions.rendering.frames import (
    pictures_along,
    render_direction,
    render_edit,
    render_grid,
    render_still,
    show,
)
from biggan_directions.rendering.images import Generate, Picture, draw, to_bytes
from biggan_directions.rendering.render import (
    SHEET_NAME,
    RenderedFile,
    animation_path,
    pictures_needed,
    render_all,
)
from biggan_directions.rendering.settings import Format, RenderSettings
from biggan_directions.rendering.sheet import contact_sheet, write_png

__all__ = [
    "SHEET_NAME",
    "Animation",
    "Format",
    "Generate",
    "Picture",
    "RenderSettings",
    "RenderedFile",
    "animation_path",
    "contact_sheet",
    "delay_of",
    "draw",
    "pictures_along",
    "pictures_needed",
    "render_all",
    "render_direction",
    "render_edit",
    "render_grid",
    "render_still",
    "sane_bytes",
    "show",
    "to_bytes",
    "write_animation",
    "write_png",
]
