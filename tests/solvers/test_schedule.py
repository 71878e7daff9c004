"""The numbers of latents after which a closed form asks whether to stop."""

import itertools

import pytest

from biggan_directions.solvers.schedule import LEAST, MOST, counts_within


@pytest.mark.parametrize("latents", [1, 8, 1000])
def test_the_number_asked_for_is_the_only_one_whatever_the_budget(latents: int) -> None:
    assert counts_within(latents, budget=0, each=20) == (latents,)


@pytest.mark.parametrize(
    ("budget", "last"), [(-50, 8), (0, 8), (179, 8), (180, 9), (2000, 100), (10**6, 256)]
)
def test_the_budget_bounds_the_latents_from_eight_to_256(budget: int, last: int) -> None:
    counts = counts_within(None, budget=budget, each=20)
    assert counts[-1] == last
    assert LEAST <= counts[0] <= counts[-1] <= MOST
    assert all(a < b for a, b in itertools.pairwise(counts))


def test_asking_grows_rarer_but_never_waits_for_more_than_half_as_many_again() -> None:
    counts = counts_within(None, budget=10**6, each=1)
    assert all(b <= 1.5 * a for a, b in itertools.pairwise(counts))
    assert len(counts) < 12
