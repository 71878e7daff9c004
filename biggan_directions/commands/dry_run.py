"""What `learn` would do and what it takes, without doing it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from biggan_directions.commands.terminal import out, plain

if TYPE_CHECKING:
    from biggan_directions.generators import Generator
    from biggan_directions.learning.settings import LearnSettings
    from biggan_directions.runs.learn import Action

_ACTIONS = {
    "learn": "would learn",
    "resume": "would resume the run (the time below is from its beginning)",
    "replace": "would replace what is there",
    "refuse": "would refuse",
    "nothing to do": "nothing to do, since it is finished",
}


def would_learn(
    generator: Generator, settings: LearnSettings, path: Path, intended: Sequence[tuple[Action, str]]
) -> dict[str, Any]:
    """What would be done, and what it takes: seconds in all in one process, bytes of memory or None.

    Images and seconds are the most and the least of a run in which all dimensions matter and the budget is
    used up, and of one in which few matter and the directions settle at once.

    Seconds are those of runs from the beginning; what is finished takes none.
    """
    from biggan_directions.learning.cost import estimate

    cost = estimate(generator, settings)
    actions = Counter(action for action, _ in intended)
    runs = len(intended) - actions["nothing to do"]
    return {
        "path": str(path),
        "classes": [item.name for item in generator.classes],
        "runs": len(intended),
        "actions": dict(actions),
        "reason": next((reason for _, reason in intended if reason), ""),
        "search_dims": cost.dims,
        "images_per_run": max(cost.evaluations, cost.early),
        "least_images_per_run": min(cost.evaluations, cost.early),
        "gradients_per_run": cost.gradients,
        "seconds": runs * max(cost.seconds, cost.early_seconds),
        "least_seconds": runs * min(cost.seconds, cost.early_seconds),
        "peak_bytes": cost.peak_bytes,
    }


def print_would(would: dict[str, Any]) -> None:
    """In a few lines: what is there, and what a run would take."""
    memory = "unknown" if would["peak_bytes"] is None else f"{would['peak_bytes'] / 2**30:.1f} GB"
    runs, path, actions = would["runs"], plain(would["path"]), would["actions"]
    if len(actions) > 1:
        told = ", ".join(f"{_ACTIONS[action]} for {count:,}" for action, count in actions.items())
        out.print(f"of {runs:,} classes: {told}", soft_wrap=True)
    elif (action := next(iter(actions))) != "learn":
        out.print(f"{_ACTIONS[action]}: {plain(would['reason']) or path}", soft_wrap=True)
    if actions.keys() == {"nothing to do"}:
        return
    each = f"for each of {runs:,} classes " if runs > 1 else ""
    images, seconds = _range(would, "images_per_run"), _range(would, "seconds")
    out.print(
        f"would {each}search {would['search_dims']} dimensions and draw {images} images (fewer where few of "
        f"z's dimensions matter and directions settle soon): {seconds} s {'in all ' if each else ''}in one "
        f"process and {memory} of memory; would write {path}",
        soft_wrap=True,
    )


def _range(would: dict[str, Any], key: str) -> str:
    """A quantity's least and most, in words."""
    least, most = (f"{would[name]:,.0f}" for name in (f"least_{key}", key))
    return f"about {most}" if least == most else f"{least} to {most}"
