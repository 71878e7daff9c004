"""The command line in several processes: one prints and writes, the files are those of one process."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import torch

from biggan_directions.directions import Directions
from tests.support.forked_groups import command, run_groups


def _same(first: Path, second: Path, *names: str) -> None:
    for name in names:
        assert (first / name).read_bytes() == (second / name).read_bytes(), name


def test_learn_and_score_print_once_and_write_what_one_process_writes(net: Path, tmp_path: Path) -> None:
    learn = ("learn", "--model", str(net), "--class", "1", "--ndirs", "2", "--latents", "9", "--json")
    adam = (*learn, "--solver", "adam", "--set", "steps=3", "--set", "batch_size=10")
    score = ("score", "jacobi1/directions.pt", "--latents", "4", "--seeds", "1", "--json")
    jobs = [
        command(1, *learn, "--out", "jacobi1"),
        command(2, *learn, "--out", "jacobi2"),
        command(1, *adam, "--out", "adam1"),
        command(3, *adam, "--out", "adam3"),
        command(1, *score),
        command(2, *score),
    ]
    ran = run_groups(tmp_path, *jobs)
    for started, job in zip(jobs, ran, strict=True):
        assert job.codes == [0] * started.size, job.err
        json.loads(job.out)  # one process has printed
    for one, several in (("jacobi1", "jacobi2"), ("adam1", "adam3")):
        _same(tmp_path / one, tmp_path / several, "directions.pt")
        assert sorted(os.listdir(tmp_path / several)) == ["directions.pt", "scorecard.json"]
    _same(tmp_path / "adam1", tmp_path / "adam3", "scorecard.json")
    assert ran[4].out == ran[5].out


def test_every_class_has_a_file_and_a_stopped_run_goes_on_in_more_processes(
    net: Path, tmp_path: Path
) -> None:
    """And each file is that of the class learnt alone."""
    each = ("learn", "--model", str(net), "--ndirs", "2", "--latents", "2", "--per-class", "--out", "all")
    first, refused, rest, nothing, other, alone = run_groups(
        tmp_path,
        command(1, *each, "--class", "0"),
        command(2, *each, "--class", "all"),
        command(2, *each, "--class", "all", "--resume", "--json"),
        command(3, *each, "--class", "all", "--resume"),
        command(3, *each, "--class", "all", "--resume", "--seed", "1"),
        command(2, *each[:-3], "--class", "2", "--out", "alone"),
    )
    names = sorted(os.listdir(tmp_path / "all"))
    assert len(names) == 3
    assert first.codes == [0], first.err
    assert first.out == "1 classes have their directions in all: 1 of them were learnt now\n"
    assert refused.codes[0] == 1
    assert refused.err == (
        f"error: all/{names[0]}/directions.pt already exists: choose another folder with --out, or replace "
        "the file with --force\n"
    )
    assert rest.codes == [0, 0], rest.err
    paths = [f"all/{name}/directions.pt" for name in names]
    assert json.loads(rest.out) == {"paths": paths, "new": 2, "left_out": []}
    assert nothing.out == "3 classes have their directions in all: 0 of them were learnt now\n"
    assert other.codes[0] == 2
    assert "seed 0, not 1" in other.err
    assert alone.codes == [0, 0]
    _same(tmp_path / "alone", tmp_path / "all" / names[2], "directions.pt", "scorecard.json")
    assert [item.index for item in Directions.load(tmp_path / paths[1]).classes] == [1]


def test_a_class_that_cannot_be_drawn_is_told_and_left_out(net: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(net, broken)
    state = torch.load(broken / "pytorch_model.bin", weights_only=True)
    state["embeddings.weight"][:, 1] = 3e38
    torch.save(state, broken / "pytorch_model.bin")
    each = ("--ndirs", "2", "--latents", "2", "--per-class", "--out", "all")
    (ran,) = run_groups(
        tmp_path, command(2, "learn", "--model", str(broken), "--class", "all", *each, "--json")
    )
    assert ran.codes[0] == 1
    said = json.loads(ran.out)
    assert said["new"] == 2
    assert said["paths"] == [f"all/{name}/directions.pt" for name in sorted(os.listdir(tmp_path / "all"))]
    note, error = ran.err.splitlines()
    assert note.startswith(
        f"note: {said['left_out'][0]} is left out: the generator drew an image that is not"
    )
    assert error == f"error: 1 of 3 classes were left out: {said['left_out'][0]}"


def test_render_writes_the_pictures_of_one_process_and_goes_on_in_several(net: Path, tmp_path: Path) -> None:
    """The same files to the last byte; and those that are there are not drawn again."""
    two = ("--class", "1", "--class", "2")
    learn = ("learn", "--model", str(net), *two, "--ndirs", "2", "--solver", "random")
    render = ("render", "here/directions.pt", "--samples", "3", "--frames", "12", "--out")
    _, one, three = run_groups(
        tmp_path,
        command(1, *learn, "--latents", "1", "--out", "here"),
        command(1, *render, "out"),
        command(3, *render, "three", "--json"),
    )
    assert one.codes == [0], one.err
    assert three.codes == [0, 0, 0], three.err
    assert len(json.loads(three.out)) == 4
    shutil.copytree(tmp_path / "out", tmp_path / "one")
    _same(tmp_path / "one", tmp_path / "three", "sheet.png", "direction_00.gif", "direction_01.gif")
    (tmp_path / "out" / "direction_01.gif").unlink()
    resumed, again = run_groups(
        tmp_path, command(2, *render, "out", "--resume", "--json"), command(2, *render, "out", "--resume")
    )
    assert resumed.codes == [0, 0], resumed.err
    kept = {Path(file["path"]).name: file["kept"] for file in json.loads(resumed.out)}
    assert not kept["direction_01.gif"]
    assert "nothing to do" in again.out
    names = sorted(os.listdir(tmp_path / "one"))
    assert names == sorted(os.listdir(tmp_path / "out"))
    _same(tmp_path / "one", tmp_path / "out", *names)


def test_bad_input_is_one_sentence_however_many_processes(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    car = ("--model", "toybox", "--class", "car", "--ndirs", "2")
    cases: list[tuple[tuple[str, ...], int, str]] = [
        (("learn", "--model", "toybox", "--class", "cat"), 2, "cat"),
        (("learn", *car, "--ndirs", "99"), 2, "99"),
        (("learn", *car, "--out", "taken"), 1, "is not a folder"),
        (("score", "nosuch.pt"), 1, "nosuch.pt"),
        (("inspect", "nosuch.pt"), 1, "nosuch.pt"),
    ]
    jobs = [command(3, *arguments) for arguments, _, _ in cases]
    for ran, (arguments, code, says) in zip(run_groups(tmp_path, *jobs), cases, strict=True):
        assert ran.codes[0] == code, arguments
        assert ran.err.startswith("error: "), arguments
        assert ran.err.count("\n") == 1, ran.err
        assert says in ran.err
        assert not ran.out
