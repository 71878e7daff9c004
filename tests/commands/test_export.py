"""``export`` as it is typed: what it prints, and what it refuses in one sentence."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from biggan_directions import Directions
from tests.runs.test_export import directions_of, turned_rows
from tests.support.elsewhere import typed


@pytest.fixture
def folder(net: Path, tmp_path: Path) -> Path:
    """A folder with directions of a small model, and with a bare matrix of the same size."""
    directions_of(net, turned_rows(2, 4)).save(tmp_path / "directions.pt")
    torch.save(turned_rows(3, 4), tmp_path / "rows.pt")
    return tmp_path


def test_it_says_what_it_wrote(folder: Path) -> None:
    done = typed("export", "directions.pt", "--out", "new", folder=folder)
    assert done.code == 0, done.err
    assert "wrote new: 2 directions are its coordinates 0 to 1" in done.out
    assert "licence of the weights: unknown" in done.out
    assert "next: biggan-directions learn --model new --class class_0" in done.out


def test_as_json(folder: Path) -> None:
    done = typed("export", "directions.pt", "--out", "new", "--json", folder=folder)
    facts = json.loads(done.out)
    assert facts["path"] == "new"
    assert facts["directions"][0] == {"direction": 0, "name": "turn", "coordinate": 0}
    saved = Directions.load(folder / "new" / "directions.pt")
    assert facts["weights_sha256"] == saved.model["weights_sha256"]
    assert 0 <= facts["largest_difference"] < 1e-3


def test_a_bare_matrix_needs_a_model(net: Path, folder: Path) -> None:
    done = typed("export", "rows.pt", "--out", "new", folder=folder)
    assert (done.code, "add --model" in done.err) == (2, True)
    done = typed("export", "rows.pt", "--out", "new", "--model", str(net), folder=folder)
    assert done.code == 0, done.err
    assert "3 directions are its coordinates 0 to 2" in done.out
    assert not (folder / "new" / "directions.pt").exists()


def test_a_function_of_ones_own_is_refused_and_not_imported(net: Path, folder: Path) -> None:
    (folder / "spot.py").write_text("raise SystemExit('imported')")
    found = directions_of(net, turned_rows(2, 4))
    replace(found, model={**found.model, "name": "spot:make"}).save(folder / "own.pt")
    for arguments in (("own.pt",), ("directions.pt", "--model", "spot:make")):
        done = typed("export", *arguments, "--out", "new", folder=folder)
        assert done.code == 2
        assert "spot:make is a function of your own" in done.err
    assert not (folder / "new").exists()


def test_refusals_are_one_sentence_and_write_nothing(net: Path, folder: Path) -> None:
    found = directions_of(net, turned_rows(2, 4))
    replace(found, model={**found.model, "name": "gone"}).save(folder / "gone.pt")
    for arguments, code, says in (
        (("directions.pt", "--model", "toybox"), 1, "z_dim 4"),
        (("gone.pt",), 2, "neither a model of the catalog nor a folder"),
        (("absent.pt",), 1, "absent.pt"),
    ):
        done = typed("export", *arguments, "--out", "new", folder=folder)
        assert (done.code, says in done.err, "Traceback" in done.err) == (code, True, False), done.err
        assert not (folder / "new").exists()
    done = typed("export", "directions.pt", "--out", str(net), "--force", folder=folder)
    assert (done.code, "which export did not write" in done.err) == (1, True)
