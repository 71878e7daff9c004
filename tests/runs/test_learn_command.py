"""The command that learns directions anew, and the one that resumes a run."""

import inspect
import itertools
import shlex
from dataclasses import fields
from pathlib import Path

import pytest
from typer.testing import CliRunner

from biggan_directions import Directions, LearnRun, LearnSettings, load_generator
from biggan_directions.cli import app
from biggan_directions.commands.learn import learn
from biggan_directions.errors import UsageError
from biggan_directions.runs.learn_command import learn_command, only_in_python, resume_command
from biggan_directions.runs.observer import Note, RunProgress
from tests.commands.test_render import CAR, DUCK, of, render


def test_the_command_that_learns_says_what_is_not_usual(tmp_path: Path) -> None:
    solver = {
        "name": "adam",
        "search_space": "all",
        "search_dims": 32,
        "steps": 50,
        "lr": 0.01,
        "latents": LearnSettings().latents,
    }
    path = of(tmp_path, CAR, DUCK, solver=solver)
    words = shlex.split(learn_command(Directions.load(path), path))
    assert words == [
        *("biggan-directions", "learn", "--model", "toybox", "--class", "car", "--class", "duck"),
        *("--ndirs", "2", "--solver", "adam", "--search-space", "all", "--seed", "3"),
        *("--set", "steps=50"),
        *("--truncation", "1", "--out", str(tmp_path)),
    ]
    # and `learn` takes them
    dry = CliRunner().invoke(app, [*words[1:], "--dry-run"])
    assert dry.exit_code == 0, dry.output


def test_every_setting_that_learn_has_a_flag_for_is_told(tmp_path: Path) -> None:
    """Set to what is not usual; `--class`, `--model` and the like are told from elsewhere in the file."""
    flags = {field.name for field in fields(LearnSettings)} & set(inspect.signature(learn).parameters)
    flags -= {"options"}
    usual = LearnSettings()
    solver: dict[str, object] = {"name": "adam", "search_space": "0:8", "search_dims": 8, "layers": "0-2"}
    for name in flags - {"solver", "seed", "ndirs", *solver}:
        value = getattr(usual, name)
        solver[name] = 1 if value is None else value / 2 if isinstance(value, float) else value + 1
    path = of(tmp_path, CAR, solver=solver)
    words = shlex.split(learn_command(Directions.load(path), path))
    assert {word.lstrip("-").replace("-", "_") for word in words if word.startswith("--")} >= flags


@pytest.mark.parametrize(
    ("solver", "search_space", "own"),
    [
        ("jacobi", "active", {}),
        ("jacobi", "active", {"weighting": "plain", "blocks": (4, 8)}),
        ("adam", "0:8", {}),
        ("adam", "all", {"square": True, "steps": 5}),
        ("adam", "active", dict.fromkeys(("batch_size", "lr", "max_distance", "probes", "epsilon"), 7)),
        ("adam", "active", {"start": "first-order", "square": False}),
        ("random", "active", {}),
    ],
)
def test_the_solvers_own_settings_are_told_where_they_are_not_what_it_chooses(
    solver: str, search_space: str, own: dict[str, object], tmp_path: Path
) -> None:
    """And the command's words make the same settings."""
    settings = LearnSettings(ndirs=2, solver=solver, search_space=search_space, options=own)
    outline = settings.outline(z_dim=32, resolution=64)
    path = of(tmp_path, CAR, solver=settings.described(outline))
    words = shlex.split(learn_command(Directions.load(path), path))
    told = [word for flag, word in itertools.pairwise(words) if flag == "--set"]
    assert {word.split("=")[0] for word in told} == set(own)
    typed = dict(word.split("=", 1) for word in told)
    again = LearnSettings(ndirs=2, solver=solver, search_space=search_space, options=typed)
    assert again.described(outline) == settings.described(outline)


def test_the_command_of_a_solver_that_is_not_installed_leaves_its_settings_out(tmp_path: Path) -> None:
    path = of(tmp_path, CAR, solver={"name": "theirs", "search_space": "active", "depth": 3})
    words = shlex.split(learn_command(Directions.load(path), path))
    assert words[words.index("--solver") + 1] == "theirs"
    assert "--set" not in words


def test_settings_that_only_python_has_are_said_on_the_page(tmp_path: Path) -> None:
    solver = {
        "name": "jacobi",
        "search_space": "active",
        "search_dims": 12,
        "sketch": 512,
        "difference_epsilon": 0.1,
    }
    path = of(tmp_path, CAR, solver=solver)
    found = Directions.load(path)
    assert only_in_python(found) == {"sketch": 512}
    render(str(path))
    assert "LearnSettings(sketch=512)" in (tmp_path / "gallery.html").read_text()
    usual = LearnSettings(ndirs=2)
    outline = usual.outline(z_dim=32, resolution=64)
    assert only_in_python(Directions.load(of(tmp_path, CAR, solver=usual.described(outline)))) == {}


def stopped(folder: Path, settings: LearnSettings) -> Path:
    """The checkpoint of a run that was interrupted."""

    def stop(told: RunProgress | Note) -> None:
        if isinstance(told, RunProgress) and told.done == 2:
            raise KeyboardInterrupt

    run = LearnRun(folder, load_generator("toybox", "duck", device="cpu"), settings)
    with pytest.raises(KeyboardInterrupt):
        run.finish(observe=stop)
    return folder / "checkpoint.pt"


def test_the_command_of_a_checkpoint_resumes_the_run(tmp_path: Path) -> None:
    settings = LearnSettings(ndirs=1, latents=2, score_latents=2, seed=4, options={"hessian_latents": 3})
    words = shlex.split(resume_command(stopped(tmp_path / "an out", settings)))
    assert words == [
        *("biggan-directions", "learn", "--model", "toybox", "--class", "duck", "--ndirs", "1"),
        *("--seed", "4", "--latents", "2", "--score-latents", "2", "--set", "hessian_latents=3"),
        *("--truncation", "1", "--out", str(tmp_path / "an out"), "--resume"),
    ]
    done = CliRunner().invoke(app, [*words[1:], "--device", "cpu"])
    assert done.exit_code == 0, done.output
    assert (tmp_path / "an out" / "directions.pt").exists()


def test_a_program_s_run_is_resumed_by_the_program(tmp_path: Path) -> None:
    checkpoint = stopped(tmp_path, LearnSettings(ndirs=1, sketch=1024))
    with pytest.raises(UsageError, match=r"LearnSettings\(sketch=1024\): resume it by the program"):
        resume_command(checkpoint)
