"""--compile: the same directions where there is a compiler, one clear sentence where there is none."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from biggan_directions import Directions, LearnSettings, learn, load_generator
from biggan_directions.generators.biggan_deep.frozen_biggan import FrozenBigGAN
from biggan_directions.runs.learn_command import learn_command
from tests.support.checkpoints import write_checkpoint
from tests.support.elsewhere import Done, typed

LEARN = ("learn", "--model", "./mine", "--class", "1", "--ndirs", "2", "--search-space", "all")
RENDER = ("render", "mine.pt", "--model", "./mine", "--class", "1")


def run(folder: Path, *arguments: str, **environment: str) -> Done:
    # a cache of its own: what another run has compiled would need no compiler
    own = str(folder / "inductor")
    return typed(*arguments, folder=folder, TORCHINDUCTOR_CACHE_DIR=own, **environment)


@pytest.mark.slow
@pytest.mark.skipif(not (shutil.which("g++") or shutil.which("clang++")), reason="no C++ compiler here")
def test_compiled_it_draws_the_same(tmp_path: Path) -> None:
    write_checkpoint(tmp_path / "mine")
    torch.save(torch.eye(4)[:2], tmp_path / "mine.pt")
    sheets = []
    for options in ((), ("--compile",)):
        done = run(tmp_path, *RENDER, "--samples", "2", "--frames", "4", "--no-labels", *options)
        assert done.code == 0, done.err
        sheets.append(np.asarray(Image.open(tmp_path / "sheet.png"), dtype=int))
    assert sheets[0].std() > 1
    assert abs(sheets[0] - sheets[1]).max() <= 2  # of 255, where a half is rounded the other way


def test_a_file_says_that_it_was_learnt_compiled() -> None:
    toybox = load_generator("toybox", "car")
    assert isinstance(toybox, FrozenBigGAN)
    solution = learn(toybox, LearnSettings(ndirs=1, solver="random", latents=1))
    assert "forward pass" not in Directions.of(solution, toybox, 0).made_with
    toybox.compile(backend="eager")
    found = Directions.of(solution, toybox, 0)
    assert found.made_with["forward pass"] == "compiled"
    assert "--compile" in learn_command(found, Path("directions.pt"))


@pytest.mark.parametrize("command", [LEARN, (*LEARN, "--dry-run"), RENDER])
def test_without_a_compiler_it_says_so_and_writes_nothing(command: tuple[str, ...], tmp_path: Path) -> None:
    write_checkpoint(tmp_path / "mine")
    torch.save(torch.eye(4)[:2], tmp_path / "mine.pt")
    before = sorted(tmp_path.rglob("*"))
    done = run(tmp_path, *command, "--compile", PATH=str(tmp_path / "empty"), CXX="")
    assert done.code == 2, done.err
    assert "install a C++ compiler such as g++, or leave out --compile" in done.err
    assert "Traceback" not in done.err
    assert [path for path in sorted(tmp_path.rglob("*")) if "inductor" not in path.parts] == before


def test_what_is_there_already_is_said_before_minutes_of_compiling(tmp_path: Path) -> None:
    write_checkpoint(tmp_path / "mine")
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "directions.pt").write_bytes(b"mine")
    done = run(tmp_path, *LEARN, "--out", "kept", "--compile")
    assert done.code == 1
    assert "already exists" in done.err
    assert "compiling" not in done.err
