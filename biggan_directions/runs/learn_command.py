"""The command that learns directions anew, or resumes an interrupted run, from what is in their files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from biggan_directions.errors import UsageError
from biggan_directions.files.escaping import shell_word
from biggan_directions.learning.settings import LearnSettings
from biggan_directions.runs.checkpoint import CHECKPOINT_NAME, read_checkpoint
from biggan_directions.solvers import registry
from biggan_directions.solvers.settings import plain_values

if TYPE_CHECKING:
    from biggan_directions.directions import Directions
    from biggan_directions.solvers.problem import Outline

# What `learn` has a flag for, in the order in which one would type it.
_FLAGS = (
    *(
        "solver",
        "search_space",
        "search_dims",
        "layers",
        "seed",
        "micro_batch",
        "latents",
        "budget",
        "agreement",
    ),
    *("survey_latents", "score_latents"),
)
_IN_PYTHON = ("sketch", "difference_epsilon")  # settings without a flag
_USUAL = {item.name: item.default for item in fields(LearnSettings)}


def learn_command(found: Directions, path: Path) -> str:
    """The command that learns ``found`` anew, with every setting that is not the default.

    Settings that :func:`only_in_python` gives are left out.
    """
    made = {**found.solver, "solver": found.solver.get("name"), "seed": found.seed}
    if made.get("search_space") == "all" and made.get("search_dims") == found.z_dim:
        made.pop("search_dims")  # all of z is what is meant without a number, too
    words = _words(
        made,
        _solver_settings(found),
        model=str(found.model.get("name", "")),
        classes=[item.name for item in found.classes],
        ndirs=len(found),
        truncation=found.truncation,
    )
    words += ["--compile"] if "forward pass" in found.made_with else []
    return " ".join(map(shell_word, [*words, "--out", str(path.parent)]))


def only_in_python(found: Directions) -> dict[str, Any]:
    """The settings of a file that are not what `learn` takes and that it has no flag for, by name."""
    return {
        name: found.solver[name]
        for name in _IN_PYTHON
        if name in found.solver and found.solver[name] != _USUAL[name]
    }


def resume_command(checkpoint: Path) -> str:
    """The command that resumes the run of a checkpoint.

    Raises:
        FileFormatError: the checkpoint is damaged, or is something else.
        UsageError: the run was made by a program with settings that `learn` has no flag for, or by a solver
            that is not installed; the message says what to do.
    """
    settings, generator = read_checkpoint(checkpoint)
    truncation = generator.get("truncation")
    if differing := [name for name in _IN_PYTHON if settings.get(name) != _USUAL[name]]:
        told = ", ".join(f"{name}={settings.get(name)}" for name in differing)
        raise UsageError(f"the run is a program's, with LearnSettings({told}): resume it by the program")
    usual = plain_values(registry.find(str(settings.get("solver")))().settings)
    own = [f"{key}={settings[key]}" for key, value in usual.items() if settings.get(key, value) != value]
    words = _words(
        settings,
        own,
        model=str(generator.get("model", "")),
        classes=_class_names(generator.get("classes")),
        ndirs=settings.get("ndirs", _USUAL["ndirs"]),
        truncation=truncation if isinstance(truncation, float) else None,
    )
    return " ".join(map(shell_word, [*words, "--out", str(checkpoint.parent), "--resume"]))


def _class_names(classes: Any) -> list[str]:
    """The names of a checkpoint's classes, each a pair of index and name."""
    pairs = classes if isinstance(classes, list) else []
    return [str(pair[1]) for pair in pairs if isinstance(pair, list | tuple) and len(pair) == 2]


def budget_of_run(folder: Path) -> int | None:
    """The budget in images of the unfinished run in a folder, so that a time is not measured twice.

    Raises:
        FileFormatError: the checkpoint is damaged, or is something else.
    """
    if not (folder / CHECKPOINT_NAME).exists():
        return None
    found = read_checkpoint(folder / CHECKPOINT_NAME)[0].get("budget")
    return found if type(found) is int else None


def _words(
    made: Mapping[str, Any],
    own: Sequence[str],
    *,
    model: str,
    classes: Sequence[str],
    ndirs: int,
    truncation: float | None,
) -> list[str]:
    """A learn command without its folder; ``own`` holds the solver's own settings as ``--set`` takes them."""
    words = ["biggan-directions", "learn", "--model", model]
    for name in classes:
        words += ["--class", name]
    words += ["--ndirs", str(ndirs)]
    for name in _FLAGS:
        if name in made and made[name] != _USUAL[name]:
            words += [f"--{name.replace('_', '-')}", str(made[name])]
    for pair in own:
        words += ["--set", pair]
    return words if truncation is None else [*words, "--truncation", f"{truncation:g}"]


def _solver_settings(found: Directions) -> list[str]:
    """``KEY=VALUE`` for each of the solver's own settings that is not what it chooses when left out."""
    try:
        usual = registry.find(str(found.solver.get("name")))().described(_outline(found))
    except UsageError:  # another package's solver that is not installed here
        return []
    return [
        f"{key}={found.solver[key]}" for key, value in usual.items() if found.solver.get(key, value) != value
    ]


def _outline(found: Directions) -> Outline:
    dims = found.solver.get("search_dims")
    space = str(found.solver.get("search_space", _USUAL["search_space"]))
    return LearnSettings(ndirs=len(found), search_space=space).outline(
        z_dim=found.z_dim,
        resolution=int(found.model.get("resolution", 0)),
        dims=dims if isinstance(dims, int) else None,
    )
