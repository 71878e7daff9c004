"""Find plug-ins by name: the modules of a package's folder, and entry points of other packages.

Listing names imports nothing, so that help is fast and a broken plug-in does not affect the others.
"""

from __future__ import annotations

import pkgutil
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from biggan_directions.errors import UsageError


def names(package: str, group: str, part: str = "") -> list[str]:
    """The names of a package's modules, ``_`` as ``-``, and of the entry points of a group; sorted.

    Args:
        package: dotted name of a package whose folder is listed; its modules are not imported.
        group: of entry points, such as ``biggan_directions.solvers``.
        part: list only packages that contain this module; all modules if omitted.

    >>> "first-order" in names("biggan_directions.solvers.methods", "biggan_directions.solvers")
    True
    """
    return sorted({*own_names(package, part), *_others(group)})


def own_names(package: str, part: str = "") -> list[str]:
    """The names of a package's own modules, sorted; arguments as in :func:`names`."""
    spec = find_spec(package)
    folders = spec.submodule_search_locations if spec is not None else None
    return sorted(
        module.name.replace("_", "-")
        for module in pkgutil.iter_modules(folders or [])
        if not part or any((Path(folder) / module.name / f"{part}.py").is_file() for folder in folders or ())
    )


def load(package: str, group: str, name: str, part: str = "") -> Any:
    """Load the package's module of this name or, if there is none, the object of an entry point.

    ``part`` is the module within a package, as in :func:`names`.

    Raises:
        KeyError: no plug-in has this name.
        UsageError: the entry point of another package cannot be imported; the message names that package.
    """
    if name in own_names(package, part):
        return import_module(f"{package}.{name.replace('-', '_')}{part and f'.{part}'}")
    point = _others(group)[name]
    try:
        return point.load()
    except Exception as error:  # importing someone else's module may raise anything
        raise UsageError(
            f"{origin(group, name)} cannot be loaded ({point.value}): {type(error).__name__}: {error}"
        ) from error


def origin(group: str, name: str) -> str:
    """An entry point's name and its package's, for errors."""
    point = _others(group)[name]
    return f"'{name}' of the package {point.dist.name if point.dist is not None else point.value}"


def _others(group: str) -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=group)}
