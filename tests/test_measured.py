"""Which figures are shown for a file: those of its own directions, on what they are shown on."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest
import torch

from biggan_directions import Directions
from biggan_directions.generators import Generator, ImageClass
from biggan_directions.measured import keep_scorecard, measured
from biggan_directions.metrics.scorecard import digest
from biggan_directions.scores import DirectionScore, Measure, Scorecard, SetScore
from tests.support.separable import Separable


def generator_of(name: str) -> Generator:
    generator = Separable()
    generator.classes = (ImageClass(0, name),)
    return generator


def card(found: Directions, generator: Generator, effect: float, latents: int = 16) -> Scorecard:
    """A scorecard of directions that all have one effect."""
    half = Measure(value=0.5)
    one = DirectionScore(
        effect=Measure(value=effect), penalty=half, overlap=half, unevenness=half, steadiness=half
    )
    return Scorecard(
        sets=(SetScore(solver="x", directions=(one,) * len(found), paper_penalty=half),),
        directions_sha256=digest(found.directions),
        model=generator.model,
        classes=tuple(item.name for item in generator.classes),
        truncation=generator.truncation,
        seed=0,
        latents=latents,
        evaluations=1,
    )


@pytest.fixture
def bare(tmp_path: Path) -> tuple[Directions, Path]:
    """A bare matrix and its file."""
    path = tmp_path / "mine.pt"
    torch.save(torch.eye(8)[:2], path)
    return Directions.load(path), path


def own(generator: Generator, path: Path) -> Directions:
    """A file with the same matrix, learnt on the generator's classes."""
    unknown = torch.full((2,), float("nan"))
    found = Directions(
        directions=torch.eye(8)[:2],
        names=("", ""),
        effect=unknown,
        penalty=unknown,
        model={"name": generator.model, "resolution": 8, "z_dim": 8, "weights_sha256": "0" * 64},
        classes=generator.classes,
        truncation=generator.truncation,
        seed=0,
        solver={"name": "coordinate"},
    )
    found.save(path)
    return found


def test_a_bare_matrix_shows_figures_only_on_the_class_they_were_measured_on(
    bare: tuple[Directions, Path],
) -> None:
    found, path = bare
    car, duck = generator_of("car"), generator_of("duck")
    keep_scorecard(card(found, car, 0.25), found, path, car)
    assert measured(found, path, car).effect[0].value == 0.25
    shown = measured(found, path, duck)
    assert shown.effect[0].value is None
    assert shown.scorecard is None
    assert "is of separable, car at truncation 1" in shown.note
    assert measured(found, path).effect[0].value == 0.25  # nothing is said of what it is shown on


def test_a_bare_matrix_shows_no_figures_of_another_model_or_truncation(
    bare: tuple[Directions, Path],
) -> None:
    found, path = bare
    car = generator_of("car")
    keep_scorecard(card(found, car, 0.25), found, path, car)
    for name, value in (("model", "other"), ("truncation", 0.5)):
        other = generator_of("car")
        setattr(other, name, value)
        assert measured(found, path, other).effect[0].value is None


def test_the_scorecard_of_another_class_is_replaced_and_named(bare: tuple[Directions, Path]) -> None:
    found, path = bare
    car, duck = generator_of("car"), generator_of("duck")
    keep_scorecard(card(found, car, 0.25, latents=64), found, path, car)
    keep_scorecard(card(found, duck, 0.5, latents=16), found, path, duck)
    assert measured(found, path, duck).effect[0].value == 0.5


def test_a_file_of_the_same_matrix_learnt_on_another_class_has_figures_of_its_own(tmp_path: Path) -> None:
    car, duck = generator_of("car"), generator_of("duck")
    first, second = own(car, tmp_path / "directions.pt"), own(duck, tmp_path / "duck.pt")
    keep_scorecard(card(first, car, 0.25), first, tmp_path / "directions.pt", car)
    assert measured(first, tmp_path / "directions.pt").effect[0].value == 0.25
    assert measured(second, tmp_path / "duck.pt").effect[0].value is None


def test_a_file_drawn_on_another_class_shows_no_figures(tmp_path: Path) -> None:
    car, duck = generator_of("car"), generator_of("duck")
    found = replace(own(car, tmp_path / "directions.pt"), effect=torch.ones(2))
    keep_scorecard(card(found, car, 0.25), found, tmp_path / "directions.pt", car)
    shown = measured(found, tmp_path / "directions.pt", duck)
    assert shown.effect[0].value is None
    assert "measured on car at truncation 1" in shown.note


def test_figures_name_the_file_that_they_are_from(tmp_path: Path) -> None:
    car = generator_of("car")
    found = own(car, tmp_path / "directions.pt")
    keep_scorecard(card(found, car, 0.25), found, tmp_path / "directions.pt", car)
    renamed = tmp_path / "renamed.pt"
    found.save(renamed)
    assert measured(found, renamed).source == "scorecard.json"
    kept = keep_scorecard(card(found, car, 0.5, latents=8), found, renamed, car)
    assert not kept.written
    assert kept.path == tmp_path / "scorecard.json"


def test_what_was_replaced_is_told(bare: tuple[Directions, Path]) -> None:
    found, path = bare
    car = generator_of("car")
    first = card(found, car, 0.25)
    assert keep_scorecard(first, found, path, car).earlier is None
    kept = keep_scorecard(card(found, car, 0.5), found, path, car)
    assert kept.written
    assert kept.earlier is not None
    assert asdict(kept.earlier) == asdict(first)


def test_the_damaged_scorecard_of_another_file_is_not_this_ones_problem(
    bare: tuple[Directions, Path],
) -> None:
    found, path = bare
    path.with_name("scorecard.json").write_text("{")
    assert measured(found, path).note == ""
    path.with_name("mine.pt.scorecard.json").write_text("{")
    assert "mine.pt.scorecard.json" in measured(found, path).note
    assert keep_scorecard(card(found, generator_of("car"), 0.5), found, path).written
    assert json.loads(path.with_name("mine.pt.scorecard.json").read_text())["latents"] == 16
