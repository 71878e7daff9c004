"""What the page says of a set of directions: what it is, how it was made, and the commands that make it."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from biggan_directions.files.escaping import shell_path, shell_word
from biggan_directions.generators.capabilities import Layered
from biggan_directions.measured import measured
from biggan_directions.published.reference import named_set, place_of
from biggan_directions.rendering.samples import listed
from biggan_directions.runs.learn_command import learn_command, only_in_python
from biggan_directions.solvers.coordinate_block import PARTS, parse_search_space

if TYPE_CHECKING:
    from biggan_directions.directions import Directions
    from biggan_directions.generators import Generator
    from biggan_directions.rendering import Account, RenderSettings

_RENDER_FLAGS = ("samples", "seed", "frames", "fps", "distance", "projection", "format")


def account_of(
    found: Directions,
    generator: Generator,
    path: Path,
    folder: Path,
    settings: RenderSettings,
    indices: list[int] | None,
    captions: list[str],
    note: Callable[[str], None],
) -> Account:
    """All that the page in ``folder`` says of ``found``, which is at ``path``, beside its images.

    ``note`` is called with a sentence if the page can have no scorecard.
    """
    from biggan_directions.metrics.scorecard import digest
    from biggan_directions.rendering import Account

    published = named_set(path) is not None
    model = Path(generator.model).name
    classes = listed([item.name for item in generator.classes])
    file = shell_path(path)
    fingerprint = digest(found.directions)
    own = [] if found.foreign or found.source else [(_learns(found), learn_command(found, path))]
    of = _of(generator) if found.foreign else _on_other_model(found, generator)
    render = _render_command(file + of, found, generator, settings)
    render += "" if indices is None else f" --directions {','.join(map(str, indices))}"
    render += "" if folder == path.parent else f" --out {shell_path(folder)}"
    shown = measured(found, place_of(path), generator)
    at = f" --layers {found.at_layers}" if found.at_other_layers else ""
    where = "" if found.layers is None else f" · layers {found.at_layers}"
    if shown.note:
        note(shown.note)
    return Account(
        title=f"{len(found)} direction{'s' if len(found) > 1 else ''} in {model}: {classes}",
        subtitle=f"{path.name} · {generator.resolution} pixels · truncation {generator.truncation:g}{where}",
        fingerprint=fingerprint,
        file=None if found.foreign or published else file,
        captions=captions,
        penalties=[math.nan if figure.value is None else figure.value for figure in shown.penalty],
        stability=() if shown.stability is None else [one.value for one in shown.stability],
        agreement=shown.agreement,
        linear=shown.linear,
        facts=_facts(found, generator),
        commands=[*own, ("draws this page", render)],
        scores=shown.scorecard,
        score_command=f"biggan-directions score {file}{of}{at}",
        part=_part_of(found),
    )


def _learns(found: Directions) -> str:
    """What the command to learn does; it says which settings no command line has."""
    rest = ", ".join(f"{name}={value}" for name, value in only_in_python(found).items())
    but = f", but for settings that only Python has: LearnSettings({rest})" if rest else ""
    return f"learns the directions{but}"


def _render_command(file: str, found: Directions, generator: Generator, settings: RenderSettings) -> str:
    usual = type(settings).of_file(found.rendering)
    words = []
    for name in _RENDER_FLAGS:
        value = getattr(settings, name)
        if value != getattr(usual, name):
            words += [_flag(name), f"{value:g}" if isinstance(value, float) else str(value)]
    if not found.foreign and generator.classes != found.classes:
        for item in generator.classes:
            words += ["--class", item.name]
    if found.at_other_layers:
        words += ["--layers", found.at_layers]
    if not found.foreign and generator.truncation != found.truncation:
        words += ["--truncation", f"{generator.truncation:g}"]
    words += ["--grid"] if settings.grid else []
    words += [] if settings.labels else ["--no-labels"]
    return " ".join(["biggan-directions render", file, *map(shell_word, words)])


def _of(generator: Generator) -> str:
    """The options that say what a file is of that does not say so itself."""
    words = ["--model", generator.model]
    for item in generator.classes:
        words += ["--class", item.name]
    return f" {' '.join(map(shell_word, words))}"


def _part_of(found: Directions) -> str:
    """The third of z that a file's directions are in, in words; "" where they are not of one."""
    part = found.solver.get("search_space")
    if part not in PARTS:
        return ""
    block = parse_search_space(part, found.z_dim)
    return f"{part.capitalize()}: numbers {block.start} to {block.stop - 1} of z"


def _on_other_model(found: Directions, generator: Generator) -> str:
    """The option that says on what directions are shown that were learnt on another model."""
    if generator.model == found.model["name"]:
        return ""
    return f" --model {shell_word(generator.model)}"


def _facts(found: Directions, generator: Generator) -> list[tuple[str, str]]:
    facts = [("model", f"{generator.model}, weights {generator.weights_sha256[:12]}…")]
    if found.layers is not None and isinstance(generator, Layered):
        names = [generator.layer_names[index] for index in found.layers]
        facts.append(("layers", f"{found.at_layers} of {len(generator.layer_names)}: {', '.join(names)}"))
    if found.foreign:
        return [
            *facts,
            ("file", "a bare matrix, orthonormalised row by row; it does not say how it was made"),
        ]
    if found.source:
        words = (("published in", "paper"), ("from", "repository"), ("at commit", "commit"), ("file", "file"))
        return [
            *facts,
            *((heading, found.source[key]) for heading, key in words if key in found.source),
            ("learnt on", listed([item.name for item in found.classes])),
            ("part of z", str(found.solver.get("search_space", ""))),
            ("licence", found.license),
        ]
    settings = ", ".join(
        f"{key.replace('_', ' ')} {value}" for key, value in found.solver.items() if key != "name"
    )
    return [
        *facts,
        ("learnt on", f"{listed([item.name for item in found.classes])}; truncation {found.truncation:g}"),
        ("solver", str(found.solver.get("name"))),
        ("settings", settings),
        ("seed", str(found.seed)),
        ("made with", ", ".join(f"{name} {version}" for name, version in found.made_with.items())),
        ("weights’ licence", found.license),
    ]


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"
