"""Measures against generators whose answers are known."""

import json
import math
from dataclasses import replace

import pytest
import torch

from biggan_directions import load_generator
from biggan_directions.directions import Directions
from biggan_directions.errors import GeneratorError, UsageError
from biggan_directions.generators import ImageClass
from biggan_directions.generators.capabilities import KnownTruth, TrueDirections
from biggan_directions.learning.run import learn
from biggan_directions.learning.settings import LearnSettings
from biggan_directions.metrics.scorecard import digest, linear_remarks, remarks, root_mean_measure
from biggan_directions.metrics.scoring import score
from biggan_directions.metrics.settings import BASELINES, ScoreSettings, images_needed
from biggan_directions.metrics.tables import as_csv
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


def test_a_linear_direction_is_said_to_be_and_the_curved_ones_beside_it_are_not() -> None:
    """Of a linear picture all are; of one linear factor among curved ones, that one; of the toybox, none."""
    (scored,) = score(Linear(), torch.eye(5)[:3], settings=ALONE).sets
    for direction in scored.directions:
        assert direction.linear
        assert direction.penalty == Measure(value=None)
    assert any(remark.startswith("all directions are linear") for remark in remarks(scored))

    class OneLinear(Separable):
        def __call__(self, z: torch.Tensor, class_index: torch.Tensor | None = None) -> torch.Tensor:
            factors = z @ self.truth.to(z).T
            waves = torch.sin(factors[:, 1:, None] + self.phases[0, 1:].to(z)) * self.weights[0, 1:].to(z)
            images: torch.Tensor = waves.sum(dim=1) + factors[:, :1] * self.weights[0, 0].to(z)
            return images.reshape(-1, 3, self.resolution, self.resolution)

    (scored,) = score(OneLinear(), OneLinear().truth, settings=ALONE).sets
    assert [direction.linear for direction in scored.directions] == [True, False, False, False, False]
    assert linear_remarks(scored) == ()
    content = json.loads(json.dumps(score(OneLinear(), OneLinear().truth, settings=ALONE).as_json()))
    assert [one["linear"] for one in content["sets"][0]["directions"]] == [True] + [False] * 4
    assert (
        as_csv(score(OneLinear(), OneLinear().truth, settings=ALONE)).splitlines()[2].endswith(",linear,,,,4")
    )

    generator = load_generator("toybox", "mug")
    assert isinstance(generator, KnownTruth)
    (scored,) = score(generator, generator.true_directions[1][-3:], settings=replace(ALONE, latents=2)).sets
    assert not any(direction.linear for direction in scored.directions)


def test_directions_that_were_learnt_of_a_linear_plane_are_linear_and_said_to_be_arbitrary() -> None:
    """Angles to the plane are of the order of 1e-4, and what that lets in is no longer rounding."""

    class TwoLinear(Separable):
        def __call__(self, z: torch.Tensor, class_index: torch.Tensor | None = None) -> torch.Tensor:
            factors = z @ self.truth.to(z).T
            waves = torch.sin(factors[:, 2:, None] + self.phases[0, 2:].to(z)) * self.weights[0, 2:].to(z)
            images: torch.Tensor = waves.sum(dim=1) + factors[:, :2] @ self.weights[0, :2].to(z)
            return images.reshape(-1, 3, self.resolution, self.resolution)

    settings = LearnSettings(ndirs=5, solver="jacobi", latents=16, score_latents=4)
    (scored,) = learn(TwoLinear(), settings).scorecard.sets
    assert [direction.linear for direction in scored.directions].count(True) == 2
    found = Directions.of(learn(TwoLinear(), settings), TwoLinear(), settings.seed)
    assert found.linear == tuple(direction.linear for direction in scored.directions)
    (remark,) = linear_remarks(scored)
    assert "are linear" in remark


def test_sets_share_the_probes_and_unevenness_is_of_the_first_latents() -> None:
    generator = Separable(z_dim=12, factors=12)
    settings = ScoreSettings(latents=6, baselines=())
    alone = score(generator, generator.truth[:2], settings=settings)
    together = score(
        generator, generator.truth[:2], settings=settings, others=[("other", generator.truth[2:4])]
    )
    assert together.sets[0] == alone.sets[0]
    needed = images_needed(settings, ndirs=2, live=12)
    assert needed == 6 * (1 + 4 + 2 * 6 + 4) + 4 * (2 + 2 * 6)
    survey = alone.evaluations - needed
    assert together.evaluations == survey + 2 * needed - 6 * 5 - 4 * 2
    fewer = score(generator, generator.truth[:2], settings=replace(settings, traversals=3)).sets[0]
    for one, other in zip(alone.sets[0].directions, fewer.directions, strict=True):
        assert one.unevenness != other.unevenness
        assert replace(one, unevenness=other.unevenness) == other


def test_the_penalty_of_a_direction_is_the_same_in_whichever_set_and_space_it_is_measured() -> None:
    """The common space has all that is live, so that neither another set nor a narrow one matters."""
    generator = Quadratic()
    q = random_orthogonal(5, seed=3)
    first, *_ = score(generator, q[:1], settings=ALONE).sets[0].directions
    last = score(generator, q[[1, 2, 0]], settings=ALONE).sets[0].directions[2]
    assert first.penalty.value == pytest.approx(last.penalty.value, rel=1e-3)
    block = score(generator, torch.eye(5)[:2], search_space="0:3", settings=ALONE).sets[0].directions[0]
    squares = generator.hessians[:, :3, 0].square().sum(dim=0)
    assert block.penalty.value == pytest.approx(float(squares[1:].sum() / squares.sum()), rel=2e-3)


def test_what_a_direction_has_outside_of_the_searched_block_is_measured_too() -> None:
    generator = Quadratic()
    whole, part = (
        score(generator, torch.eye(5)[3:], search_space=space, settings=ALONE).sets[0].directions[0]
        for space in ("all", "0:3")
    )
    assert part.effect.value == pytest.approx(whole.effect.value, rel=1e-5)
    assert part.penalty.value == pytest.approx(whole.penalty.value, rel=1e-3)


def test_a_dead_direction_has_an_effect_of_nothing_and_no_angle_or_share() -> None:
    generator = Separable(z_dim=12, factors=5)
    dead = torch.linalg.svd(generator.truth)[2][5:6]  # outside the span of the truth
    alone = score(generator, generator.truth[:2], settings=ALONE).sets[0].directions
    card = score(generator, torch.cat([generator.truth[:2], dead]), settings=ALONE)
    first, second, other = card.sets[0].directions
    # its change of the image is rounding errors, which are like nothing
    assert (first.overlap_with, second.overlap_with) == (1, 0)
    assert first.overlap == alone[0].overlap
    assert first.overlap.value is not None
    assert other.effect.value is not None
    assert other.effect.value < 1e-3
    assert other.penalty == other.overlap == other.unevenness == other.steadiness == Measure(value=None)
    assert any("direction 2 hardly does anything" in remark for remark in remarks(card.sets[0]))
    (lonely, _) = score(generator, torch.cat([generator.truth[:1], dead]), settings=ALONE).sets[0].directions
    assert (lonely.overlap, lonely.overlap_with) == (Measure(value=None), None)


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


def test_the_error_of_a_sets_mean_is_at_least_what_it_varies_by() -> None:
    """Over draws of the latents, against the bound of one draw."""
    generator = Separable()
    cards = [
        score(generator, generator.truth[:3], settings=ScoreSettings(latents=6, seed=seed, baselines=()))
        for seed in range(12)
    ]
    for key in ("effect", "overlap", "unevenness"):
        means = torch.tensor([card.sets[0].mean(key) for card in cards])
        errors = torch.tensor([card.sets[0].mean_error(key) for card in cards])
        assert float(means.std()) < 1.2 * float(errors.mean())
    assert cards[0].sets[0].mean_error("recovery") is None


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
