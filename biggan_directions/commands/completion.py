"""Values that a shell completes: names alone, so that no key press waits for torch."""

from __future__ import annotations

from collections.abc import Iterable

import typer

FORMATS = ("gif", "webp", "apng", "mp4")


def complete_format(incomplete: str) -> list[str]:
    """The formats of animations that begin with what is typed.

    >>> complete_format("")
    ['gif', 'webp', 'apng', 'mp4']
    """
    return _beginning(FORMATS, incomplete)


def complete_solver(incomplete: str) -> list[str]:
    """The solvers that begin with what is typed.

    >>> complete_solver("ja")
    ['jacobi']
    """
    from biggan_directions.solvers import registry

    return _beginning(registry.names(), incomplete)


def complete_model(incomplete: str) -> list[str]:
    """The models of the catalog that begin with what is typed.

    >>> complete_model("to")
    ['toybox']
    """
    from biggan_directions.generators.weights.catalog import CATALOG

    return _beginning([entry.name for entry in CATALOG], incomplete)


def complete_published(incomplete: str) -> list[str]:
    """The published sets that begin with what is typed.

    >>> complete_published("ch")
    ['church']
    """
    from biggan_directions.published.sets import SETS

    return _beginning([known.name for known in SETS], incomplete)


def complete_directions(incomplete: str) -> list[str]:
    """``published:NAME``, once some of it is typed; a shell that is offered nothing completes file names.

    >>> complete_directions("pub")[0], complete_directions("")
    ('published:goldens', [])
    """
    from biggan_directions.published.sets import SETS

    return _beginning([f"published:{known.name}" for known in SETS], incomplete) if incomplete else []


def complete_class(context: typer.Context, incomplete: str) -> list[str]:
    """The classes, of the model that is chosen, that begin with what is typed.

    Where a file of directions names the model, those of all models are offered. A user's own generator is
    not imported for this.
    """
    from biggan_directions.generators.weights.catalog import CATALOG

    models = _models_of(context)
    names = dict.fromkeys(
        entry.classes.image_class(item.index).name
        for entry in CATALOG
        if models is None or entry.name in models
        for item in entry.classes
    )
    return _beginning(names, incomplete)


def _models_of(context: typer.Context) -> list[str] | None:
    """The model that is typed, or that the command takes without one; None if its file says which."""
    chosen = context.params.get("model")
    parameters = [parameter for parameter in context.command.params if parameter.name == "model"]
    if not parameters:
        return ["toybox"]  # demo
    model = chosen or parameters[0].default
    return None if model is None else [str(model)]


def _beginning(names: Iterable[str], incomplete: str) -> list[str]:
    wanted = incomplete.casefold()
    return [name for name in names if name.casefold().startswith(wanted)]
