"""Changes of image factors along directions that are known to move one of them."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from biggan_directions import CallableGenerator, load_generator
from biggan_directions.factor_records import IMAGE_FACTORS, OWN, REAL, ClassAgreement, FactorChanges
from biggan_directions.fashion.clothes import CLOTHES
from biggan_directions.fashion.shipped import FASHION
from biggan_directions.metrics.factor_changes import agreement, with_image_factors
from biggan_directions.metrics.scorecard import digest
from biggan_directions.scores import DirectionScore, Measure, Scorecard, SetScore, read_scores

KEYS = [factor.key for factor in IMAGE_FACTORS]


def draw(z: torch.Tensor, class_index: torch.Tensor | None = None) -> torch.Tensor:
    """A rectangle that z moves across, makes brighter and wider; class 1 swaps the first and third."""
    if class_index is not None:
        z = torch.where(class_index[:, None] == 1, z[:, [2, 1, 0, 3]], z)
    across, light, wide, _ = (torch.tanh(z / 2)[:, :, None, None]).unbind(1)
    columns = torch.linspace(-1, 1, 24)
    inside = torch.sigmoid((0.45 + 0.15 * wide - (columns - 0.3 * across).abs()) * 40)
    rows = torch.sigmoid((0.5 - columns.abs()) * 40)[:, None]
    return (-0.9 + (1.2 + 0.4 * light) * inside * rows)[:, None].expand(-1, 3, -1, -1)


def made(classes: int = 1) -> CallableGenerator:
    names = ("plain", "swapped", "third")[:classes]
    return CallableGenerator(draw, z_dim=4, resolution=24, name="rectangle", classes=names)


def card_of(generator: object, *sets: torch.Tensor) -> Scorecard:
    """A scorecard without any other measure."""
    unknown = Measure(value=None)
    blank = DirectionScore(
        effect=unknown, penalty=unknown, overlap=unknown, unevenness=unknown, steadiness=unknown
    )
    scored = [
        SetScore(solver=f"set {place}", directions=(blank,) * len(rows), paper_penalty=unknown)
        for place, rows in enumerate(sets)
    ]
    return Scorecard(
        sets=tuple(scored), directions_sha256=digest(sets[0]), model="m", classes=("c",), truncation=1.0,
        seed=0, latents=2, evaluations=100,
    )  # fmt: skip


def changes_of(card: Scorecard, place: int = 0) -> list[FactorChanges]:
    """What is said of each direction of a set."""
    found = [one.image_factors for one in card.sets[place].directions]
    assert None not in found
    return [one for one in found if one is not None]


def agreements_of(card: Scorecard) -> list[ClassAgreement]:
    found = [one.agreement for one in changes_of(card)]
    assert None not in found
    return [one for one in found if one is not None]


def change(found: FactorChanges, key: str) -> float:
    value = found.changes[KEYS.index(key)]
    assert value is not None
    return value


def test_a_direction_that_moves_one_factor_is_told_by_it() -> None:
    axes = torch.eye(4)
    card = with_image_factors(card_of(made(), axes, -axes[:1]), made(), [axes, -axes[:1]])
    found, (opposite,) = changes_of(card), changes_of(card, 1)
    assert [one.strongest for one in found] == ["across", "brightness", "width", None]
    shares = [one.selectivity or 0.0 for one in found]
    assert min(shares[:2]) > 0.9
    assert 0.4 < shares[2] < 0.6  # the area grows, too
    assert change(found[3], "width") == 0
    assert change(opposite, "across") == pytest.approx(-change(found[0], "across"))
    assert card.image_factors is not None
    assert card.image_factors.source == OWN
    assert card.image_factors.images == 64 + 16 * 2 * 5
    assert card.evaluations == 100 + card.image_factors.images


def test_the_changes_are_the_differences_in_spreads() -> None:
    """Across is 0.3 tanh(z / 2) / 2 of the image's side, by construction; the spread divides out."""
    axes = torch.eye(4)[:1]
    card = with_image_factors(card_of(made(), axes), made(), [axes])
    (found,), scale = changes_of(card), card.image_factors
    assert scale is not None
    index = KEYS.index("across")
    error, spread = found.errors[index], scale.spreads[index]
    assert error is not None
    assert 0.05 < change(found, "across") * spread < 0.3 / 2 / 2  # the slope of tanh(z / 2) is at most 1/2
    assert spread == pytest.approx(0.3 / 2 * 23 / 24 * 0.4, rel=0.25)  # tanh(z / 2) has a deviation of 0.4
    assert 0 < error < 0.1 * change(found, "across")
    assert found.changes[KEYS.index("height")] is None  # it never varies


def test_nothing_is_said_of_a_background_that_is_not_uniform() -> None:
    generator = load_generator("toybox", "car")
    rows = torch.eye(32)[:2]
    card = card_of(generator, rows)
    assert with_image_factors(card, generator, [rows]) == replace(card, evaluations=100 + 16)


def test_fashion_is_measured_by_the_spreads_of_real_photographs() -> None:
    generator, rows = load_generator("fashion", "dress"), torch.eye(32)[:1]
    scale = with_image_factors(card_of(generator, rows), generator, [rows]).image_factors
    assert FASHION.image_spreads is not None
    known = FASHION.image_spreads()
    assert scale is not None
    assert (scale.source, scale.images) == (REAL, 16 + 16 * 2)
    assert list(scale.spreads) == pytest.approx([known["dress"][key] for key in KEYS])
    assert [list(of_class) for of_class in known.values()] == [KEYS] * 10
    assert list(known) == list(CLOTHES)


def test_a_direction_that_means_something_else_in_one_class_is_told_by_that_class() -> None:
    axes, generator = torch.eye(4)[:3], made(3)
    card = with_image_factors(card_of(generator, axes), generator, [axes])
    swapped, light, _ = agreements_of(card)
    assert list(light.by_class) == ["plain", "swapped", "third"]
    assert light.mean > 0.9
    assert swapped.worst == "swapped"
    assert swapped.by_class["swapped"] == pytest.approx(0, abs=0.3)
    assert swapped.mean < 0.8
    assert card.image_factors is not None
    assert card.image_factors.latents == 16


def test_agreement_is_a_cosine_with_the_other_classes() -> None:
    class_index = torch.tensor([0, 1, 0, 1])
    same = torch.tensor([[1.0, 2.0]]).expand(4, 2)
    found = agreement(same, class_index, ("mug", "car"))
    assert found is not None
    assert found.mean == pytest.approx(1)
    opposite = same * torch.tensor([[1.0], [-1.0], [1.0], [-1.0]])
    found = agreement(opposite, class_index, ("mug", "car"))
    assert found is not None
    assert found.mean == pytest.approx(-1)
    gaps = same.clone()
    gaps[0, 0] = float("nan")  # the other latent of the class knows it
    found = agreement(gaps, class_index, ("mug", "car"))
    assert found is not None
    assert found.mean == pytest.approx(1)
    assert agreement(torch.zeros(4, 2), class_index, ("mug", "car")) is None


def test_the_figures_are_kept_in_the_scorecard(tmp_path: Path) -> None:
    axes, generator = torch.eye(4)[:3], made(3)
    card = with_image_factors(card_of(generator, axes), generator, [axes])
    assert read_scores(card.save(tmp_path), card.directions_sha256, 3) == card
