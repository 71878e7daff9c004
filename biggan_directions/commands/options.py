"""Options that several commands share, by their type."""

from pathlib import Path
from typing import Annotated

import typer

from biggan_directions.errors import UsageError

OUTPUTS = Path("outputs")
Json = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]
Model = Annotated[
    str, typer.Option("--model", help="A name (see: models), a folder, or your own package.module:factory.")
]
OfModel = Annotated[
    str | None,
    typer.Option("--model", help="For a file without a model, or of your own package.module:factory."),
]
Classes = Annotated[
    list[str] | None, typer.Option("--class", help="Name, WordNet id or index; may be repeated.")
]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda, …")]
Compile = Annotated[
    bool, typer.Option("--compile", help="Compile the forward pass: minutes at first, and a C++ compiler.")
]
Space = Annotated[str, typer.Option(help="active, all, or START:STOP of z.")]


def key_values(words: list[str], flag: str) -> dict[str, str]:
    """``KEY=VALUE`` words as a table.

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
