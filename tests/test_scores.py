"""The scorecard beside a file: read where it is of these directions, refused where it is not sound."""

import json
from pathlib import Path
from typing import Any

import pytest

from biggan_directions.errors import FileFormatError
from biggan_directions.scores import Measure, Scorecard, best, loose_words, read_scores, stability_words


def card(**changed: Any) -> dict[str, Any]:
    """A scorecard of two directions and one baseline."""

    def direction(effect: float, factor: str | None) -> dict[str, Any]:
        known = {"value": effect, "error": 0.01}
        rest = {
            key: {"value": 0.5, "error": None} for key in ("penalty", "overlap", "unevenness", "steadiness")
        }
        return {"effect": known, **rest, "recovery": 0.99 if factor else None, "factor": factor}

    sets = [
        {
            "solver": solver,
            "paper_penalty": {"value": 6.8, "error": 0.2},
            "directions": [direction(effect, factor), direction(effect / 2, None)],
        }
        for solver, effect, factor in (("jacobi", 0.2, "azimuth"), ("random", 0.1, None))
    ]
    return {
        "format": "biggan-directions/scorecard/1",
        "directions_sha256": "f" * 64,
        "model": "toybox",
        "classes": ["car"],
        "truncation": 1.0,
        "seed": 1,
        "latents": 16,
        "evaluations": 5000,
        "sets": sets,
        **changed,
    }


def test_means_are_over_what_is_known(tmp_path: Path) -> None:
    path = tmp_path / "scorecard.json"
    path.write_text(json.dumps(card()))
    scores = read_scores(path, "f" * 64, 2)
    assert scores is not None
    own, random = scores.sets
    assert own.mean("effect") == pytest.approx(0.15)
    assert own.mean("recovery") == 0.99
    assert random.mean("recovery") is None
    assert own.directions[0].factor == "azimuth"
    assert own.directions[0].measure("effect") == Measure(value=0.2, error=0.01)
    assert own.directions[0].measure("recovery") == Measure(value=0.99)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "scorecard.json"
    path.write_text(json.dumps(card(model="folder \udcff", notes=["SeFa is left out"])))
    first = read_scores(path, "f" * 64, 2)
    assert isinstance(first, Scorecard)
    assert first.model == "folder \udcff"  # a name that is not UTF-8, as Python has it
    assert first.save(tmp_path) == path
    assert read_scores(path, "f" * 64, 2) == first


def test_keys_that_are_new_are_passed_over(tmp_path: Path) -> None:
    content, path = card(new=1), tmp_path / "scorecard.json"
    content["sets"][0]["directions"][0]["new"] = {"value": 1}
    path.write_text(json.dumps(content))
    assert read_scores(path, "f" * 64, 2) is not None


def test_recovery_of_the_set_is_the_matched_one_where_it_was_measured(tmp_path: Path) -> None:
    content, path = card(), tmp_path / "scorecard.json"
    content["sets"][0]["recovery_mean"] = 0.8
    path.write_text(json.dumps(content))
    scores = read_scores(path, "f" * 64, 2)
    assert scores is not None
    assert scores.sets[0].mean("recovery") == 0.8


def test_a_scorecard_of_other_directions_is_none(tmp_path: Path) -> None:
    path = tmp_path / "scorecard.json"
    assert read_scores(path, "f" * 64, 2) is None
    path.write_text(json.dumps(card()))
    assert read_scores(path, "0" * 64, 2) is None


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[]", "not a scorecard"),
        (
            json.dumps(card(format="x")),
            'not a scorecard: format is "x", expected "biggan-directions/scorecard/1"',
        ),
        (json.dumps(card(sets=[])), "not of 2 directions"),
        (json.dumps(card(sets=3)), "damaged: sets is 3, expected a list"),
        (json.dumps(card(sets=[{}])), r"damaged: sets\[0\].solver is missing"),
        (json.dumps(card(latents=None)), "damaged: latents is null, expected a whole number"),
        (json.dumps(card(seed=True)), "damaged: seed is true, expected a whole number"),
        (json.dumps(card()).replace("0.99", '"0.99"'), r'recovery is "0\.99", expected a number'),
        (json.dumps(card()).replace("6.8", "true"), "paper_penalty.value is true, expected a number"),
        (json.dumps(card()).replace("6.8", "NaN"), "paper_penalty.value is NaN, expected a number"),
        (json.dumps(card()).replace("6.8", "1e999"), "paper_penalty.value is Infinity, expected a number"),
    ],
)
def test_a_damaged_scorecard_is_a_clear_error(content: str, says: str, tmp_path: Path) -> None:
    path = tmp_path / "scorecard.json"
    path.write_text(content)
    with pytest.raises(FileFormatError, match=says):
        read_scores(path, "f" * 64, 2)


def test_the_best_needs_something_to_be_compared_with() -> None:
    assert best([0.1, None, 0.3], "more") == 0.3
    assert best([0.1, None, 0.3], "less") == 0.1
    assert best([0.1, None], "more") is None
    assert best([0.1, 0.3], "") is None  # of effects none is the better one


def test_a_stability_below_the_bound_is_marked_and_never_looks_like_the_bound() -> None:
    assert stability_words(0.98) == "0.98"
    assert stability_words(0.979) == "0.979 !"
    assert stability_words(0.979, 0.9) == "0.98"
    assert stability_words(0.899, 0.9) == "0.899 !"


def test_directions_that_depend_on_the_latents_are_named_in_one_sentence() -> None:
    assert loose_words({0: 0.99, 1: None}) == ""
    assert loose_words({0: 0.5}, 0.5) == ""
    assert loose_words({0: 0.5, 1: 1.0, 3: 0.979, 4: 0.1}) == (
        "directions 0, 3 and 4 depend on the latents at which they were learnt (stability 0.50, 0.979, "
        "0.10): learn fewer directions (--ndirs), or at more latents (--latents, --budget)"
    )


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"changes": [0.1, 0.2]}, "its changes are not those of its image factors"),
        ({"agreement": {"mean": 0.1, "worst": "bag", "by_class": {}}}, "is damaged"),
    ],
)
def test_image_factors_that_do_not_fit_are_damage(tmp_path: Path, wrong: dict[str, Any], said: str) -> None:
    scale = {"factors": ["width"], "spreads": [0.1], "source": "real images", "latents": 16, "images": 208}
    content = card(image_factors=scale)
    whole = {"changes": [0.1], "errors": [0.01]}
    path = tmp_path / "scorecard.json"
    content["sets"][0]["directions"][0]["image_factors"] = whole
    path.write_text(json.dumps(content))
    assert read_scores(path, "f" * 64, 2) is not None
    content["sets"][0]["directions"][0]["image_factors"] = {**whole, **wrong}
    path.write_text(json.dumps(content))
    with pytest.raises(FileFormatError, match=said):
        read_scores(path, "f" * 64, 2)
