"""Which stored row of statistics serves a truncation."""

import pytest

from biggan_directions.errors import UsageError
from biggan_directions.generators.biggan_deep.truncation import nearest_stored_truncation


@pytest.mark.parametrize("truncation", [0.0, -0.1, 1.01, float("nan")])
def test_truncations_without_meaning_are_refused(truncation: float) -> None:
    with pytest.raises(UsageError, match=r"\(0, 1\]"):
        nearest_stored_truncation(truncation, 51)


def test_every_stored_truncation_has_its_own_row() -> None:
    stored = [row / 50 for row in range(1, 51)]
    assert [nearest_stored_truncation(t, 51) for t in stored] == [(i, t) for i, t in enumerate(stored, 1)]
    assert nearest_stored_truncation(0.001, 51) == (1, 0.02)
