"""The main job on the generator that ships."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated

import typer

from biggan_directions.commands.completion import complete_class
from biggan_directions.commands.opening import load
from biggan_directions.commands.options import OUTPUTS, Device
from biggan_directions.commands.progress import progress_bar
from biggan_directions.commands.render import print_file, print_page
from biggan_directions.commands.terminal import err, out, print_scores, print_sets

_LATENTS = 16  # of the scorecard, as many as score takes


def _clear(folder: Path) -> None:
    """Remove what an earlier demonstration left, but not the lock of this one."""
    from biggan_directions.files.atomic_write import explained
    from biggan_directions.runs.folder import LOCK_NAME

    with explained(folder):
        for path in folder.iterdir():
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            elif path.name != LOCK_NAME:
                path.unlink()


def demo(
    class_name: Annotated[
        str, typer.Option("--class", help="One of the ten toys.", autocompletion=complete_class)
    ] = "car",
    device: Device = "auto",
) -> None:
    """Learn, score and render six directions on the generator that ships; offline."""
    from biggan_directions.learning.settings import LearnSettings
    from biggan_directions.metrics.settings import ScoreSettings
    from biggan_directions.rendering import GALLERY_NAME
    from biggan_directions.runs.folder import held
    from biggan_directions.runs.learn import DIRECTIONS_NAME, solve
    from biggan_directions.runs.render import render
    from biggan_directions.runs.score import measure

    folder = OUTPUTS / "demo"
    generator = load("toybox", [class_name], None, device)
    err.print("learning, scoring and drawing six directions: about a minute on two cores", soft_wrap=True)
    with held(folder):
        with progress_bar() as observe:
            settings = LearnSettings(ndirs=6, score_latents=_LATENTS)
            found, known = solve(generator, settings, observe=observe)
            card = measure(found, generator, ScoreSettings(latents=_LATENTS), known=known, observe=observe)
        _clear(folder)
        found.save(folder / DIRECTIONS_NAME)
        card.save(folder)
        print_sets(card)
        out.print()
        print_scores(card.sets[0], found.names, card.latents, found.agreement)
    with progress_bar() as observe:
        for file in render(found, generator, folder, observe=observe):
            print_file(file)
    print_page(folder / GALLERY_NAME)
