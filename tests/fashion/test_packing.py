"""Packing a trained folder: the packed file draws the folder's images up to float16."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from biggan_directions import load_generator
from biggan_directions.errors import FileFormatError
from biggan_directions.fashion import shipped
from biggan_directions.fashion.packing import pack
from biggan_directions.runs.training_run import TrainRun
from biggan_directions.training.stock_weights import unpacked
from tests.support.picture_sets import TINY, image_set


def test_the_packed_file_has_the_folders_weights(tmp_path: Path) -> None:
    TrainRun(tmp_path / "run", image_set(), TINY).finish()
    size = pack(tmp_path / "run", tmp_path / "packed.safetensors")
    assert size == (tmp_path / "packed.safetensors").stat().st_size
    config, state = unpacked((tmp_path / "packed.safetensors").read_bytes())
    assert config["classes"] == ["bar", "post", "square"]
    torch.save(state, tmp_path / "run" / "pytorch_model.bin")
    z = torch.randn(4, 4, generator=torch.Generator().manual_seed(0))
    packed_images = load_generator(tmp_path / "run", "bar", truncation=1.0)(z)
    assert packed_images.std() > 0.01
    TrainRun(tmp_path / "again", image_set(), TINY).finish()
    images = load_generator(tmp_path / "again", "bar", truncation=1.0)(z)
    torch.testing.assert_close(packed_images, images, rtol=0, atol=0.02)
    assert not torch.equal(packed_images, images)


def test_a_folder_without_weights_is_said(tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match=r"config\.json"):
        pack(tmp_path, tmp_path / "packed.safetensors")
    done = subprocess.run(
        [sys.executable, "-m", "biggan_directions.fashion.packing", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, len(done.stderr.strip().splitlines())) == (1, 1)
    assert not (Path(shipped.__file__).parent / f".{shipped.WEIGHTS_FILE}").exists()
