"""List the solvers, their cost and their settings."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.padding import Padding
from rich.text import Text

from biggan_directions.commands.completion import complete_model, complete_solver
from biggan_directions.commands.opening import facts_of
from biggan_directions.commands.options import Json
from biggan_directions.commands.terminal import err, out, plain
from biggan_directions.errors import UsageError
from biggan_directions.files.escaping import printable

if TYPE_CHECKING:
    from biggan_directions.learning.settings import LearnSettings


_VERBS = {"survey": "find the search space", "solver": "solve", "measuring": "measure the result"}


def solvers(
    name: Annotated[
        str,
        typer.Argument(
            help="Solver to describe in detail. Default: list all.", autocompletion=complete_solver
        ),
    ] = "",
    model: Annotated[
        str, typer.Option(help="Model for which to compute the cost.", autocompletion=complete_model)
    ] = "toybox",
    ndirs: Annotated[int, typer.Option(help="Number of directions for which to compute the cost.")] = 6,
    as_json: Json = False,
) -> None:
    """List solvers with paper, cost and settings (for learn --set)."""
    from biggan_directions.learning.settings import LearnSettings
    from biggan_directions.solvers import registry

    of_model = facts_of(model)
    sizes = {"z_dim": of_model.z_dim, "resolution": of_model.resolution}
    LearnSettings(ndirs=ndirs).outline(**sizes)  # an ndirs that does not fit the model fits no solver
    found: list[dict[str, Any]] = []
    for known in [name] if name else registry.names():
        try:
            found.append(_facts(LearnSettings(solver=known, ndirs=ndirs), sizes))
        except UsageError as error:  # a solver of another package that cannot be loaded
            if name:
                raise
            found.append({"name": known, "error": str(error)})
    if as_json:
        typer.echo(json.dumps(found[0] if name else found))
        return
    for facts in found:
        if "error" in facts:
            err.print(f"note: {plain(facts['error'])}\n", soft_wrap=True)
        else:
            _print(facts, whole=bool(name))
    out.print(
        f"[dim]images: for {ndirs} directions of {plain(model)}, if every number of its z matters[/dim]",
        soft_wrap=True,
    )
    if not name:
        out.print("next: biggan-directions solvers NAME   (explains each setting)", soft_wrap=True)


def _facts(settings: LearnSettings, sizes: dict[str, int]) -> dict[str, Any]:
    """The description of a solver, as plain values."""
    from biggan_directions.learning.cost import images_to_measure, images_to_survey
    from biggan_directions.solvers.live_space import most_products
    from biggan_directions.solvers.settings import declared

    solver = settings.made()
    outline = settings.outline(**sizes)
    cost, chosen = solver.cost(outline), solver.described(outline)
    return {
        "name": solver.name,
        "summary": solver.summary,
        "paper": solver.paper,
        "images": {
            "survey": images_to_survey(settings, outline),
            "solver": cost.images,
            "measuring": images_to_measure(settings, outline),
        },
        "gradients": most_products(outline.block) + cost.gradients,
        "settings": [
            {
                "name": item.name,
                "default": chosen[item.name],
                "kind": item.kind,
                "help": item.help,
                "source": item.source,
            }
            for item in declared(solver.Settings)
        ],
    }


def _print(facts: dict[str, Any], *, whole: bool) -> None:
    """Print a solver in a few lines; if ``whole``, with help and source of each setting."""
    from biggan_directions.learning.settings import LearnSettings

    default = "  (the default)" if facts["name"] == LearnSettings().solver else ""
    images = facts["images"]
    parts = ", ".join(f"{images[part]:,} to {verb}" for part, verb in _VERBS.items() if images[part])
    out.print(Text.assemble((printable(facts["name"]), "bold"), default))
    _indented(facts["summary"])
    _indented(f"{sum(images.values()):,} images: {parts}")
    _indented(f"paper: {facts['paper']}", "dim")
    shown = [f"{item['name']}={_shown(item['default'])}" for item in facts["settings"]]
    if not whole and shown:
        _indented("--set " + "  ".join(shown))
    for word, item in zip(shown, facts["settings"], strict=True) if whole else ():
        out.print()
        out.print(Text.assemble("  --set ", (printable(word), "bold"), f"  {item['kind']}"))
        _indented(item["help"], left=8)
        _indented(f"source: {item['source']}", "dim", left=8)
    out.print()


def _shown(value: Any) -> str:
    """A default as a user would type it."""
    return str(value).lower() if isinstance(value, bool) else str(value).replace(", ", ",")


def _indented(text: str, style: str = "", left: int = 2) -> None:
    out.print(Padding(Text(printable(text), style=style), (0, 0, 0, left), expand=False))
