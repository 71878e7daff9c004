"""``--model package.module:factory``: a generator that a function of the user's makes.

This imports the user's code. It is called for what was typed on this command line alone, never for the name
of a model in a file.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any, cast

from biggan_directions.errors import BigganDirectionsError, UsageError
from biggan_directions.files.escaping import shell_word
from biggan_directions.generators import Generator
from biggan_directions.generators.capabilities import Reclassable
from biggan_directions.generators.classes.class_table import ClassEntry, ClassTable
from biggan_directions.generators.custom import said_by
from biggan_directions.generators.load import check_truncation, choose_device

_DOTTED = r"[^\W\d]\w*(?:\.[^\W\d]\w*)*"
_MEMBERS = (
    "model",
    "resolution",
    "z_dim",
    "classes",
    "truncation",
    "weights_sha256",
    "license",
    "device",
    "__call__",
)


def is_reference(model: str) -> bool:
    """Whether a model is given as ``package.module:factory``.

    >>> is_reference("my.models:discs"), is_reference("./my:models"), is_reference("toybox")
    (True, False, False)
    """
    return re.fullmatch(f"{_DOTTED}:{_DOTTED}", model) is not None


def made_by(
    reference: str, class_names: Sequence[str] | None, *, truncation: float | None, device: str
) -> Generator:
    """Import a module, relative to the working directory, and let its factory make a generator.

    The factory is called as ``factory(class_name, truncation, device)``. ``class_name`` is the one name that
    was given, and None where none, several, or ``all`` were given. The factory may ignore it and return a
    generator of all its classes, which is then restricted to those that are named. ``truncation`` is None
    where nobody chose one. ``device`` is a str such as ``cpu``.

    Args:
        reference: ``package.module:factory``. It becomes the generator's ``model``, so that a result says how
            it was made.
        class_names: names or indices of its classes; all of them where left out, or for ``all``.
        truncation: in (0, 1].
        device: ``auto``, ``cpu``, ``cuda``, …

    Raises:
        UsageError: the module or the factory is not there, one of them raised something, what came is no
            generator, or it does not have these classes.
    """
    check_truncation(truncation)
    names = None if class_names is None or list(class_names) == ["all"] else list(class_names)
    module_name, _, path = reference.partition(":")
    asked = (names[0] if names and len(names) == 1 else None, truncation, str(choose_device(device)))
    with _working_directory_importable():
        factory = _found(module_name, path)
        try:
            made = factory(*asked)
        except BigganDirectionsError:
            raise
        except (Exception, SystemExit) as error:
            arguments = ", ".join(map(_literal, asked))
            call = f"import {module_name}; {module_name}.{path}({arguments})"
            raise UsageError(f"{reference} raised {said_by(error)}; {_to_see(call)}") from error
    generator = _checked(made, reference)
    with contextlib.suppress(AttributeError):
        generator.model = reference
    return generator if names is None else restricted(generator, names)


def table_of(generator: Generator) -> ClassTable:
    """The classes of a generator, to choose from by name."""
    return ClassTable(ClassEntry(index=item.index, names=(item.name,)) for item in generator.classes)


def restricted(generator: Generator, names: Sequence[str]) -> Generator:
    """The generator of the named classes alone.

    Raises:
        UsageError: it does not have these classes, or cannot be restricted to some of them.
    """
    table, indices = table_of(generator), [item.index for item in generator.classes]
    places = list(dict.fromkeys(indices.index(table.resolve(name).index) for name in names))
    if places == list(range(len(indices))):
        return generator
    if not isinstance(generator, Reclassable):
        raise UsageError(
            f"{generator.model} draws {len(indices)} classes and cannot be restricted to some of them (it "
            "has no method of_class): leave out --class"
        )
    return generator.of_class(*places)


@contextlib.contextmanager
def _working_directory_importable() -> Any:
    """First on the path while the user's module is imported; last from then on, where it hides nothing."""
    here = os.getcwd()
    sys.path.insert(0, here)
    try:
        yield
    finally:
        sys.path.remove(here)
        if here not in sys.path:
            sys.path.append(here)


def _found(module_name: str, path: str) -> Any:
    """The factory, imported."""
    try:
        module = import_module(module_name)
    except (Exception, SystemExit) as error:
        absent = error.name if isinstance(error, ModuleNotFoundError) else None
        if absent is not None and f"{module_name}.".startswith(f"{absent}."):
            raise UsageError(_no_module(module_name)) from error
        raise UsageError(
            f"importing {module_name} raised {said_by(error)}; {_to_see(f'import {module_name}')}"
        ) from error
    found: Any = module
    for name in path.split("."):
        if not hasattr(found, name):
            origin = getattr(module, "__file__", None) or "built in"
            raise UsageError(f"the module {module_name} ({origin}) has no {path!r}")
        found = getattr(found, name)
    if not callable(found):
        raise UsageError(
            f"{module_name}:{path} is a {type(found).__name__}, expected a function "
            "factory(class_name, truncation, device) that returns a generator"
        )
    return found


def _no_module(module_name: str) -> str:
    stem = module_name.removesuffix(".py")
    if stem != module_name:
        return f"there is no module {module_name!r}: leave out the ending and write {stem}:FACTORY"
    return (
        f"there is no module {module_name!r} in {os.getcwd()}, nor is one installed: type the command in the "
        f"folder that has {module_name.replace('.', '/')}.py"
    )


def _checked(made: Any, reference: str) -> Generator:
    lacking = [member for member in _MEMBERS if not hasattr(made, member)]
    if lacking:
        raise UsageError(
            f"{reference} returned a {type(made).__name__}, which is no generator (it has no "
            f"{', '.join(lacking)}): return a biggan_directions.CallableGenerator"
        )
    return cast(Generator, made)


def _to_see(code: str) -> str:
    return f"to see where, type: python -c {shell_word(code)}"


def _literal(value: object) -> str:
    """A value as Python code, text in double quotes so that a shell's single quotes can enclose it."""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)
