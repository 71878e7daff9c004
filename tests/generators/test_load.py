"""One call loads any model; the models of the catalog and of other architectures have tests of their own."""

from pathlib import Path

import torch

from biggan_directions.generators.biggan_deep.architecture import BigGANDeepWeights
from biggan_directions.generators.load import read_model
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
