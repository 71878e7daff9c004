"""Teaching a network its shape."""

import pytest

from benchmarks.truths.networks import NETWORKS, WEIGHTS
from benchmarks.truths.teach import error, learnt


@pytest.mark.parametrize("name", NETWORKS)
def test_a_few_steps_teach_something(name: str) -> None:
    assert error(learnt(name, steps=30), name) < 0.8 * error(learnt(name, steps=0), name)


@pytest.mark.parametrize("name", NETWORKS)
def test_the_weights_are_small(name: str) -> None:
    assert (WEIGHTS / f"{name}.safetensors").stat().st_size < 200_000
