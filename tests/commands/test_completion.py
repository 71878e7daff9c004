"""What a shell completes, and that no key press waits for torch."""

import os
import subprocess
import sys
from typing import get_args

import pytest
import typer
from typer.testing import CliRunner

from biggan_directions.cli import app
from biggan_directions.commands.completion import FORMATS, complete_class, complete_model, complete_solver
from biggan_directions.rendering import Format
from biggan_directions.solvers import registry


def classes(command: str, incomplete: str, **params: object) -> list[str]:
    main = typer.main.get_command(app)
    of = main.commands[command]  # type: ignore[attr-defined]
    context = typer.Context(of)
    context.params.update(params)
    return complete_class(context, incomplete)


def test_solvers_models_and_formats_are_all_offered() -> None:
    assert complete_solver("") == registry.names()
    assert complete_solver("J") == ["jacobi", "joint"]
    assert complete_model("biggan-d") == ["biggan-deep-128", "biggan-deep-256", "biggan-deep-512"]
    assert "biggan-128" in complete_model("big")
    assert get_args(Format) == FORMATS


def test_classes_are_those_of_the_model() -> None:
    assert classes("learn", "du", model="toybox") == ["duck"]
    assert "duck" not in classes("learn", "du")  # of its usual model
    assert "golden_retriever" in classes("learn", "golden")
    assert "duck" in classes("render", "du")  # the file says of which
    assert "golden_retriever" in classes("render", "golden")
    assert classes("demo", "du") == ["duck"]
    assert classes("learn", "", model="some.module:factory") == []


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("learn --solver ", {"jacobi", "adam"}),
        ("learn --model ", {"toybox"}),
        ("learn --model toybox --class ", {"duck", "car"}),
        ("render --format ", {"gif", "mp4"}),
        ("score --format ", {"csv", "latex"}),
        ("solvers ja", {"jacobi"}),
        ("published goldens_", {"goldens_coarse", "goldens_mid", "goldens_fine"}),
        ("render pub", {"published:goldens", "published:orojar_church_fine"}),
    ],
)
def test_the_command_offers_them(typed: str, offered: set[str]) -> None:
    words = f"biggan-directions {typed}"
    env = {
        "_BIGGAN_DIRECTIONS_COMPLETE": "complete_bash",
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(words.split(" ")) - 1),
    }
    done = CliRunner().invoke(app, [], env=env, prog_name="biggan-directions")
    assert offered <= set(done.stdout.split())


def test_no_torch_is_imported() -> None:
    code = (
        "import sys\n"
        "from biggan_directions.commands.completion import *\n"
        "complete_solver(''), complete_model(''), complete_format('')\n"
        "import typer; from biggan_directions.cli import app\n"
        "complete_class(typer.Context(typer.main.get_command(app).commands['learn']), '')\n"
        "assert 'torch' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env={**os.environ})
