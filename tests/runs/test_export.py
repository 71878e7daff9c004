"""A generator exported with its directions as coordinates: drawn by the stock package, refused, replaced."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from pytorch_pretrained_biggan import BigGAN

from biggan_directions import Directions, LearnSettings, learn, load_generator
from biggan_directions.errors import OutputError, UsageError
from biggan_directions.generators import registry
from biggan_directions.generators.load import read_model
from biggan_directions.generators.weights.catalog import find_model
from biggan_directions.linalg import random_rotation
from biggan_directions.runs.export import export
from biggan_directions.toybox import packed, true_directions
from tests.support.biggan_checkpoints import write_biggan
from tests.support.checkpoints import write_checkpoint
from tests.support.disks import small_disk
from tests.support.elsewhere import typed

FILES = ["config.json", "directions.pt", "pytorch_model.bin", "rotation.npy"]


def directions_of(model: str | Path, rows: torch.Tensor, **changes: Any) -> Directions:
    """Directions as if they had been learnt on the first class of a model."""
    loaded = read_model(model)
    unknown = torch.full((len(rows),), float("nan"))
    made: dict[str, Any] = {
        "directions": rows.float(),
        "names": ("turn", *("" for _ in rows[1:])),
        "effect": torch.linspace(1, 0.5, len(rows)),
        "penalty": unknown,
        "model": {
            "name": str(model),
            "resolution": loaded.facts.resolution,
            "z_dim": loaded.facts.z_dim,
            "weights_sha256": loaded.sha256,
        },
        "classes": (loaded.facts.classes.image_class(0),),
        "truncation": 1.0,
        "seed": 0,
        "solver": {"name": "given"},
    }
    return Directions(**{**made, **changes})


def turned_rows(count: int, size: int) -> torch.Tensor:
    random = torch.Generator().manual_seed(1)
    return random_rotation(size, random)[:count]


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_stock_package_draws_it(tmp_path: Path) -> None:
    """The toybox, packed in the installation and exported, against the toybox as an ordinary folder."""
    packed.save_checkpoint(tmp_path / "stock")
    result = export(directions_of("toybox", true_directions().rows), "toybox", tmp_path / "new")
    assert sorted(contents(tmp_path / "new")) == FILES
    assert 0 < result.difference < 1e-4
    old, new = (BigGAN.from_pretrained(str(tmp_path / name)).eval() for name in ("stock", "new"))
    rotation = torch.from_numpy(np.load(tmp_path / "new" / "rotation.npy"))
    assert rotation.dtype == torch.float64
    w = torch.randn(3, 32, generator=torch.Generator().manual_seed(0)).double()
    label = torch.eye(10)[[0, 4, 9]]
    with torch.no_grad():
        images = new(w.float(), label, 1.0)
        torch.testing.assert_close(images, old((w @ rotation).float(), label, 1.0), rtol=0, atol=1e-4)
        w[:, 8:] += 1.0  # what no direction spans, and no image depends on
        torch.testing.assert_close(new(w.float(), label, 1.0), images, rtol=0, atol=1e-4)


@pytest.mark.parametrize("model", ["toybox", "fashion"])
def test_what_ships_becomes_an_ordinary_folder(model: str, tmp_path: Path) -> None:
    found = directions_of(model, turned_rows(5, 32))
    result = export(found, model, tmp_path / "new")
    old, new = load_generator(model, "all"), load_generator(tmp_path / "new", "all")
    assert new.classes == old.classes
    assert (new.license, new.truncation, new.weights_sha256) == ("MIT", 1.0, result.weights_sha256)
    rotation = torch.from_numpy(np.load(tmp_path / "new" / "rotation.npy"))
    torch.testing.assert_close(rotation[:5].float(), found.directions)
    w = torch.randn(4, 32, generator=torch.Generator().manual_seed(0))
    index = torch.tensor([0, 3, 5, 9])
    torch.testing.assert_close(new(w, index), old((w.double() @ rotation).float(), index), rtol=0, atol=1e-4)


def test_the_files_name_the_directions_and_what_they_were_made_of(tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path / "model")
    own = {"classes": ["mug", {"names": ["duck", "mallard"]}, "pine"], "license": "MIT", "note": "own"}
    settings = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**settings, **own}))
    found = directions_of(folder, turned_rows(2, 4), names=("turn", "hue"), license="MIT")
    export(found, folder, tmp_path / "new")
    before, after = (json.loads((path / "config.json").read_text()) for path in (folder, tmp_path / "new"))
    record = after.pop("turned")
    assert after == before  # unknown keys, names of classes and the licence among them
    assert (record["of"], record["weights_sha256"]) == ("model", found.model["weights_sha256"])
    assert (record["directions"], record["coordinates"]) == (["turn", "hue"], [0, 1])
    saved = Directions.load(tmp_path / "new" / "directions.pt")
    assert torch.equal(saved.directions, torch.eye(4)[:2])
    assert (saved.names, saved.license, saved.truncation) == (("turn", "hue"), "MIT", 1.0)
    generator = load_generator(saved.model["name"], "mallard")
    assert generator.weights_sha256 == saved.model["weights_sha256"]
    assert generator.license == "MIT"


def test_an_unknown_licence_is_not_made_up(net: Path, tmp_path: Path) -> None:
    result = export(directions_of(net, turned_rows(1, 4)), net, tmp_path / "new")
    assert result.license.startswith("unknown")
    assert "license" not in json.loads((tmp_path / "new" / "config.json").read_text())


def test_turned_twice_is_turned_by_both(net: Path, tmp_path: Path) -> None:
    once = export(directions_of(net, turned_rows(2, 4)), net, tmp_path / "once")
    again = directions_of(once.folder, turned_rows(4, 4))
    export(again, once.folder, tmp_path / "twice")
    first, second = (
        torch.from_numpy(np.load(tmp_path / name / "rotation.npy")) for name in ("once", "twice")
    )
    z = torch.randn(2, 4, generator=torch.Generator().manual_seed(0)).double()
    old, new = load_generator(net, "0"), load_generator(tmp_path / "twice", "0")
    torch.testing.assert_close(new(z.float()), old((z @ second @ first).float()), rtol=0, atol=1e-4)


def test_a_bare_matrix_has_no_file_of_directions(net: Path, tmp_path: Path) -> None:
    torch.save(turned_rows(2, 4), tmp_path / "rows.pt")
    export(Directions.load(tmp_path / "rows.pt"), net, tmp_path / "new")
    assert sorted(contents(tmp_path / "new")) == [name for name in FILES if name != "directions.pt"]


def test_directions_of_another_model_are_refused(net: Path, tmp_path: Path) -> None:
    other = write_checkpoint(tmp_path / "other", z_dim=8, class_embed_dim=8)
    with pytest.raises(UsageError, match="8 numbers, and z of net has 4"):
        export(directions_of(other, turned_rows(1, 8)), net, tmp_path / "new")
    found = directions_of(net, turned_rows(1, 4))
    with pytest.raises(UsageError, match="other weights of"):
        export(replace(found, model={**found.model, "weights_sha256": "0" * 64}), net, tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_an_architecture_that_cannot_be_turned_is_refused(
    net: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Closed:
        """Another package's weights, without the members of Turnable."""

        def __init__(self, weights: registry.Weights) -> None:
            self.facts, self.state, self.sha256 = weights.facts, weights.state, weights.sha256
            self.freeze = weights.freeze

    found = directions_of(net, turned_rows(1, 4))
    whole = registry.read_weights
    monkeypatch.setattr("biggan_directions.generators.load.read_weights", lambda files: Closed(whole(files)))
    with pytest.raises(UsageError, match="net cannot be exported: its architecture has no way"):
        export(found, net, tmp_path / "new")


def test_the_models_own_folder_is_never_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_checkpoint(tmp_path / "model")
    found = directions_of(folder, turned_rows(1, 4))
    before = contents(folder)
    exported = export(found, folder, tmp_path / "new").folder
    again = directions_of(exported, turned_rows(1, 4))
    (tmp_path / "link").symlink_to(exported)
    monkeypatch.chdir(tmp_path)
    for out in (exported, tmp_path / "new" / ".." / "new", Path("new"), tmp_path / "link"):
        with pytest.raises(OutputError, match="the folder of the model itself"):
            export(again, exported, out, force=True)
    with pytest.raises(OutputError, match=r"holds config\.json, which export did not write"):
        export(found, folder, folder, force=True)
    assert contents(folder) == before


def test_the_cache_is_the_models_own_folder_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from biggan_directions.generators.weights import catalog, locating
    from tests.support.small_weights import small

    monkeypatch.setenv("BIGGAN_DIRECTIONS_CACHE", str(tmp_path / "cache"))
    entry = small()
    write_checkpoint(tmp_path / "cache" / entry.name)
    monkeypatch.setattr(catalog, "CATALOG", [*catalog.CATALOG, entry])
    found = directions_of(entry.name, turned_rows(1, 4))
    with pytest.raises(OutputError, match=r"which export did not write"):
        export(found, entry.name, locating.model_folder(entry), force=True)
    result = export(found, entry.name, tmp_path / "new")
    assert result.license == find_model(entry.name).license
    assert load_generator(tmp_path / "new", "0").license == "MIT"


@pytest.mark.parametrize(
    "name", ["config.json", "weights.safetensors", "other.bin", "G.pth", "checkpoint.pt", "directions.pt"]
)
def test_a_folder_with_something_else_is_refused_even_by_force(name: str, net: Path, tmp_path: Path) -> None:
    found = directions_of(net, turned_rows(1, 4))
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / name).write_text("{}")
    for force in (False, True):
        with pytest.raises(OutputError, match="which export did not write"):
            export(found, net, tmp_path / "taken", force=force)
    assert contents(tmp_path / "taken") == {name: b"{}"}


def test_an_earlier_export_is_replaced_by_force_alone(net: Path, tmp_path: Path) -> None:
    first, second = (directions_of(net, turned_rows(count, 4)) for count in (1, 2))
    export(first, net, tmp_path / "new")
    before = contents(tmp_path / "new")
    with pytest.raises(OutputError, match="replace it with --force"):
        export(second, net, tmp_path / "new")
    assert contents(tmp_path / "new") == before
    result = export(second, net, tmp_path / "new", force=True)
    assert len(Directions.load(tmp_path / "new" / "directions.pt")) == 2
    assert load_generator(tmp_path / "new", "0").weights_sha256 == result.weights_sha256
    # a kill between the removal of the old configuration and the new one's name
    (tmp_path / "new" / "config.json").unlink()
    with pytest.raises(OutputError, match="replace it with --force"):
        export(second, net, tmp_path / "new")
    export(second, net, tmp_path / "new", force=True)
    assert sorted(contents(tmp_path / "new")) == FILES


def test_a_full_disk_leaves_nothing_or_the_earlier_export(net: Path, tmp_path: Path) -> None:
    first, second = (directions_of(net, turned_rows(count, 4)) for count in (1, 2))
    with small_disk(tmp_path / "disk", 256 * 1024) as disk:
        (disk / "ballast").write_bytes(bytes(200 * 1024))
        with pytest.raises(OutputError, match="No space left"):
            export(first, net, disk / "new")
        assert not (disk / "new").exists()
        (disk / "ballast").unlink()
        export(first, net, disk / "new")
        before = contents(disk / "new")
        (disk / "ballast").write_bytes(bytes(20 * 1024))
        with pytest.raises(OutputError, match="No space left"):
            export(second, net, disk / "new", force=True)
        assert contents(disk / "new") == before


def test_a_name_of_the_catalog_means_the_folder(
    net: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = export(directions_of(net, turned_rows(1, 4)), net, "toybox")
    name = Directions.load("toybox/directions.pt").model["name"]
    assert load_generator(name, "0").weights_sha256 == result.weights_sha256


def test_the_papers_own_generator_is_turned_within_a_chunk_of_z(tmp_path: Path) -> None:
    folder = write_biggan(tmp_path / "paper")
    rows = torch.zeros(3, 12)
    rows[0, 9:12], rows[1, :3], rows[2, 9:12] = turned_rows(2, 3)[0], turned_rows(1, 3), turned_rows(2, 3)[1]
    result = export(directions_of(folder, rows), folder, tmp_path / "new")
    assert result.coordinates == (9, 0, 10)
    assert result.difference < 1e-4
    names = ["G_ema.pth", "config.json", "directions.pt", "rotation.npy"]
    assert sorted(contents(tmp_path / "new")) == names
    old, new = (load_generator(path, "all") for path in (folder, tmp_path / "new"))
    assert (new.classes, new.truncation) == (old.classes, old.truncation)
    rotation = torch.from_numpy(np.load(tmp_path / "new" / "rotation.npy"))
    w, index = torch.randn(3, 12, generator=torch.Generator().manual_seed(0)), torch.tensor([0, 2, 4])
    torch.testing.assert_close(new(w, index), old((w.double() @ rotation).float(), index), rtol=0, atol=1e-4)
    # without config.json it is still what other programs read: every tensor of the original is there
    state = torch.load(tmp_path / "new" / "G_ema.pth", weights_only=True)
    assert state.keys() == torch.load(folder / "G_ema.pth", weights_only=True).keys()
    mixed = torch.zeros(1, 12)
    mixed[0, 2:4] = 0.5**0.5
    published = directions_of(folder, mixed)  # which does not say of what weights it is
    published = replace(published, model={**published.model, "weights_sha256": ""})
    for found in (directions_of(folder, mixed), published):
        with pytest.raises(UsageError, match=r"direction 0 mixes parts of z .*0:3, 3:6"):
            export(found, folder, tmp_path / "other")
    assert not (tmp_path / "other").exists()


def test_a_model_of_another_kind_takes_the_place_of_an_earlier_export(net: Path, tmp_path: Path) -> None:
    export(directions_of(net, turned_rows(1, 4)), net, tmp_path / "new")
    paper = write_biggan(tmp_path / "paper")
    export(directions_of(paper, torch.eye(12)[:1]), paper, tmp_path / "new", force=True)
    assert load_generator(tmp_path / "new", "0").z_dim == 12
    assert "pytorch_model.bin" not in contents(tmp_path / "new")


def test_directions_at_some_layers_are_no_coordinates(net: Path, tmp_path: Path) -> None:
    found = directions_of(net, turned_rows(1, 4), layers=(0, 1))
    with pytest.raises(UsageError, match="act at the layers 0-1 alone"):
        export(found, net, tmp_path / "new")


@pytest.mark.slow
def test_learning_coordinates_on_it_finds_the_first_ones(tmp_path: Path) -> None:
    """With all that is live turned, the coordinates that do something are the directions."""
    car = load_generator("toybox", "car")
    settings = LearnSettings(ndirs=8, latents=4, survey_latents=8, score_latents=2)  # few, for time
    found = Directions.of(learn(car, settings), car, settings.seed)
    export(found, "toybox", tmp_path / "new")
    new = load_generator(tmp_path / "new", "car")
    coordinate = learn(new, LearnSettings(ndirs=8, solver="coordinate", survey_latents=8, score_latents=2))
    assert coordinate.directions.argmax(dim=1).sort().values.tolist() == list(range(8))
    torch.testing.assert_close(coordinate.directions.max(dim=1).values, torch.ones(8))
    # by far the strongest one first, as in the file
    assert int(coordinate.directions[0].argmax()) == 0


@pytest.mark.slow
def test_the_other_commands_take_the_folder_and_its_directions(net: Path, tmp_path: Path) -> None:
    directions_of(net, turned_rows(2, 4)).save(tmp_path / "directions.pt")
    done = typed("export", "directions.pt", "--out", "new", folder=tmp_path)
    assert done.code == 0, done.err
    for command in (
        ("models", "--check", "new"),
        ("score", "new/directions.pt", "--latents", "2", "--no-baselines"),
        ("render", "new/directions.pt", "--samples", "1", "--frames", "8"),
        (
            "learn",
            "--model",
            "new",
            "--class",
            "0",
            "--ndirs",
            "2",
            "--solver",
            "coordinate",
            "--out",
            "found",
        ),
    ):
        done = typed(*command, folder=tmp_path)
        assert done.code == 0, done.err
