"""Images of directions: animations, contact sheets, a page to move them on, edited images."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from biggan_directions.rendering.animation import Animation, delay_of, sane_bytes, write_animation
    from biggan_directions.rendering.edit import edit_format, edit_png, write_edit
    from biggan_directions.rendering.edit_record import EditRecord
    from biggan_directions.rendering.frames import images_along, render_edit, render_loop, render_still
    from biggan_directions.rendering.gallery import GALLERY_NAME, Account
    from biggan_directions.rendering.images import Generate, ImageArray, draw, to_bytes
    from biggan_directions.rendering.manifest import Manifest
    from biggan_directions.rendering.png_file import write_png
    from biggan_directions.rendering.render_plan import SHEET_NAME, RenderedFile, RenderPlan
    from biggan_directions.rendering.render_request import RenderRequest
    from biggan_directions.rendering.settings import Format, RenderSettings
    from biggan_directions.rendering.sheet import contact_sheet

__all__ = [
    "GALLERY_NAME",
    "SHEET_NAME",
    "Account",
    "Animation",
    "EditRecord",
    "Format",
    "Generate",
    "ImageArray",
    "Manifest",
    "RenderPlan",
    "RenderRequest",
    "RenderSettings",
    "RenderedFile",
    "contact_sheet",
    "delay_of",
    "draw",
    "edit_format",
    "edit_png",
    "images_along",
    "render_edit",
    "render_loop",
    "render_still",
    "sane_bytes",
    "to_bytes",
    "write_animation",
    "write_edit",
    "write_png",
]

_HOME = {
    "animation": ("Animation", "delay_of", "sane_bytes", "write_animation"),
    "edit": ("edit_format", "edit_png", "write_edit"),
    "edit_record": ("EditRecord",),
    "frames": ("images_along", "render_edit", "render_loop", "render_still"),
    "gallery": ("GALLERY_NAME", "Account"),
    "images": ("Generate", "ImageArray", "draw", "to_bytes"),
    "manifest": ("Manifest",),
    "png_file": ("write_png",),
    "render_plan": ("SHEET_NAME", "RenderPlan", "RenderedFile"),
    "render_request": ("RenderRequest",),
    "settings": ("Format", "RenderSettings"),
    "sheet": ("contact_sheet",),
}


def __getattr__(name: str) -> Any:
    """Import on first use: torch takes seconds, and the command line's help needs none of it."""
    for module, names in _HOME.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
