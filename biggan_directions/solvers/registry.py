"""All solvers by name: the files of ``solvers/methods/``, and entry points of other packages."""

from __future__ import annotations

import difflib
import inspect
from types import ModuleType
from typing import TYPE_CHECKING

from biggan_directions import plugins
from biggan_directions.errors import UsageError

if TYPE_CHECKING:
    from biggan_directions.solvers.base import Solver

GROUP = "biggan_directions.solvers"
_METHODS = "biggan_directions.solvers.methods"


def names() -> list[str]:
    """The names of all solvers, sorted; nothing is imported."""
    return plugins.names(_METHODS, GROUP)


def find(name: str) -> type[Solver]:
    """The solver of this name.

    Raises:
        UsageError: it does not exist, or is another package's and cannot be loaded or is not a solver.

    >>> find("first-order").summary
    'The strongest eigenvectors of E[JᵀJ], J the Jacobian of the image.'
    """
    from biggan_directions.solvers.base import Solver

    known = names()
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        raise UsageError(
            f"solver '{name}' is unknown"
            + (f": did you mean {near[0]}?" if near else ".")
            + " See biggan-directions solvers"
        )
    loaded = plugins.load(_METHODS, GROUP, name)
    if isinstance(loaded, ModuleType):
        loaded = _of_module(loaded)
    if not (inspect.isclass(loaded) and issubclass(loaded, Solver) and not inspect.isabstract(loaded)):
        raise UsageError(
            f"solver '{name}' cannot be used: its module or entry point does not give exactly one "
            "subclass of biggan_directions.solvers.base.Solver with a method solve"
        )
    return loaded


def _of_module(module: ModuleType) -> object:
    """The one solver that a module defines."""
    from biggan_directions.solvers.base import Solver

    own = [
        item
        for item in vars(module).values()
        if inspect.isclass(item) and issubclass(item, Solver) and item.__module__ == module.__name__
    ]
    return own[0] if len(own) == 1 else None
