"""What the page says of a set of directions: what it is, how it was made, and the commands that make it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING

from biggan_directions.errors import UsageError
from biggan_directions.files.escaping import shell_path, shell_word
from biggan_directions.measured import measured
from biggan_directions.rendering.samples import listed

if TYPE_CHECKING:
    from biggan_directions.directions import Directions
    from biggan_directions.generators import Generator
    from biggan_directions.rendering import Account, RenderSettings

# What `learn` has a flag for, in the order in which one would type it.
_LEARN_FLAGS = (
    "solver",
    "search_space",
    "search_dims",
    "seed",
    "micro_batch",
    "latents",
    "score_latents",
)
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

    model = Path(generator.model).name
    classes = listed([item.name for item in generator.classes])
    file = shell_path(path)
    fingerprint = digest(found.directions)
    own = [] if found.foreign else [("learns the directions", learn_command(found, path))]
    of = _of(generator) if found.foreign else ""
    render = _render_command(file + of, found, generator, settings)
    render += "" if indices is None else f" --directions {','.join(map(str, indices))}"
    render += "" if folder == path.parent else f" --out {shell_path(folder)}"
    shown = measured(found, path, generator)
    if shown.note:
        note(shown.note)
    return Account(
        title=f"{len(found)} direction{'s' if len(found) > 1 else ''} in {model}: {classes}",
        subtitle=f"{path.name} · {generator.resolution} pixels · truncation {generator.truncation:g}",
        fingerprint=fingerprint,
        file=None if found.foreign else file,
        captions=captions,
        penalties=[math.nan if figure.value is None else figure.value for figure in shown.penalty],
        facts=_facts(found, generator),
        commands=[*own, ("draws this page", render)],
        scores=shown.scorecard,
        score_command=f"biggan-directions score {file}{of}",
    )


def learn_command(found: Directions, path: Path) -> str:
    """The command that learns ``found`` anew, with every setting that is not the default."""
    from biggan_directions.learning.settings import LearnSettings

    usual = {field.name: field.default for field in fields(LearnSettings)}
    words = ["biggan-directions", "learn", "--model", str(found.model.get("name", ""))]
    for item in found.classes:
        words += ["--class", item.name]
    words += ["--ndirs", str(len(found))]
    made = {**found.solver, "solver": found.solver.get("name"), "seed": found.seed}
    if made.get("search_space") == "all" and made.get("search_dims") == found.z_dim:
        made.pop("search_dims")  # all of z is what is meant without a number, too
    for name in _LEARN_FLAGS:
        if name in made and made[name] != usual[name]:
            words += [_flag(name), str(made[name])]
    words += _solver_settings(found)
    if found.truncation is not None:
        words += ["--truncation", f"{found.truncation:g}"]
    words += ["--compile"] if "forward pass" in found.made_with else []
    return " ".join(map(shell_word, [*words, "--out", str(path.parent)]))


def _solver_settings(found: Directions) -> list[str]:
    """``--set`` for each of the solver's own settings that is not what it chooses when left out."""
    from biggan_directions.learning.settings import LearnSettings
    from biggan_directions.solvers import registry

    space, dims = found.solver.get("search_space", "active"), found.solver.get("search_dims")
    try:
        solver = registry.find(str(found.solver.get("name")))
        outline = LearnSettings(ndirs=len(found), search_space=str(space)).outline(
            z_dim=found.z_dim,
            resolution=int(found.model.get("resolution", 0)),
            dims=dims if isinstance(dims, int) else None,
        )
    except UsageError:  # another package's solver that is not installed here
        return []
    usual = solver().described(outline)
    return [
        word
        for key, value in usual.items()
        if found.solver.get(key, value) != value
        for word in ("--set", f"{key}={found.solver[key]}")
    ]


def _render_command(file: str, found: Directions, generator: Generator, settings: RenderSettings) -> str:
    usual = {field.name: field.default for field in fields(settings)}
    words = []
    for name in _RENDER_FLAGS:
        value = getattr(settings, name)
        if value != usual[name]:
            words += [_flag(name), f"{value:g}" if isinstance(value, float) else str(value)]
    if not found.foreign and generator.classes != found.classes:
        for item in generator.classes:
            words += ["--class", item.name]
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


def _facts(found: Directions, generator: Generator) -> list[tuple[str, str]]:
    facts = [("model", f"{generator.model}, weights {generator.weights_sha256[:12]}…")]
    if found.foreign:
        return [
            *facts,
            ("file", "a bare matrix, orthonormalised row by row; it does not say how it was made"),
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
