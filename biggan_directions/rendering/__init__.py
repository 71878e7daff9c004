"""Pictures of directions: animations, contact sheets, a page to move them on, edited pictures."""

from biggan_directions.rendering.animation import Animation, delay_of, sane_bytes, write_animation
from biggan_directions.rendering.edit import edit_format, write_edit
from biggan_directions.rendering.frames import (
    images_along,
    render_direction,
    render_edit,
    render_grid,
    render_still,
    show,
)
from biggan_directions.rendering.gallery import GALLERY_NAME, Account
from biggan_directions.rendering.images import Generate, ImageArray, draw, to_bytes
from biggan_directions.rendering.manifest import Manifest
from biggan_directions.rendering.render import (
    SHEET_NAME,
    RenderedFile,
    animation_path,
    images_needed,
    render_all,
)
from biggan_directions.rendering.settings import Format, RenderSettings
from biggan_directions.rendering.sheet import contact_sheet, write_png

__all__ = [
    "GALLERY_NAME",
    "SHEET_NAME",
    "Account",
    "Animation",
    "Format",
    "Generate",
    "ImageArray",
    "Manifest",
    "RenderSettings",
    "RenderedFile",
    "animation_path",
    "contact_sheet",
    "delay_of",
    "draw",
    "edit_format",
    "images_along",
    "images_needed",
    "render_all",
    "render_direction",
    "render_edit",
    "render_grid",
    "render_still",
    "sane_bytes",
    "show",
    "to_bytes",
    "write_animation",
    "write_edit",
    "write_png",
]
