"""The import rule: cli → everything → penalty, errors; and the help needs no torch."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import biggan_directions

ROOT = Path(biggan_directions.__file__).parent
PACKAGE = "biggan_directions"


def _imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
    return {name.removeprefix(PACKAGE + ".") for name in found if name.startswith(PACKAGE + ".")}


MODULES = sorted(path.relative_to(ROOT).as_posix() for path in ROOT.rglob("*.py"))


@pytest.mark.parametrize("module", [name for name in MODULES if name != "__main__.py"])
def test_nothing_imports_the_command_line(module: str) -> None:
    rooms = {name.split(".")[0] for name in _imports(ROOT / module)}
    allowed = {"commands"} if module == "cli.py" or module.startswith("commands/") else set()
    assert not (rooms & {"cli", "commands"}) - allowed


@pytest.mark.parametrize("module", ["penalty.py", "latents.py", "traversal.py"])
def test_the_plain_rooms_know_only_errors_and_precision(module: str) -> None:
    assert {name.split(".")[0] for name in _imports(ROOT / module)} <= {"errors", "precision"}


@pytest.mark.parametrize("module", [name for name in MODULES if name.startswith("solvers/")])
def test_solvers_never_know_a_biggan(module: str) -> None:
    """Of generators they know what one may be capable of, and no more."""
    names = {name for name in _imports(ROOT / module) if not name.startswith("generators.capabilities")}
    assert not {name.split(".")[0] for name in names} & {"generators", "toybox", "rendering", "directions"}


@pytest.mark.parametrize("module", [name for name in MODULES if name.startswith("generators/")])
def test_generators_know_no_model_that_ships_and_architectures_keep_to_their_folder(module: str) -> None:
    names = _imports(ROOT / module)
    assert not {name.split(".")[0] for name in names} & {"toybox", "rendering", "solvers", "runs"}
    architectures = {name.split(".")[1] for name in names if name.startswith("generators.biggan_deep")}
    assert not architectures or module.startswith("generators/biggan_deep/")
    stock = "pytorch_pretrained_biggan" in (ROOT / module).read_text(encoding="utf-8")
    assert not stock or module.startswith("generators/biggan_deep/")


@pytest.mark.parametrize("module", [name for name in MODULES if name.startswith("rendering/")])
def test_rendering_never_knows_a_solver(module: str) -> None:
    rooms = {name.split(".")[0] for name in _imports(ROOT / module)}
    assert not rooms & {"solvers", "learning", "search_space", "penalty", "generators"}


def test_help_imports_no_torch() -> None:
    code = "import sys, biggan_directions.cli; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
