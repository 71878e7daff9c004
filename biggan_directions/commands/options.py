"""Types of the options that several commands share."""

import re
from pathlib import Path
from typing import Annotated

import typer

from biggan_directions.commands.completion import complete_class, complete_model
from biggan_directions.errors import UsageError

OUTPUTS = Path("outputs")
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
Model = Annotated[
    str,
    typer.Option(
        "--model",
        help="Name of a model (biggan-directions models lists them), folder with weights, or your own "
        "package.module:factory.",
        autocompletion=complete_model,
    ),
]
OfModel = Annotated[
    str | None,
    typer.Option(
        "--model",
        help="Name of a model, folder with weights, or your own package.module:factory. Default: the model "
        "named in the file.",
        autocompletion=complete_model,
    ),
]
Classes = Annotated[
    list[str] | None,
    typer.Option(
        "--class",
        help="Name, WordNet id or index of a class; may be repeated. Default: the classes named in the file.",
        autocompletion=complete_class,
    ),
]
Device = Annotated[str, typer.Option(help="Device to compute on: auto, cpu, cuda, …")]
Compile = Annotated[
    bool,
    typer.Option(
        "--compile", help="Compile the forward pass: it takes minutes at first, and needs a C++ compiler."
    ),
]
OfLayers = Annotated[
    str | None,
    typer.Option(
        "--layers",
        help="Layers at which directions act: numbers and ranges such as 0-3 or 0,2,5; coarse, mid or fine, "
        "which are thirds of them; or all. Default: those named in the file.",
    ),
]
Placed = Annotated[
    str,
    typer.Option(
        "--search-space",
        help="Part of z that a bare matrix covers: all, coarse, mid or fine (its thirds), or START:STOP.",
    ),
]


def key_values(words: list[str], flag: str) -> dict[str, str]:
    """Parse ``KEY=VALUE`` arguments to a dict.

    Raises:
        UsageError: a word has no ``=``.
    """
    table = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not (equals and key):
            raise UsageError(f"{flag} takes KEY=VALUE, got '{word}': for example {flag} steps=500")
        table[key.strip().replace("-", "_")] = value.strip()
    return table


def latents_of(text: str) -> int | None:
    """The number of latents that ``--latents`` asks for; None for ``auto``.

    Raises:
        UsageError: it is neither.

    >>> latents_of("auto"), latents_of("16")
    (None, 16)
    """
    if text == "auto":
        return None
    if not re.fullmatch(r"[0-9]+", text, flags=re.ASCII):
        raise UsageError(f"--latents is a number, or auto, got {text!r}")
    return int(text)


def budget_of(text: str) -> tuple[int | None, float | None]:
    """What ``--budget`` allows: images, or seconds.

    Raises:
        UsageError: it is neither.

    >>> budget_of("1500"), budget_of("90s"), budget_of("3min"), budget_of("1h")
    ((1500, None), (None, 90.0), (None, 180.0), (None, 3600.0))
    """
    found = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)(s|min|h)?", text, flags=re.ASCII)
    if found is None or (found[2] is None and "." in text) or not float(found[1]):
        raise UsageError(f"--budget is a number of images, or a time such as 90s, 3min or 1h, got {text!r}")
    if found[2] is None:
        return int(found[1]), None
    return None, float(found[1]) * {"s": 1, "min": 60, "h": 3600}[found[2]]
