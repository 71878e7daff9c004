"""The file of directions: what goes in comes out, foreign matrices are adopted, nothing is run."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from biggan_directions.directions import Directions
from biggan_directions.errors import FileFormatError, OutputError, UsageError
from biggan_directions.generators import ImageClass
from tests.support.disks import files_no_larger_than
from tests.support.hostile import Runs
from tests.support.oracles import normal, random_orthogonal

PUBLISHED = Path(__file__).parents[2] / "shared" / "published_directions"


def _example() -> Directions:
    return Directions(
        directions=random_orthogonal(8, 0)[:3].float(),
        names=("", "zoom", ""),
        effect=torch.tensor([0.3, 0.2, 0.1]),
        penalty=torch.tensor([0.01, 0.5, float("nan")]),
        stability=torch.tensor([1.0, 0.7, float("nan")]),
        model={"name": "toybox", "resolution": 64, "z_dim": 8, "weights_sha256": "0" * 64},
        classes=(ImageClass(4, "car"),),
        truncation=1.0,
        seed=3,
        solver={"name": "jacobi", "latents": 32},
        made_with={"python": "3"},
        license="MIT",
    )


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    made = _example()
    made.save(tmp_path / "directions.pt")
    found = Directions.load(tmp_path / "directions.pt")
    assert torch.equal(found.directions, made.directions)
    assert torch.equal(found.effect, made.effect)
    assert torch.isnan(found.penalty[2])
    assert found.stability is not None
    assert torch.equal(found.stability[:2], torch.tensor([1.0, 0.7]))
    assert torch.isnan(found.stability[2])
    for name in ("names", "classes", "solver", "seed", "layers"):
        assert getattr(found, name) == getattr(made, name)
    assert (found.layers, found.at_layers) == (None, "all")


def test_chosen_layers_are_kept(tmp_path: Path) -> None:
    replace(_example(), layers=(0, 1, 5)).save(tmp_path / "directions.pt")
    found = Directions.load(tmp_path / "directions.pt")
    assert (found.layers, found.at_layers) == ((0, 1, 5), "0-1,5")
    assert torch.load(tmp_path / "directions.pt", weights_only=True)["layers"] == [0, 1, 5]


@pytest.mark.parametrize("layers", [[], [2, 1], [1, 1], [-1], ["0"], "0-3", [10**6], 3])
def test_layers_that_cannot_be_are_refused(layers: Any, tmp_path: Path) -> None:
    _example().save(tmp_path / "directions.pt")
    content = torch.load(tmp_path / "directions.pt", weights_only=True)
    torch.save({**content, "layers": layers}, tmp_path / "directions.pt")
    with pytest.raises(FileFormatError, match="is damaged: layers"):
        Directions.load(tmp_path / "directions.pt")


def test_how_directions_are_shown_and_where_they_are_from_are_kept(tmp_path: Path) -> None:
    made = replace(
        _example(),
        distance=torch.tensor([2.5, float("nan"), 6.0]),
        rendering={"samples": 6, "seed": 750, "projection": "remove", "easing": "official"},
        source={"paper": "one", "commit": "559a270"},
    )
    made.save(tmp_path / "directions.pt")
    found = Directions.load(tmp_path / "directions.pt")
    assert found.distance is not None
    assert found.distance[[0, 2]].tolist() == [2.5, 6.0]
    assert found.distance[1].isnan()
    assert (found.rendering, found.source) == (made.rendering, made.source)
    assert not {"distance", "rendering", "source"} & set(torch.load(_saved(tmp_path), weights_only=True))


def _saved(folder: Path) -> Path:
    _example().save(folder / "plain.pt")
    return folder / "plain.pt"


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("distance", torch.zeros(3), "distance has values of 0"),
        ("distance", torch.ones(2), "distance is not a vector of 3 numbers"),
        ("distance", torch.tensor([1.0, -1.0, 1.0]), "distance has values below 0"),
        ("rendering", {"samples": 10**9}, "samples is 1000000000, expected"),
        ("rendering", {"projection": "throw"}, "projection is"),
        ("rendering", torch.ones(1), "rendering is"),
        ("source", {"paper": 3}, "source"),
        ("source", torch.ones(1), "source is"),
    ],
)
def test_a_damaged_optional_key_is_named(tmp_path: Path, key: str, value: Any, says: str) -> None:
    content = torch.load(_saved(tmp_path), weights_only=True)
    torch.save({**content, key: value}, tmp_path / "damaged.pt")
    with pytest.raises(FileFormatError, match=f"damaged: .*{says}"):
        Directions.load(tmp_path / "damaged.pt")


def test_settings_of_a_later_version_are_left_out(tmp_path: Path) -> None:
    content = torch.load(_saved(tmp_path), weights_only=True)
    torch.save({**content, "rendering": {"seed": 4, "music": "loud"}}, tmp_path / "later.pt")
    assert Directions.load(tmp_path / "later.pt").rendering == {"seed": 4}


def test_a_matrix_of_a_third_of_z_needs_to_be_told_which(tmp_path: Path) -> None:
    torch.save(torch.eye(40), tmp_path / "third.pt")
    said = "40 columns.*120 coordinates.*--search-space coarse, mid, fine, or START:STOP"
    with pytest.raises(FileFormatError, match=said):
        Directions.load(tmp_path / "third.pt", z_dim=120)
    with pytest.raises(UsageError, match=r"search space 'middle' is unknown: expected .*coarse, mid, fine"):
        Directions.load(tmp_path / "third.pt", z_dim=120, search_space="middle")
    found = Directions.load(tmp_path / "third.pt", z_dim=120, search_space="mid")
    assert torch.equal(found.directions[:, 40:80], torch.eye(40))


def test_a_write_that_fails_leaves_the_last_good_file(tmp_path: Path) -> None:
    path = tmp_path / "directions.pt"
    _example().save(path)
    before = path.read_bytes()
    with files_no_larger_than(100), pytest.raises(OutputError, match="too large"):
        _example().save(path)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["directions.pt"]


def test_move_goes_along_one_direction() -> None:
    made, z = _example(), torch.zeros(2, 8)
    moved = made.move(z, 1, 2.5) @ made.directions.T
    assert torch.allclose(moved, torch.tensor([[0.0, 2.5, 0.0]] * 2), atol=1e-6)
    with pytest.raises(UsageError, match="0 to 2"):
        made.move(z, 3, 1.0)


def test_a_bare_matrix_is_orthonormalised_in_row_order_and_placed(tmp_path: Path) -> None:
    rows = normal(3, 4).float()
    torch.save(rows, tmp_path / "bare.pt")
    found = Directions.load(tmp_path / "bare.pt", z_dim=12, search_space="4:8")
    assert found.foreign
    assert found.orthonormality_error() < 1e-6
    assert torch.equal(found.directions[:, :4], torch.zeros(3, 4))
    first = found.directions[0, 4:8]
    assert torch.allclose(first, rows[0] / rows[0].norm(), atol=1e-6)
    second = rows[1] - (rows[1] @ first) * first
    assert torch.allclose(found.directions[1, 4:8], second / second.norm(), atol=1e-5)


def test_a_pickle_that_runs_code_is_never_run(tmp_path: Path) -> None:
    torch.save({"format": "biggan-directions/1", "x": Runs(tmp_path / "owned")}, tmp_path / "evil.pt")
    with pytest.raises(FileFormatError, match="was not run"):
        Directions.load(tmp_path / "evil.pt")
    assert not (tmp_path / "owned").exists()


@pytest.mark.parametrize(
    ("matrix", "says"),
    [
        (torch.full((2, 4), float("nan")), "NaN"),
        (torch.zeros(0, 4), "0 directions"),
        (torch.ones(2, 4), "dependent"),
        (torch.zeros(2, 4), "dependent"),
        (torch.ones(5, 4), "5 directions"),
        (torch.ones(4), "matrix"),
        (torch.ones(2, 4, dtype=torch.int64), "matrix"),
    ],
)
def test_matrices_that_cannot_be_directions(matrix: torch.Tensor, says: str, tmp_path: Path) -> None:
    torch.save(matrix, tmp_path / "bad.pt")
    with pytest.raises(FileFormatError, match=says):
        Directions.load(tmp_path / "bad.pt")


def _with(path: Path, **changes: Any) -> Path:
    """The example's file with some keys changed; those that become None are left out."""
    _example().save(path)
    content = {**torch.load(path, weights_only=True), **changes}
    torch.save({key: value for key, value in content.items() if value is not None}, path)
    return path


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        *(({key: None}, f"{key} is missing") for key in ("names", "effect", "model", "classes", "seed")),
        ({"names": ["", 3, ""]}, r"names\[1\] is 3, expected text"),
        ({"names": ["x" * 1001, "", ""]}, "a name has 1001 characters, expected at most 1000"),
        ({"names": [""]}, "one entry for each of 3"),
        ({"truncation": 0.0}, "truncation is 0.0, expected a number > 0"),
        ({"truncation": float("nan")}, "truncation is NaN"),
        ({"truncation": True}, "truncation is true"),
        ({"seed": False}, "seed is false, expected a whole number"),
        ({"seed": torch.ones(1)}, "seed is of type Tensor, expected a whole number"),
        ({"solver": {"name": [1]}}, r"solver\[...\] is not true or false or a whole number"),
        ({"solver": {1: 2}}, "a key of solver is not text"),
        ({"solver": torch.ones(2)}, "solver is of type Tensor, expected an object"),
        ({"model": {"name": "toybox"}}, "model.resolution is missing"),
        ({"classes": [{"index": -1, "name": "car"}]}, r"classes\[0\].index is -1, expected a whole number"),
        ({"classes": [{"index": 4, "name": "x" * 1001}]}, "a name has 1001 characters"),
        ({"classes": [torch.ones(2)]}, r"classes\[0\].index is not a whole number"),
        ({"effect": [0.3, 0.2, 0.1]}, r"effect is \[0.3, 0.2, 0.1\], expected a Tensor"),
        ({"effect": torch.ones(2)}, "effect is not a vector of 3 numbers"),
        ({"penalty": -torch.ones(3)}, "penalty has values below 0"),
        ({"stability": torch.full((3,), 1.01)}, "stability has values above 1"),
        ({"stability": torch.ones(4)}, "stability is not a vector of 3 numbers"),
        ({"linear": [False, 1, True]}, r"linear\[1\] is 1, expected true or false"),
        ({"linear": [True]}, "one entry for each of 3"),
    ],
)
def test_the_key_that_is_wrong_is_named(changes: dict[str, Any], says: str, tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match=f"directions.pt.*{says}|^(names|linear) must .*{says}"):
        Directions.load(_with(tmp_path / "directions.pt", **changes))


def test_keys_that_are_new_are_passed_over(tmp_path: Path) -> None:
    assert Directions.load(_with(tmp_path / "directions.pt", brightness=torch.ones(3))).seed == 3


@pytest.mark.parametrize(
    ("asked", "bound"),
    [(0.9, 0.9), (None, 0.98), (True, 0.98), ("0.9", 0.98), (float("nan"), 0.98), (2.0, 0.98)],
)
def test_the_bound_of_stability_is_what_was_asked_for_where_it_can_be(asked: object, bound: float) -> None:
    found = _example()
    assert replace(found, solver={**found.solver, "agreement": asked}).agreement == bound
    assert found.agreement == 0.98


def test_linear_directions_are_kept_and_the_key_is_left_out_where_there_are_none(tmp_path: Path) -> None:
    path = _with(tmp_path / "directions.pt", linear=[False, True, False])
    found = Directions.load(path)
    assert found.linear == found.named({0: "a"}).linear == (False, True, False)
    found.save(path)
    assert torch.load(path, weights_only=True)["linear"] == [False, True, False]
    replace(found, linear=(False,) * 3).save(path)
    assert "linear" not in torch.load(path, weights_only=True)
    assert Directions.load(path).linear is None


def test_a_file_without_stability_is_read(tmp_path: Path) -> None:
    assert Directions.load(_with(tmp_path / "directions.pt", stability=None)).stability is None


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x03\x04broken", bytes(1000)])
def test_files_that_are_not_ours(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "bad.pt").write_bytes(content)
    with pytest.raises(FileFormatError):
        Directions.load(tmp_path / "bad.pt")


@pytest.mark.skipif(not PUBLISHED.is_dir(), reason="the paper's own files are not here")
@pytest.mark.parametrize("name", ["our_church", "our_goldens", "our_goldens_mid", "voynov"])
def test_the_papers_own_files_are_adopted(name: str) -> None:
    path = PUBLISHED / f"{name}.pt"
    found = Directions.load(path)
    assert found.orthonormality_error() < 1e-5
    with pytest.raises(FileFormatError, match="128"):
        Directions.load(path, z_dim=128)
