"""Types of the options that several commands share."""

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
Placed = Annotated[
    str,
    typer.Option("--search-space", help="Coordinates of z that a bare matrix covers: all, or START:STOP."),
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
