"""The main job on the generator that ships."""

from __future__ import annotations

import shutil
from typing import Annotated

import typer

from biggan_directions.commands.learn import drain
from biggan_directions.commands.opening import load
from biggan_directions.commands.options import OUTPUTS, Device
from biggan_directions.commands.render import draw_all
from biggan_directions.commands.terminal import out, print_directions


def demo(
    class_name: Annotated[str, typer.Option("--class", help="One of the ten toys.")] = "car",
    device: Device = "auto",
) -> None:
    """Learn and render six directions on the generator that ships; offline."""
    from biggan_directions.learn_settings import LearnSettings
    from biggan_directions.rendering import RenderSettings

    folder = OUTPUTS / "demo"
    generator = load("toybox", [class_name], None, device)
    found = drain(generator, LearnSettings(ndirs=6))
    print_directions(found)
    shutil.rmtree(folder, ignore_errors=True)
    found.save(folder / "directions.pt")
    draw_all(found, generator, folder, RenderSettings())
    out.print(f"\nopen {folder / 'sheet.png'} and {folder / 'direction_00.gif'}")
