"""Learning as a whole, on generators whose truth is known."""

import io
import math
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import torch

from biggan_directions.errors import FileFormatError, GeneratorError, UsageError
from biggan_directions.generators.capabilities import LatentWeight
from biggan_directions.latents import sample_inputs
from biggan_directions.learning.result import Progress, Solution
from biggan_directions.learning.run import iterate, learn, surveyed
from biggan_directions.learning.settings import LearnSettings
from biggan_directions.metrics.scorecard import loose_remark, remarks, with_stability
from biggan_directions.metrics.scoring import iterate_score
from biggan_directions.metrics.settings import ScoreSettings
from biggan_directions.solvers import registry
from biggan_directions.solvers.base import Found, Solver, Step
from biggan_directions.solvers.derivatives import evaluations_per_latent
from biggan_directions.solvers.problem import Problem
from tests.support.layered import Layers
from tests.support.separable import Separable, recovery

QUICK: dict[str, Any] = {"latents": 4}
ADAM: dict[str, Any] = {"steps": 3, "batch_size": 4}


def quick(solver: str, **changed: Any) -> LearnSettings:
    """Settings of a short run."""
    own = ADAM if solver == "adam" else {}
    return LearnSettings(**{"ndirs": 4, "solver": solver, "options": own, **QUICK, **changed})


# These train a network or need a layer's output: tests/solvers/methods has what holds of each.
LEARNING_OR_DEEP = {"ganspace", "latent-clr", "orojar-adam", "shift-predictor"}


class Weighted(Separable):
    """Shows the weights that z meets."""

    def latent_weights(self) -> list[LatentWeight]:
        return [LatentWeight(name="truth", layer="first", matrix=self.truth)]


class Quadratic(Separable):
    """½ zᵀHz for every pixel: the same Hessians at every z."""

    def __init__(self) -> None:
        super().__init__(z_dim=5, factors=5)
        draws = torch.randn(
            768, 5, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64
        ) * torch.tensor([2.0, 1.6, 1.3, 1, 0.8])
        self.hessians = 0.1 * (draws + draws.transpose(1, 2))

    def __call__(self, z: torch.Tensor, class_index: torch.Tensor | None = None) -> torch.Tensor:
        values = 0.5 * torch.einsum("ni,pij,nj->np", z, self.hessians.to(z), z)
        return values.reshape(-1, 3, 16, 16)


def _check_form(solution: Solution, ndirs: int, z_dim: int) -> None:
    """What holds for every solver's result."""
    directions = solution.directions
    assert directions.dtype == solution.effect.dtype == solution.penalty.dtype == torch.float32
    assert tuple(directions.shape) == (ndirs, z_dim)
    assert tuple(solution.effect.shape) == tuple(solution.penalty.shape) == (ndirs,)
    assert (directions.double() @ directions.double().T - torch.eye(ndirs)).abs().max() < 5e-7
    assert (directions.gather(1, directions.abs().argmax(dim=1, keepdim=True)) > 0).all()
    known = solution.penalty[~solution.penalty.isnan()]
    assert ((known >= 0) & (known <= 1)).all()


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_closed_form_recovers_hidden_factors_among_dead_dimensions(seed: int) -> None:
    generator = Separable(seed=seed)
    solution = learn(generator, LearnSettings(solver="jacobi", ndirs=5, latents=8, seed=seed))
    _check_form(solution, 5, 12)
    assert recovery(solution.directions, generator.truth).min() > 0.9999
    assert solution.off_diagonal is not None
    assert solution.off_diagonal < 2e-3
    assert solution.penalty.max() < 2e-3
    assert (solution.space.dims, solution.space.dead) == (10, 5)
    assert solution.warnings == ()


@pytest.mark.parametrize("seed", [0, 1])
def test_a_closed_form_measures_until_the_directions_have_settled(seed: int) -> None:
    generator = Separable(seed=seed)
    solution = learn(generator, LearnSettings(solver="joint", ndirs=5, seed=seed))
    _check_form(solution, 5, 12)
    assert recovery(solution.directions, generator.truth).min() > 0.999
    assert solution.stability is not None
    assert solution.stability.dtype == torch.float32
    assert solution.stability.min() > 0.98
    assert solution.latents is not None
    assert 8 <= solution.latents <= 256
    assert solution.evaluations <= 1500
    assert solution.warnings == ()
    assert "latents" not in solution.solver


def test_where_the_budget_ends_first_the_result_says_so() -> None:
    generator = Separable()
    solution = learn(generator, LearnSettings(solver="orojar", ndirs=5, budget=200, agreement=0.9999))
    assert solution.stability is not None
    assert solution.latents is not None
    assert solution.stability.min() < 0.9999
    said = loose_remark(solution.scorecard.sets[0], 0.9999)
    assert "on the latents at which" in said
    assert "at more latents (--latents, --budget)" in said
    assert not any("settled" in warning for warning in solution.warnings)  # it is said once
    assert not any(
        "all directions do something" in remark
        for remark in remarks(solution.scorecard.sets[0], agreement=0.9999)
    )


def test_a_search_space_that_is_a_matter_of_luck_is_told() -> None:
    """Four of twelve dimensions of equal effect; a space of all of them is no matter of luck."""
    generator = Separable(factors=12)
    settings = LearnSettings(ndirs=2, search_dims=4, solver="random", survey_latents=2)
    solution = learn(generator, settings)
    assert solution.space.overlap < 0.9
    (warning,) = (text for text in solution.warnings if "a matter of luck" in text)
    assert f"overlap {solution.space.overlap:.2f}" in warning
    assert "(--survey-latents)" in warning
    whole = learn(generator, LearnSettings(ndirs=2, search_dims=12, solver="random", survey_latents=2))
    assert not any("luck" in text for text in whole.warnings)


def test_the_survey_goes_on_until_the_search_space_has_settled() -> None:
    """Asked after 4, 8, 16 and 32 latents, within a third of the budget."""

    def latents(**how: Any) -> int:
        settings = LearnSettings(ndirs=2, solver="random", **how)
        return learn(Separable(factors=12), settings).space.latents

    assert latents() == 4  # all twelve matter
    assert latents(search_dims=4) == 32
    assert latents(search_dims=4, budget=3 * 16 * 13) == 16
    assert latents(search_dims=4, budget=1) == 4
    assert latents(search_dims=4, survey_latents=6) == 6


def test_first_derivatives_alone_do_not() -> None:
    """Or the tests above would prove little."""
    generator = Separable(seed=1)
    solution = learn(generator, LearnSettings(ndirs=5, solver="first-order"))
    assert recovery(solution.directions, generator.truth).min() < 0.9


def test_dead_directions_come_last_and_are_told() -> None:
    solution = learn(Separable(), LearnSettings(solver="jacobi", ndirs=7, latents=4))
    _check_form(solution, 7, 12)
    assert solution.effect[5:].max() < 1e-3 * solution.effect.max()
    assert solution.penalty.isnan().tolist() == [False] * 5 + [True] * 2
    assert solution.warnings == ()
    said = remarks(solution.scorecard.sets[0], solution.scorecard.strongest)
    assert [words.split(":")[0] for words in said[:2]] == [
        f"direction {index} hardly does anything" for index in (5, 6)
    ]


def test_effects_are_rms_changes() -> None:
    generator = Separable()
    solution = learn(generator, LearnSettings(ndirs=5, latents=64))
    z = torch.randn(400, 12, generator=torch.Generator().manual_seed(0)).clamp(-2, 2)
    for direction, effect in zip(solution.directions, solution.effect, strict=True):
        change = (generator(z + 0.01 * direction) - generator(z - 0.01 * direction)) / 0.02
        assert float(effect) == pytest.approx(float(change.square().mean().sqrt()), rel=0.05)


@pytest.mark.parametrize("solver", ["random", "first-order", "jacobi", "joint"])
def test_penalties_are_the_share_off_the_diagonal(solver: str) -> None:
    """Against the Hessians themselves, over all of z; the sketch is exact on so small a picture."""
    generator = Quadratic()
    solution = learn(
        generator,
        LearnSettings(ndirs=3, solver=solver, search_space="all", latents=2, difference_epsilon=0.5),
    )
    _check_form(solution, 3, 5)
    images = solution.directions.double() @ generator.hessians
    total = images.square().sum(dim=(0, 2))
    own = (images @ solution.directions.double().T).diagonal(dim1=1, dim2=2).square().sum(dim=0)
    torch.testing.assert_close(solution.penalty.double(), 1 - own / total, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("weighting", ["balanced", "plain"])
def test_no_rotation_has_less_off_the_diagonal(weighting: str) -> None:
    """Of 300 random ones and of small turns away; on Hessians that share no basis."""
    generator = Quadratic()
    solution = learn(
        generator,
        LearnSettings(
            ndirs=5,
            search_space="all",
            latents=1,
            solver="jacobi",
            difference_epsilon=0.5,
            options={"blocks": (1,), "weighting": weighting, "floor": 0.003},
        ),
    )
    found = solution.directions.double()

    def off(rotation: torch.Tensor) -> float:
        squares = (rotation @ generator.hessians @ rotation.T).square()
        total, own = squares.sum(dim=(1, 2)), squares.diagonal(dim1=1, dim2=2).sum(dim=1)
        return float(1 - (own / total).mean() if weighting == "balanced" else 1 - own.sum() / total.sum())

    assert solution.off_diagonal == pytest.approx(off(found), abs=1e-4)
    generator_of_turns = torch.Generator().manual_seed(0)
    for index in range(300):
        skew = torch.randn(5, 5, generator=generator_of_turns, dtype=torch.float64)
        turn = torch.matrix_exp((skew - skew.T) * (0.02 if index % 2 else 2.0))
        assert off(turn @ found) > off(found) - 1e-6


@pytest.mark.parametrize("solver", sorted({*registry.names()} - LEARNING_OR_DEEP))
def test_every_solver_gives_the_same_form_and_counts_its_work(solver: str) -> None:
    generator = Weighted()
    solution = learn(generator, quick(solver))
    _check_form(solution, 4, 12)
    assert solution.evaluations + solution.scorecard.evaluations == generator.drawn
    assert solution.gradients == 12 + (3 * 4 * 4 if solver == "adam" else 0)
    assert solution.solver["name"] == solver
    assert solution.solver["search_dims"] == 8
    assert solution.solver.get("blocks") == {"jacobi": "2, 4", "orojar": "2, 4, 8"}.get(solver)
    assert (solution.stability is not None) == (solver in ("jacobi", "joint", "orojar", "region"))
    assert solution.latents == (None if solution.stability is None else 4)
    assert ("steps" in solution.solver) == (solver == "adam")


@pytest.mark.parametrize("solver", ["joint", "jacobi", "random"])
def test_effect_and_penalty_are_those_of_scoring_at_fresh_latents(solver: str) -> None:
    """The same as measuring the result afterwards: learning has no measure of its own."""
    settings = quick(solver, score_latents=5, seed=2)
    solution = learn(Separable(), settings)
    how = ScoreSettings(latents=5, seed=2, baselines=(), micro_batch=settings.micro_batch)
    problem = surveyed(Separable(), settings)
    assert torch.equal(problem.space.basis, solution.space.basis)
    *_, last = iterate_score(Separable(), solution.directions, solver=solver, settings=how, problem=problem)
    card = last.scorecard
    assert card is not None
    stability = solution.stability
    assert solution.scorecard == (card if stability is None else with_stability(card, stability))
    scored = solution.scorecard.sets[0].directions
    assert solution.effect.tolist() == pytest.approx([one.effect.value for one in scored], rel=1e-6)
    assert solution.penalty.tolist() == pytest.approx([one.penalty.value for one in scored], rel=1e-6)
    assert solution.solver["score_latents"] == solution.scorecard.latents == 5


def test_rows_stay_in_the_order_of_a_solver_that_orders_and_are_sorted_by_the_survey_for_others() -> None:
    """Whatever the fresh latents say of the effects."""

    class Fixed(Solver):
        name, paper, summary = "fixed", "none", "None."
        ordered = True

        def solve(self, problem: Problem, _state: dict[str, Any] | None = None) -> Iterator[Step]:
            rows = problem.space.basis[[2, 0, 1]]
            yield Step(
                phase="fixed", done=1, total=1, state={}, result=Found(directions=rows, ordered=self.ordered)
            )

    def order(ordered: bool) -> list[int]:
        Fixed.ordered = ordered
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(registry, "find", lambda _name: Fixed)
            solution = learn(Separable(), LearnSettings(solver="fixed", ndirs=3, **QUICK))
        cosines = (solution.directions.double() @ solution.space.basis.T).abs()
        return cosines.argmax(dim=1).tolist()

    assert order(ordered=True) == [2, 0, 1]
    assert order(ordered=False) == [0, 1, 2]


def test_only_live_dimensions_are_paired() -> None:
    solution = learn(Separable(), LearnSettings(ndirs=6, latents=4, solver="jacobi"))
    survey = 12 + 4 * (1 + 5)
    assert solution.evaluations == survey + 4 * evaluations_per_latent(5)
    both = learn(Separable(), LearnSettings(ndirs=6, latents=4, solver="joint"))
    assert both.evaluations == survey + 4 * (1 + 5) + 4 * evaluations_per_latent(5)


def test_adam_brings_a_baseline_to_the_truth() -> None:
    generator = Separable(seed=1)
    before = learn(generator, LearnSettings(ndirs=5, solver="first-order", latents=4))
    own = {"start": "first-order", "steps": 100, "batch_size": 16, "lr": 0.03, "max_distance": 1.5}
    after = learn(generator, LearnSettings(ndirs=5, solver="adam", latents=4, micro_batch=16, options=own))
    _check_form(after, 5, 12)
    assert recovery(before.directions, generator.truth).min() < 0.9
    assert recovery(after.directions, generator.truth).min() > 0.99
    assert after.penalty.nanmean() < 0.1 * before.penalty.nanmean()


def test_several_classes_share_one_set() -> None:
    """Each class has pictures of its own, moved by the same factors; every class is drawn."""
    seen: set[int] = set()

    class Watching(Separable):
        def __call__(self, z: torch.Tensor, class_index: torch.Tensor | None = None) -> torch.Tensor:
            assert class_index is not None
            seen.update(class_index.tolist())
            return super().__call__(z, class_index)

    generator = Watching(classes=3)
    solution = learn(generator, LearnSettings(solver="jacobi", ndirs=5, latents=6))
    assert seen == {0, 1, 2}
    assert recovery(solution.directions, generator.truth).min() > 0.999


@pytest.mark.parametrize(
    ("solver", "own"),
    [
        ("joint", {}),
        ("orojar", {}),
        ("jacobi", {}),
        ("adam", ADAM),
        ("random", {}),
        *(("adam", {**ADAM, "start": start}) for start in ("jacobi", "random")),
    ],
)
def test_a_run_taken_up_anywhere_gives_the_same_bytes(solver: str, own: dict[str, Any]) -> None:
    """From every step, through a file that holds no code."""
    settings = quick(solver, options=own, survey_latents=3)
    steps = list(iterate(Separable(classes=2), settings))
    whole = steps[-1].solution
    assert whole is not None
    files = [_saved(step.state) for step in steps]
    for position in range(0, len(steps), 2):
        again = learn(Separable(classes=2), settings, state=_loaded(files[position]))
        for name in ("directions", "effect", "penalty", "stability"):
            one, other = getattr(again, name), getattr(whole, name)
            assert (one is None) == (other is None)
            assert one is None or torch.equal(one.nan_to_num(-1), other.nan_to_num(-1)), (position, name)
        for name in ("evaluations", "gradients", "latents", "warnings", "off_diagonal"):
            assert getattr(again, name) == getattr(whole, name), (position, name)


def test_a_run_that_decides_when_to_stop_gives_the_same_bytes_taken_up_anywhere() -> None:
    """The survey and the closed form ask whether to stop; from each of its steps."""
    settings = LearnSettings(ndirs=2, search_dims=4, budget=900, score_latents=2)
    steps = list(iterate(Separable(factors=7), settings))
    whole = steps[-1].solution
    assert whole is not None
    assert whole.space.latents > 4
    assert whole.latents is not None
    assert whole.latents > 8
    for step in steps[::5]:
        again = learn(Separable(factors=7), settings, state=_loaded(_saved(step.state)))
        assert torch.equal(again.directions, whole.directions)
        assert (again.latents, again.space.latents, again.warnings, again.evaluations) == (
            whole.latents,
            whole.space.latents,
            whole.warnings,
            whole.evaluations,
        )


def _saved(state: dict[str, Any]) -> bytes:
    file = io.BytesIO()
    torch.save(state, file)
    return file.getvalue()


def _loaded(data: bytes) -> dict[str, Any]:
    loaded: dict[str, Any] = torch.load(io.BytesIO(data), weights_only=True)
    return loaded


def test_a_state_made_with_other_settings_is_refused_by_name() -> None:
    made = LearnSettings(solver="joint", seed=1, **QUICK)
    first = next(iterate(Separable(), made))
    for changed, says in (
        ({"seed": 2}, "was made with seed 1, not 2"),
        ({"options": {"hessian_latents": 3}}, "was made with hessian latents 24, not 3"),
        ({"budget": 100}, "was made with budget 1500, not 100"),
        ({"solver": "adam", "options": {}}, "was made with solver joint, not adam"),
    ):
        with pytest.raises(UsageError, match=says):
            learn(Separable(), replace(made, **changed), state=first.state)
    with pytest.raises(UsageError, match="was made with classes"):
        learn(Separable(classes=2), made, state=first.state)


@pytest.mark.parametrize(
    ("solver", "place", "value", "says"),
    [
        ("jacobi", ("settings",), None, "settings is of type NoneType, expected dict"),
        ("jacobi", ("settings", "seed"), torch.zeros(2), "settings holds a value of type Tensor"),
        ("jacobi", ("evaluations",), "many", "evaluations is of type str, expected int"),
        ("jacobi", ("live", "total"), torch.zeros(3), "live.total is torch.float32 of shape"),
        ("jacobi", ("live", "total"), torch.full((12, 12), torch.nan).double(), "not finite"),
        ("jacobi", ("live", "count"), 17, "live.count is 17, expected 0 to 16"),
        ("jacobi", ("live", "differentiable"), 1, "live.differentiable is of type int, expected bool"),
        ("jacobi", ("survey", "halves"), torch.zeros(3), "survey.halves is torch.float32 of shape"),
        ("jacobi", ("survey", "halves"), torch.full((2, 5, 5), torch.nan).double(), "not finite"),
        ("jacobi", ("survey", "count"), -3, "survey.count is -3, expected 0 to 3"),
        ("jacobi", ("solver",), 5, "hessians is of type int, expected dict"),
        ("jacobi", ("solver", "done"), 9, "hessians.done is 9, expected 0 to 4"),
        ("jacobi", ("solver", "halves", 0), {}, "hessians.halves[0] has other keys than pairs, smooth"),
        ("jacobi", ("solver", "halves", 1, "slopes"), [], "hessians.halves[1].slopes is of type list"),
        ("jacobi", ("solver", "halves", 0, "numbers"), 0.5, "hessians.halves[0].numbers is of type float"),
        ("orojar", ("solver", "done"), 9, "slopes.done is 9, expected 0 to 4"),
        ("orojar", ("solver", "grams"), torch.zeros(2), "slopes.grams is torch.float32 of shape"),
        ("joint", ("solver", "slopes", "done"), 9, "slopes.done is 9, expected 0 to 4"),
        ("joint", ("solver",), {"steps": 3}, "the solver's state has other keys than slopes, hessians"),
        ("adam", ("solver", "adam", "directions"), torch.zeros(4, 12), "adam.directions is torch.float32"),
        ("adam", ("solver", "adam", "matrix", "done"), 4, "adam.matrix.done is 4, expected 0 to 3"),
        (
            "adam",
            ("solver", "adam", "matrix", "optimizer", "state", 0, "exp_avg"),
            torch.zeros(1),
            "exp_avg is torch",
        ),
        ("adam", ("solver",), {"steps": 3}, "adam's state has other keys than start, adam"),
    ],
)
def test_a_state_that_no_run_gives_is_refused_by_the_part_that_is_wrong(
    solver: str, place: tuple[str | int, ...], value: Any, says: str
) -> None:
    settings = quick(solver, survey_latents=3)
    *_, last = iterate(Separable(), settings)
    state = _loaded(_saved(last.state))
    part: Any = state
    for key in place[:-1]:
        part = part[key]
    part[place[-1]] = value
    with pytest.raises(FileFormatError, match=re.escape(says)):
        learn(Separable(), settings, state=state)


def test_seeds_decide() -> None:
    settings = LearnSettings(ndirs=5, **QUICK)
    one, same, other = (
        learn(Separable(), s).directions
        for s in (settings, settings, LearnSettings(ndirs=5, seed=1, **QUICK))
    )
    assert torch.equal(one, same)
    assert not torch.equal(one, other)


def test_progress_says_what_matters() -> None:
    steps: list[Progress] = []
    learn(Separable(), LearnSettings(solver="joint", ndirs=5, **QUICK), progress=steps.append)
    kinds = {"live dimensions": 3, "search space": 4, "slopes": 4, "hessians": 4, "measuring": 16, "done": 1}
    phases = [phase for phase, count in kinds.items() for _ in range(count)]
    assert [step.phase for step in steps] == phases
    assert [(step.done, step.total) for step in steps[:3]] == [(4, 16), (8, 16), (12, 16)]
    for start in (3, 7, 11):
        assert [step.done for step in steps[start : start + 4]] == [1, 2, 3, 4]
    assert [(step.done, step.total) for step in steps[15:31]] == [(done, 16) for done in range(1, 17)]
    assert all(step.solution is None for step in steps[:-1])
    assert [step.evaluations for step in steps[:5]] == [4, 8, 12, 18, 24]


def test_progress_says_how_stable_the_directions_are_where_it_asks() -> None:
    steps = [
        step
        for step in iterate(Separable(), LearnSettings(solver="joint", ndirs=5))
        if step.phase == "slopes"
    ]
    told = {step.done: step.value for step in steps if step.value is not None}
    assert list(told)[:3] == [8, 12, 16]
    assert all(0 <= value <= 1 for value in told.values())
    assert {step.measure for step in steps if step.value is not None} == {"least stability"}
    assert min(told.values()) < 0.98 <= list(told.values())[-1]


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ({"ndirs": 13}, "do not fit"),
        ({"search_space": "0:4"}, "do not fit"),
        ({"search_dims": 5}, "must lie between the 6 directions"),
        ({"search_dims": 13}, "must lie between"),
        ({"search_space": "8:99"}, "not within z"),
        ({"search_space": "most"}, "unknown"),
        ({"solver": "sefa"}, r"sefa needs .* latent_weights\(\): choose another"),
    ],
)
def test_settings_that_do_not_fit_the_generator(bad: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        learn(Separable(), LearnSettings(**bad))


def test_pictures_that_are_not_finite() -> None:
    generator = Separable()
    generator.weights[0, 0, 0] = math.nan
    with pytest.raises(GeneratorError, match="not finite"):
        learn(generator)


def test_pictures_that_do_not_depend_on_z() -> None:
    class Constant(Separable):
        def __call__(self, z: torch.Tensor, class_index: torch.Tensor | None = None) -> torch.Tensor:
            return torch.zeros(len(z), 3, 16, 16)

    with pytest.raises(GeneratorError, match="does not depend on z"):
        learn(Constant())


def test_the_callers_generator_and_random_state_are_left_alone() -> None:
    generator = Separable()
    weights = generator.weights.clone()
    before = torch.get_rng_state()
    learn(generator, LearnSettings(ndirs=5, **QUICK))
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(generator.weights, weights)


OWN: dict[str, dict[str, Any]] = {
    "adam": ADAM,
    "orojar-adam": ADAM,
    "region": {"box": "0,0,0.5,1"},
    "shift-predictor": {"steps": 2, "batch_size": 4},
}


@pytest.mark.parametrize(
    "solver", [name for name in registry.names() if registry.find(name)().missing(Layers()) is None]
)
@pytest.mark.parametrize(("layers", "rows"), [("1", [2, 3]), ("0,2", [0, 1, 4, 5])])
def test_at_chosen_layers_it_finds_what_these_see(solver: str, layers: str, rows: list[int]) -> None:
    generator = Layers()
    own = OWN.get(solver, {})
    settings = quick(solver, ndirs=len(rows), layers=layers, survey_latents=4, options=own)
    solution = learn(generator, settings)
    assert solution.layers == tuple(map(int, layers.split(",")))
    assert solution.solver["layers"] == layers
    assert solution.space.live == len(rows)
    seen = generator.truth[rows]
    if solver in ("jacobi", "orojar", "joint", "first-order", "sefa"):  # the others may go elsewhere
        inside = (solution.directions.double() @ seen.T).square().sum(dim=1)
        assert inside.min() > 1 - 1e-5
    if solver == "jacobi":
        assert recovery(solution.directions, seen).min() > 0.98
    assert len(generator.bases) > 1


def test_the_other_layers_keep_the_latent_itself() -> None:
    """A direction that the last layer sees does nothing at the first, and is measured so."""
    generator = Layers()
    settings = ScoreSettings(latents=2, baselines=(), layers="0")
    directions = generator.truth[[0, 4]]
    *_, step = iterate_score(generator, directions, settings=settings)
    assert step.scorecard is not None
    assert step.scorecard.layers == (0,)
    first, last = (one.effect.value for one in step.scorecard.sets[0].directions)
    assert first is not None
    assert last is not None
    assert first > 0.1
    assert last < 1e-6 * first
    met = {tuple(row.tolist()) for base in generator.bases for row in base}
    sampled = [
        sample_inputs(generator, 0, 64, purpose, seed=0)[0] for purpose in ("scoring", "scoring survey")
    ]
    assert met <= {tuple(row.tolist()) for row in torch.cat(sampled)}


def test_all_layers_by_number_are_the_ordinary_run() -> None:
    generator = Layers()
    whole, numbered = (learn(generator, quick("orojar", layers=layers)) for layers in ("all", "0-2"))
    assert torch.equal(whole.directions, numbered.directions)
    assert whole.scorecard == numbered.scorecard
    assert (numbered.layers, whole.layers, whole.scorecard.layers) == (None, None, None)
    assert "layers" not in whole.solver


def test_a_solver_that_does_not_say_what_it_moves_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    class Careless(Solver):
        name, paper, summary = "careless", "none", "Draws moved latents without their base."

        def solve(self, problem: Problem, _state: dict[str, Any] | None = None) -> Iterator[Step]:
            z, class_index = problem.inputs(0, 1)
            list(problem.evaluator.images(z + 1, class_index))
            found = Found(directions=problem.space.basis[: problem.outline.ndirs])
            yield Step(phase=self.name, done=1, total=1, state={}, result=found)

    monkeypatch.setattr(registry, "find", lambda _: Careless)
    learn(Layers(), LearnSettings(ndirs=2, latents=2))
    with pytest.raises(UsageError, match="choose another --solver, or leave out --layers"):
        learn(Layers(), LearnSettings(ndirs=2, latents=2, layers="0"))
