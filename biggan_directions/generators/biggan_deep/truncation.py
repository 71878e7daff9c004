"""Choose the stored row of batch statistics for a truncation."""

from biggan_directions.errors import UsageError


def nearest_stored_truncation(truncation: float, n_stats: int) -> tuple[int, float]:
    """The stored row of batch statistics nearest to a truncation, and the truncation of that row.

    Row i of ``n_stats`` belongs to truncation ``i / (n_stats - 1)``: 51 rows are 0.02 apart. Rows are not
    interpolated, so the statistics are measured ones. Row 0 is never chosen, because at truncation 0 all
    images are the same.

    Args:
        truncation: the requested truncation, in (0, 1].
        n_stats: number of rows in the checkpoint, at least 2.

    Returns:
        The index of the row, and its truncation.

    Raises:
        UsageError: truncation outside (0, 1], or fewer than two rows.

    >>> nearest_stored_truncation(0.425, 51)
    (21, 0.42)
    """
    if n_stats < 2:
        raise UsageError(f"got {n_stats} rows of batch statistics, expected at least 2")
    if not 0 < truncation <= 1:
        raise UsageError(f"truncation must lie in (0, 1], got {truncation}; try --truncation 0.4")
    row = max(1, round(truncation * (n_stats - 1)))
    return row, row / (n_stats - 1)
