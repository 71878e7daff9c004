"""Plugins by name: the modules of one of our packages, and the entry points of other installed packages.

Names are listed without importing a plugin; a plugin is imported when it is first loaded.
"""

from __future__ import annotations

import difflib
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from pkgutil import iter_modules
from typing import Any

from biggan_directions.errors import UsageError


def own_names(package: str, part: str = "") -> tuple[str, ...]:
    """Names of the plugins in ``package``, sorted; arguments as of :func:`load`.

    A name is that of a module with hyphens for underscores; a module that begins with _ is no plugin.
    """
    modules = [module.name for module in iter_modules(import_module(package).__path__)]
    plugins = [
        module
        for module in sorted(modules)
        if not module.startswith("_") and (not part or _has_part(f"{package}.{module}", part))
    ]
    return tuple(module.replace("_", "-") for module in plugins)


def names(package: str, group: str, part: str = "") -> tuple[str, ...]:
    """Names of all plugins: our own, then those of other packages; arguments as of :func:`load`."""
    own = own_names(package, part)
    return own + tuple(sorted({entry.name for entry in entry_points(group=group)} - set(own)))


def load(name: str, package: str, group: str, *, attribute: str, what: str, part: str = "") -> Any:
    """The plugin of this name. Our own cannot be replaced by another package's.

    Args:
        name: the plugin's name.
        package: dotted name of our package whose modules are plugins.
        group: the group of entry points by which other packages add theirs; each refers to an object.
        attribute: name of the object in a module of ours.
        what: what a plugin is, for the errors: ``solver``.
        part: where our plugins are packages, the module in each that has the object; others are no plugins.

    Raises:
        UsageError: there is no such plugin, two packages add it, or it cannot be imported.
    """
    if name in own_names(package, part):
        module = f"{package}.{name.replace('-', '_')}" + (f".{part}" if part else "")
        return getattr(import_module(module), attribute)
    found = [entry for entry in entry_points(group=group) if entry.name == name]
    if not found:
        raise _unknown(name, names(package, group, part), what)
    if len({entry.value for entry in found}) > 1:
        packages = " and ".join(sorted(map(_distribution, found)))
        raise UsageError(f"two packages add a {what} named {name!r}, {packages}: uninstall one of them")
    try:
        return found[0].load()
    except Exception as error:
        raise UsageError(
            f"the {what} {name!r} of the package {_distribution(found[0])} cannot be imported: "
            f"{type(error).__name__}: {error}"
        ) from error


def _has_part(module: str, part: str) -> bool:
    spec = find_spec(module)
    return bool(spec and spec.submodule_search_locations and find_spec(f"{module}.{part}"))


def _distribution(entry: EntryPoint) -> str:
    return entry.dist.name if entry.dist else entry.value


def _unknown(name: str, there: tuple[str, ...], what: str) -> UsageError:
    near = difflib.get_close_matches(name[:80], there, n=1)
    hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(there)}"
    return UsageError(f"there is no {what} {name[:80]!r}: {hint}")
