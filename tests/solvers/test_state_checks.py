"""A state that is resumed from is like what a run gives, or is refused by the part that is wrong."""

from typing import Any

import pytest
import torch

from biggan_directions.errors import FileFormatError
from biggan_directions.solvers.state_checks import check_done, check_like

LIKE: dict[str, Any] = {"done": 0, "sums": {"total": torch.zeros(2, 3)}, "rate": 0.5}


def test_the_same_form_with_other_numbers_is_accepted() -> None:
    check_like({"done": 4, "sums": {"total": torch.ones(2, 3)}, "rate": 0.1}, LIKE, "mine")


@pytest.mark.parametrize(
    ("found", "says"),
    [
        (None, "mine is of type NoneType, expected dict"),
        ({"done": 4}, "mine has other keys than done, sums, rate"),
        ({**LIKE, "done": True}, "mine.done is of type bool, expected int"),
        ({**LIKE, "sums": {"total": torch.zeros(3, 2)}}, r"sums.total is torch.float32 of shape \(3, 2\)"),
        ({**LIKE, "sums": {"total": torch.zeros(2, 3).double()}}, "mine.sums.total is torch.float64"),
        ({**LIKE, "sums": {"total": torch.full((2, 3), torch.inf)}}, "sums.total has numbers that are not"),
    ],
)
def test_another_form_is_refused_by_its_part(found: Any, says: str) -> None:
    with pytest.raises(FileFormatError, match=says):
        check_like(found, LIKE, "mine")


@pytest.mark.parametrize("done", [-1, 6])
def test_more_than_there_is_cannot_be_done(done: int) -> None:
    check_done(0, 5, "mine.done")
    check_done(5, 5, "mine.done")
    with pytest.raises(FileFormatError, match=f"mine.done is {done}, expected 0 to 5"):
        check_done(done, 5, "mine.done")
