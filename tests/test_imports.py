"""Which room of the package may import from which, every edge of it; and the help needs no torch."""

import ast
import graphlib
import subprocess
import sys
from pathlib import Path

import pytest

import biggan_directions

ROOT = Path(biggan_directions.__file__).parent
PACKAGE = "biggan_directions"

# A room is a folder or a single file at the top. Imports for type checking alone count, too.
EDGES: dict[str, str] = {
    "errors": "",
    "precision": "",
    "cuda_normals": "",
    "version": "",
    "linalg": "",
    "plugins": "errors",
    "latents": "errors",
    "traversal": "errors",
    "penalty": "errors precision",
    "jacobian_penalty": "errors precision",
    "factor_records": "",
    "files": "errors",
    "distributed": "errors",
    "scores": "errors factor_records files",
    "generators": "errors files latents linalg plugins",
    "toybox": "errors files generators linalg training",
    "training": "distributed errors generators jacobian_penalty latents linalg penalty precision solvers",
    "fashion": "errors factor_records files generators metrics training",
    "solvers": "distributed errors files generators jacobian_penalty latents linalg penalty plugins "
    "precision",
    "metrics": "distributed errors factor_records files generators latents linalg precision scores solvers "
    "traversal",
    "measured": "directions errors files generators metrics scores",
    "rendering": "cuda_normals errors factor_records files generators latents scores traversal version",
    "learning": "distributed errors generators latents linalg metrics scores solvers",
    "bare_matrix": "errors solvers",
    "directions": "bare_matrix errors files generators learning scores version",
    "published": "directions errors generators linalg solvers version",
    "explore": "directions errors files generators measured published rendering version",
    "runs": "directions distributed errors files generators latents learning measured metrics published "
    "rendering scores solvers training version",
    "commands": "directions distributed errors explore factor_records fashion files generators learning "
    "measured metrics published rendering runs scores solvers training",
    "cli": "commands distributed version",
    "__main__": "cli distributed errors files runs",
    "__init__": "directions fashion generators latents learning penalty runs toybox version",
}


def _imported(path: Path) -> set[str]:
    """The rooms that a module imports from."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module == PACKAGE:
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
        elif isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
    inside = {name.removeprefix(f"{PACKAGE}.") for name in found if name.startswith(f"{PACKAGE}.")}
    bare = {
        name
        for name in found
        if "." not in name and ((ROOT / name).is_dir() or (ROOT / f"{name}.py").is_file())
    }
    return {name.split(".")[0] for name in inside | bare}


def _room(path: Path) -> str:
    parts = path.relative_to(ROOT).parts
    return parts[0] if len(parts) > 1 else path.stem


def _edges() -> dict[str, set[str]]:
    """Of each room, the others that its modules import from."""
    edges: dict[str, set[str]] = {}
    for path in ROOT.rglob("*.py"):
        edges.setdefault(_room(path), set()).update(_imported(path) - {_room(path)})
    return edges


def test_rooms_import_from_just_the_rooms_below_them() -> None:
    assert {room: " ".join(sorted(found)) for room, found in _edges().items()} == EDGES


def test_no_room_imports_back() -> None:
    graph = {room: found.split() for room, found in EDGES.items() if room != "__init__"}
    order = list(graphlib.TopologicalSorter(graph).static_order())
    assert order.index("errors") < order.index("generators") < order.index("solvers") < order.index("runs")


def test_no_two_files_of_one_name() -> None:
    excepted = {"__init__.py", "architecture.py", "base.py", "registry.py", "settings.py"}
    names = [
        path.name
        for path in ROOT.rglob("*.py")
        if path.name not in excepted and _room(path) != "commands" and _room(path) != path.stem
    ]
    assert sorted(name for name in set(names) if names.count(name) > 1) == []


@pytest.mark.parametrize(
    "code",
    [
        "import biggan_directions.cli",
        "from biggan_directions.solvers import registry; registry.names()",
        "from biggan_directions.generators import capabilities, registry; registry.names()",
        "from biggan_directions.generators.classes.imagenet import imagenet_classes\n"
        "from biggan_directions.generators.weights.catalog import CATALOG\n"
        "from biggan_directions.generators.weights.locating import cache_status\n"
        "imagenet_classes().resolve('golden_retriever'); cache_status(CATALOG[1])\n"
        "assert [len(entry.classes) for entry in CATALOG] == [10, 10, 1000, 1000, 1000, 1000]",
    ],
)
def test_help_lists_and_names_need_no_torch(code: str) -> None:
    heavy = "{'torch', 'huggingface_hub', 'pytorch_pretrained_biggan', 'boto3'}"
    command = [sys.executable, "-c", f"import sys\n{code}\nprint({heavy} & set(sys.modules))"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
