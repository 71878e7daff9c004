"""One call loads any model; the models of the catalog and of other architectures have tests of their own."""

import json
from pathlib import Path

import pytest
import torch

from biggan_directions.errors import FileFormatError
from biggan_directions.generators.biggan_deep.architecture import BigGANDeepWeights
from biggan_directions.generators.load import load_generator, model_facts, read_model
from biggan_directions.generators.weights.download import file_sha256
from tests.support.checkpoints import small_state, write_checkpoint


def test_a_folder(tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path / "mine")
    loaded = read_model(str(folder))
    assert (loaded.name, loaded.facts.truncation) == ("mine", 0.4)
    assert loaded.license.startswith("unknown")
    assert loaded.sha256 == file_sha256(folder / "pytorch_model.bin")
    assert isinstance(loaded.weights, BigGANDeepWeights)
    assert all(torch.equal(loaded.weights.state[name], tensor) for name, tensor in small_state().items())


def test_a_folder_may_name_its_licence_and_the_truncation_that_suits_it(tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path / "mine")
    settings = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**settings, "license": "CC0-1.0", "truncation": 1}))
    loaded = read_model(folder)
    assert (loaded.license, loaded.facts.truncation, model_facts(folder).truncation) == ("CC0-1.0", 1.0, 1.0)
    assert load_generator(folder, "0").truncation == 1.0
    assert load_generator(folder, "0").license == "CC0-1.0"


@pytest.mark.parametrize("truncation", [0, 1.5, "1", True, [1]])
def test_a_truncation_that_is_none_is_refused(truncation: object, tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path / "mine")
    settings = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**settings, "truncation": truncation}))
    for read in (read_model, model_facts):
        with pytest.raises(FileFormatError, match=r"config\.json has truncation"):
            read(folder)
