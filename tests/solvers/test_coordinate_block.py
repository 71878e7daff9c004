"""A block of z: how users name it, and which numbers of directions and dimensions fit it."""

import pytest
import torch

from biggan_directions.errors import UsageError
from biggan_directions.solvers.coordinate_block import check_sizes, parse_search_space


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("active", (0, 12, True)),
        ("all", (0, 12, False)),
        ("4:8", (4, 8, False)),
        (":8", (0, 8, False)),
        ("8:", (8, 12, False)),
        ("coarse", (0, 4, False)),
        ("mid", (4, 8, False)),
        ("fine", (8, 12, False)),
    ],
)
def test_parsing(spec: str, expected: tuple[int, int, bool]) -> None:
    block = parse_search_space(spec, 12)
    assert (block.start, block.stop, block.active) == expected
    assert block.size == expected[1] - expected[0]


@pytest.mark.parametrize("spec", ["", "some", "3", "a:b", "-1:4", "1:2:3", "1.0:2", "٣:٤"])
def test_an_unknown_space(spec: str) -> None:
    with pytest.raises(UsageError, match="expected active, all, coarse, mid, fine, or START:STOP"):
        parse_search_space(spec, 12)


def test_a_part_is_a_third_of_a_z_that_has_thirds() -> None:
    assert [parse_search_space(part, 120).start for part in ("coarse", "mid", "fine")] == [0, 40, 80]
    with pytest.raises(UsageError, match=r"mid is a third of z, and a z of 128 numbers has no thirds.*0:42"):
        parse_search_space("mid", 128)


@pytest.mark.parametrize("spec", ["4:4", "8:4", "0:13", "12:"])
def test_a_block_outside_z(spec: str) -> None:
    with pytest.raises(UsageError, match="0 <= START < STOP <= 12"):
        parse_search_space(spec, 12)


def test_rows_over_a_block_are_zero_elsewhere() -> None:
    rows = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    placed = parse_search_space("1:3", 4).placed(rows, 4)
    assert placed.dtype == torch.float64
    assert placed.tolist() == [[0, 1, 2, 0], [0, 3, 4, 0]]


@pytest.mark.parametrize(
    ("ndirs", "dims", "says"),
    [
        (0, None, "ndirs must be 1 or more, got 0"),
        (8, None, "8 directions do not fit in search space 2:9, which has 7 dimensions: ask for --ndirs 7"),
        (4, 3, "search dims must lie between the 4 directions asked for and the 7 dimensions"),
        (4, 8, "got 8"),
    ],
)
def test_sizes_that_do_not_fit(ndirs: int, dims: int | None, says: str) -> None:
    block = parse_search_space("2:9", 12)
    check_sizes(block, ndirs=7, dims=7)
    check_sizes(block, ndirs=4, dims=None)
    with pytest.raises(UsageError, match=says):
        check_sizes(block, ndirs=ndirs, dims=dims)
