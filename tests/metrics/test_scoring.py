"""Measures against generators whose answers are known."""

import json
import math

import pytest
import torch

from biggan_directions.errors import GeneratorError, UsageError
from biggan_directions.generators import ImageClass
from biggan_directions.generators.capabilities import TrueDirections
from biggan_directions.learning.run import learn
from biggan_directions.learning.settings import LearnSettings
from biggan_directions.metrics.scorecard import digest, remarks, root_mean_measure
from biggan_directions.metrics.scoring import score
from biggan_directions.metrics.settings import BASELINES, ScoreSettings
from biggan_directions.penalty import hessian_penalty_along
from biggan_directions.scores import DirectionScore, Measure, SetScore
from tests.support.oracles import all_probes, quadratic, random_orthogonal
from tests.support.separable import Separable

ALONE = ScoreSettings(latents=4, baselines=())


class Quadratic:
    """Pictures of 12 numbers, each a quadratic in z: its derivatives are exact."""

    model, resolution, truncation, weights_sha256, license = "quadratic", 2, 1.0, "0" * 64, "MIT"
    device, z_dim = torch.device("cpu"), 5
    classes: tuple[ImageClass, ...] = (ImageClass(0, "one"),)

    def __init__(self) -> None:
        self.f, self.hessians = quadratic(5, 12)

    def __call__(self, z: torch.Tensor, class_index: torch.Tensor | None = None) -> torch.Tensor:
        return self.f(z.double()).reshape(-1, 3, 2, 2).float()


class Known(Separable):
    """A generator that knows its true directions."""

    def __init__(self) -> None:
        super().__init__()
        names = tuple(f"factor {index}" for index in range(5))
        self.true_directions = TrueDirections(names, self.truth.float())


def test_the_true_directions_of_a_separable_generator_score_as_such() -> None:
    generator = Known()
    names = generator.true_directions.names
    card = score(generator, generator.truth, settings=ALONE)
    (scored,) = card.sets
    assert scored.recovery_min == pytest.approx(1, abs=1e-5)
    assert [direction.factor for direction in scored.directions] == list(names)
    for direction in scored.directions:
        assert direction.penalty.value is not None
        assert direction.penalty.value < 1e-3
    (remark,) = remarks(scored)
    assert remark.startswith("all directions do something, and they are different (largest overlap 0.")


def test_the_penalty_is_that_of_the_known_hessians() -> None:
    generator = Quadratic()
    q = random_orthogonal(5, seed=3)
    (scored,) = score(generator, q[:2], settings=ALONE).sets
    squares = (q @ generator.hessians @ q.T).square().sum(dim=0)
    expected = [float((squares[i].sum() - squares[i, i]) / squares[i].sum()) for i in range(2)]
    assert [direction.penalty.value for direction in scored.directions] == pytest.approx(expected, rel=2e-3)


def test_the_papers_penalty_is_that_of_the_estimator_over_all_sign_vectors() -> None:
    generator = Quadratic()
    q = random_orthogonal(5, seed=3)[:3]
    (scored,) = score(generator, q, settings=ALONE).sets
    probes = all_probes(1, 3)
    unbiased = hessian_penalty_along(
        lambda z: generator.f(z), torch.zeros(1, 5, dtype=torch.float64), q, probes=probes
    )
    assert scored.paper_penalty.value == pytest.approx(unbiased.item() * 7 / 8, rel=2e-3)


class Linear(Quadratic):
    """A picture that is linear in z: even and steady by construction."""

    def __init__(self) -> None:
        self.weight = torch.randn(5, 12, generator=torch.Generator().manual_seed(0)) * 0.1

    def __call__(self, z: torch.Tensor, class_index: torch.Tensor | None = None) -> torch.Tensor:
        return (z @ self.weight).reshape(-1, 3, 2, 2)


def test_a_linear_picture_is_even_and_steady_and_its_effects_are_its_slopes() -> None:
    generator = Linear()
    q = torch.eye(5)[:2]
    (scored,) = score(generator, q, settings=ALONE).sets
    slopes = generator.weight[:2].square().mean(dim=1).sqrt()
    cosine = abs(torch.nn.functional.cosine_similarity(generator.weight[0], generator.weight[1], dim=0))
    for index, direction in enumerate(scored.directions):
        assert direction.effect.value == pytest.approx(slopes[index].item(), rel=1e-3)
        assert direction.unevenness.value == pytest.approx(0, abs=1e-3)
        assert direction.steadiness.value == pytest.approx(1, abs=1e-3)
        assert direction.overlap.value == pytest.approx(cosine.item(), abs=2e-3)


def test_a_dead_direction_has_an_effect_of_nothing_and_no_angle_or_share() -> None:
    generator = Separable(z_dim=12, factors=5)
    dead = torch.linalg.svd(generator.truth)[2][5:6]  # outside the span of the truth
    card = score(generator, torch.cat([generator.truth[:1], dead]), settings=ALONE)
    alive, other = card.sets[0].directions
    assert alive.overlap.value is not None
    assert other.effect.value is not None
    assert other.effect.value < 1e-3
    assert other.penalty == other.overlap == other.unevenness == other.steadiness == Measure(value=None)
    assert any("direction 1 hardly does anything" in remark for remark in remarks(card.sets[0]))


def test_the_scorecard_is_plain_json_and_says_which_directions_it_is_of() -> None:
    generator = Separable()
    card = score(generator, generator.truth[:2], settings=ScoreSettings(latents=2))
    content = json.loads(json.dumps(card.as_json(), allow_nan=False))
    assert content["directions_sha256"] == digest(generator.truth[:2])
    assert digest(generator.truth[:2]) != digest(generator.truth[1:3])
    # this generator does not show its weights: SeFa is left out, and said so
    assert [item["solver"] for item in content["sets"]] == ["directions", *BASELINES[:-1]]
    assert card.notes == (
        "sefa is left out: sefa needs the weights that z meets, and this generator has no latent_weights()",
    )


def test_the_same_seed_gives_the_same_scorecard_and_another_seed_another() -> None:
    generator = Separable(classes=3)
    first, again = (score(generator, generator.truth[:2], settings=ALONE) for _ in range(2))
    other = score(generator, generator.truth[:2], settings=ScoreSettings(latents=4, baselines=(), seed=1))
    assert first == again
    assert first.sets != other.sets


def test_the_error_of_a_root_is_that_of_leaving_one_out() -> None:
    part = 0.3 + 0.1 * torch.rand(200, generator=torch.Generator().manual_seed(0)).double()
    roots = torch.tensor([float(((part.sum() - part[i]) / (len(part) - 1)).sqrt()) for i in range(len(part))])
    jackknife = float(((roots - roots.mean()).square().sum() * (len(roots) - 1) / len(roots)).sqrt())
    assert root_mean_measure(part).error == pytest.approx(jackknife, rel=0.02)


def _set(*directions: tuple[float, float | None, int | None]) -> SetScore:
    """A set of directions of these effects, overlaps, and with whom."""
    half = Measure(value=0.5)
    return SetScore(
        solver="set",
        directions=tuple(
            DirectionScore(
                effect=Measure(value=effect),
                penalty=half,
                overlap=Measure(value=overlap),
                unevenness=half,
                steadiness=half,
                overlap_with=other,
            )
            for effect, overlap, other in directions
        ),
        paper_penalty=half,
    )


@pytest.mark.parametrize(
    ("scored", "says"),
    [
        (
            _set((1, 0.74, 1), (1, 0.74, 0)),
            ["directions 0 and 1 are partly the same (overlap 0.74): look at them beside each other"],
        ),
        (_set((1, 0.8, 1), (1, 0.8, 0)), ["directions 0 and 1 are nearly the same (overlap 0.80)"]),
        (_set((1, 0.5, 1), (1, 0.5, 0)), ["directions 0 and 1 are partly the same (overlap 0.50)"]),
        (
            _set((1, 0.49, 1), (0.05, 0.49, 0)),
            ["all directions do something, and they are different (largest overlap 0.49)"],
        ),
        (
            _set((1, 0.1, 1), (0.049, 0.1, 0)),
            ["direction 1 hardly does anything: effect 0.049, 5% of the strongest"],
        ),
        (
            _set((1, 0.9, 2), (1, 0.6, 0), (1, 0.9, 0)),
            ["directions 0 and 2 are nearly", "directions 0 and 1 are partly"],
        ),
        (_set((1, None, None)), []),
    ],
)
def test_words_follow_bounds(scored: SetScore, says: list[str]) -> None:
    found = remarks(scored)
    assert len(found) == len(says)
    assert all(words in remark for words, remark in zip(says, found, strict=True))


def test_a_set_that_does_little_as_a_whole_is_told_by_the_search_space() -> None:
    weak = _set((0.04, 0.1, 1), (0.04, 0.1, 0))
    assert remarks(weak)[0].startswith("all directions do something")
    found = remarks(weak, 1.0)
    assert [words.split(":")[0] for words in found] == [
        "direction 0 hardly does anything", "direction 1 hardly does anything",
    ]  # fmt: skip
    card = score(Separable(), Separable().truth[:2], settings=ALONE)
    assert card.strongest == pytest.approx(max(card.sets[0].values("effect")), rel=0.5)


def test_sets_are_measured_beside_each_other_at_the_same_latents() -> None:
    generator = Separable()
    others = [("turned", generator.truth[1:4]), ("again", generator.truth[:2])]
    settings = ScoreSettings(latents=2, baselines=("coordinate",))
    card = score(generator, generator.truth[:2], solver="first", settings=settings, others=others)
    assert [item.solver for item in card.sets] == ["first", "turned", "again", "coordinate"]
    assert [len(item.directions) for item in card.sets] == [
        2,
        3,
        2,
        3,
    ]  # a baseline is as large as the largest
    assert card.sets[0].directions == card.sets[2].directions
    with pytest.raises(UsageError, match="whose z has 12"):
        score(generator, generator.truth[:2], settings=settings, others=[("bad", torch.eye(5))])


def test_the_truth_is_the_generators_where_it_knows_it() -> None:
    (scored,) = score(Known(), Known().truth[:2], settings=ALONE).sets
    assert [direction.factor for direction in scored.directions] == ["factor 0", "factor 1"]
    (scored,) = score(Separable(), Known().truth[:2], settings=ALONE).sets
    assert [direction.factor for direction in scored.directions] == [None, None]


def test_bad_input() -> None:
    generator = Separable()
    with pytest.raises(UsageError, match="whose z has 12"):
        score(generator, torch.eye(5))


@pytest.mark.parametrize(("name", "images"), [("jacobi", 4 * 45), ("adam", 1000 * 32 * 4 + 1)])
def test_a_baseline_that_draws_images_of_its_own_is_refused_before_any_is_drawn(
    name: str, images: int
) -> None:
    generator = Separable()
    settings = ScoreSettings(latents=4, baselines=("random", name))
    with pytest.raises(UsageError, match=f"{name} cannot be a baseline, since it draws {images:,} images"):
        score(generator, generator.truth[:4], settings=settings)
    assert generator.drawn == 0


def test_baselines_are_the_solvers_results_on_the_scorings_own_survey() -> None:
    """Random directions depend on the seed and the block alone: they are those of learning with that seed."""
    generator = Separable()
    learnt = learn(generator, LearnSettings(ndirs=3, solver="random", search_space="2:9", latents=2, seed=5))
    settings = ScoreSettings(latents=2, baselines=("random",), seed=5)
    card = score(generator, learnt.directions, search_space="2:9", settings=settings)
    own, baseline = card.sets
    effects = [sorted(item.values("effect")) for item in (own, baseline)]
    assert effects[0] == pytest.approx(effects[1], rel=1e-4)


class Broken(Linear):
    def __call__(self, z: torch.Tensor, class_index: torch.Tensor | None = None) -> torch.Tensor:
        return super().__call__(z, class_index) * math.nan


def test_pictures_that_are_not_finite_are_refused() -> None:
    with pytest.raises(GeneratorError, match="not finite"):
        score(Broken(), torch.eye(5)[:2], settings=ALONE)
