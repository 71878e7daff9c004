"""``train --from``: which networks are taken, and the runs that begin with them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from biggan_directions.errors import UsageError
from biggan_directions.generators.load import read_model
from biggan_directions.runs.begin_from import begin_from
from biggan_directions.runs.training_run import TrainRun
from biggan_directions.training.regulariser import RegulariserSettings
from tests.support.elsewhere import typed
from tests.support.picture_sets import TINY, TINY_FLAGS, image_set, write_npz


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that train wrote, with the pictures beside it."""
    folder = tmp_path_factory.mktemp("trained")
    TrainRun(folder / "mine", image_set(), TINY).finish()
    write_npz(folder / "a.npz")
    return folder


def test_a_folder_of_train_gives_both_networks_any_other_the_generator(trained: Path, tmp_path: Path) -> None:
    both = begin_from(str(trained / "mine"))
    assert both.discriminator is not None
    assert both.statistics is None
    (tmp_path / "copy").mkdir()
    for name in ("config.json", "pytorch_model.bin"):
        (tmp_path / "copy" / name).write_bytes((trained / "mine" / name).read_bytes())
    alone = begin_from(str(tmp_path / "copy"))
    assert alone.discriminator is None
    assert alone.statistics is not None
    assert alone.classes == image_set().names
    with pytest.raises(UsageError, match="there is no model 'nosuch'"):
        begin_from("nosuch")


def test_a_run_that_begins_so_is_resumed_with_the_same_alone(trained: Path, tmp_path: Path) -> None:
    beginning = begin_from(str(trained / "mine"))
    penalty = RegulariserSettings(weight=None)
    settings = replace(TINY, steps=2, decay=0.0, seed=8)
    longer = replace(settings, steps=4)
    TrainRun(tmp_path / "a", image_set(), settings, beginning=beginning, penalty=penalty).finish()
    TrainRun(tmp_path / "a", image_set(), longer, beginning=beginning, penalty=penalty).finish(resume=True)
    TrainRun(tmp_path / "b", image_set(), longer, beginning=beginning, penalty=penalty).finish()
    for name in ("pytorch_model.bin", "training.json"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    account = json.loads((tmp_path / "a" / "training.json").read_bytes())
    assert account["beginning"] == {"model": beginning.name, "sha256": beginning.sha256}
    with pytest.raises(UsageError, match=r"made with beginning .*mine.* not nothing"):
        TrainRun(tmp_path / "a", image_set(), longer, penalty=penalty).finish(resume=True)
    with pytest.raises(UsageError, match="has width 4, but the settings say 8: leave width out"):
        TrainRun(tmp_path / "c", image_set(), replace(TINY, width=8), beginning=beginning)


def test_the_statistics_of_weights_stay_those_that_they_had(trained: Path, tmp_path: Path) -> None:
    (tmp_path / "copy").mkdir()
    for name in ("config.json", "pytorch_model.bin"):
        (tmp_path / "copy" / name).write_bytes((trained / "mine" / name).read_bytes())
    beginning = begin_from(str(tmp_path / "copy"))
    TrainRun(tmp_path / "new", image_set(), replace(TINY, steps=3), beginning=beginning).finish()
    before, after = (read_model(path).weights.state for path in (tmp_path / "copy", tmp_path / "new"))
    changed = [name for name in before if not torch.equal(before[name], after[name])]
    assert not any("running" in name for name in changed)
    assert "generator.gen_z.weight_orig" in changed


def test_a_run_that_kept_statistics_is_begun_from_by_its_model_alone(trained: Path, tmp_path: Path) -> None:
    for folder in ("copy", "again"):
        (tmp_path / folder).mkdir()
    names = ("config.json", "pytorch_model.bin")
    for name in names:
        (tmp_path / "copy" / name).write_bytes((trained / "mine" / name).read_bytes())
    settings = replace(TINY, steps=2)
    TrainRun(tmp_path / "new", image_set(), settings, beginning=begin_from(str(tmp_path / "copy"))).finish()
    with pytest.raises(UsageError, match="new was trained with the batch statistics of the weights that"):
        begin_from(str(tmp_path / "new"))
    for name in names:
        (tmp_path / "again" / name).write_bytes((tmp_path / "new" / name).read_bytes())
    assert begin_from(str(tmp_path / "again")).statistics is not None
    # a run that began with a checkpoint has batch normalisation, and can be begun from
    TrainRun(tmp_path / "both", image_set(), settings, beginning=begin_from(str(trained / "mine"))).finish()
    assert begin_from(str(tmp_path / "both")).discriminator is not None


def test_as_it_is_typed(trained: Path) -> None:
    flags = (*TINY_FLAGS[:6], "--set", "micro_batch=4", "--set", "statistics=8")  # sizes are those of mine
    names = ("--class-names", "bar,post,square")
    train = ("train", "a.npz", "--from", "mine", "--out", "tuned", *flags, *names)
    done = typed(*train, "--hessian-penalty", "auto:0.05", "--penalty-reduction", "mean", folder=trained)
    assert done.code == 0, done.err
    assert "wrote tuned: 6 steps" in done.out
    done = typed("train", "a.npz", "--from", "mine", "--out", "mine", "--force", *flags, folder=trained)
    assert (done.code, "--from and --out are both mine" in done.err) == (2, True)
    done = typed("train", "a.npz", "--from", "mine", "--out", "x", *flags, "--set", "width=8", folder=trained)
    assert (done.code, "mine has width 4" in done.err) == (2, True)
    assert (trained / "mine" / "checkpoint.pt").exists()
