"""RCA: high where directions change different things, a guess where they do nothing, and comparable."""

import pytest
import torch

from biggan_directions.errors import UsageError
from biggan_directions.metrics.rca import Rca, RcaSettings, measure_rca
from tests.support.separable import Separable

QUICK = RcaSettings(pairs=256, tests=128, epochs=6, networks=2, largest=3.0, lr=3e-3)


class Quarters(Separable):
    """Four factors change a quarter of the image each; the other numbers of z do nothing."""

    def __init__(self) -> None:
        super().__init__(z_dim=12, factors=4)
        rows, columns = torch.meshgrid(torch.arange(16) // 8, torch.arange(16) // 8, indexing="ij")
        quarter = (2 * rows + columns).flatten().repeat(3)
        for factor in range(4):
            self.weights[:, factor] *= 4 * (quarter == factor)

    def dead(self) -> torch.Tensor:
        """Rows that do nothing."""
        rows: torch.Tensor = torch.linalg.svd(self.truth).Vh
        return rows[4:8]


@pytest.fixture(scope="module")
def found() -> Rca:
    generator = Quarters()
    sets = [("truth", generator.truth), ("dead", generator.dead())]
    return measure_rca(generator, sets, QUICK)


def test_directions_that_change_different_things_are_told_apart_and_dead_ones_are_not(found: Rca) -> None:
    truth, dead, random = (score.accuracy for score in found.scores)
    assert [score.name for score in found.scores] == ["truth", "dead", "random"]
    assert truth.value is not None
    assert dead.value is not None
    assert random.value is not None
    assert truth.error is not None
    assert dead.error is not None
    assert truth.value > 0.9
    assert abs(dead.value - 0.25) < 4 * dead.error
    assert dead.value + 4 * dead.error < random.value < truth.value - 4 * truth.error
    assert found.directions == 4


def test_the_distance_of_what_does_nothing_cannot_be_told(found: Rca) -> None:
    """The best guess is 0, with an error of the mean distance: 1.5, a little more for ±least."""
    dead = found.scores[1].distance_error
    assert dead.value is not None
    assert dead.value == pytest.approx(1.5 + 0.5**2 / 6, abs=0.2)


def test_images_are_counted_and_those_before_are_shared(found: Rca) -> None:
    assert found.evaluations == (256 + 128) * (1 + 2 + QUICK.networks)


def test_the_same_again_and_of_equally_many_directions() -> None:
    generator = Quarters()
    settings = RcaSettings(pairs=32, tests=16, epochs=1, networks=1)
    before = torch.get_rng_state()
    sets = [("all", generator.truth), ("two", generator.truth[:2])]
    one, other = (measure_rca(generator, sets, settings, baseline=False) for _ in range(2))
    assert one == other
    assert one.directions == 2
    assert one.scores[0].accuracy == one.scores[1].accuracy  # the first two are the same directions
    assert torch.equal(torch.get_rng_state(), before)


def test_one_direction_or_another_z_is_refused() -> None:
    generator = Quarters()
    with pytest.raises(UsageError, match="one has only one: learn two or more"):
        measure_rca(generator, [("one", generator.truth[:1])], QUICK)
    with pytest.raises(UsageError, match=r"shape \(4, 11\) are not of separable"):
        measure_rca(generator, [("short", generator.truth[:, :11])], QUICK)
    with pytest.raises(UsageError, match="tests must be 2 or more, got 1"):
        RcaSettings(tests=1)
