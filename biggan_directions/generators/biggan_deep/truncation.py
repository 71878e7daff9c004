"""Which of a checkpoint's stored rows of batch statistics serves a truncation."""

from biggan_directions.errors import UsageError


def nearest_stored_truncation(truncation: float, n_stats: int) -> tuple[int, float]:
    """The row of batch statistics stored nearest to a truncation, and the truncation that it was measured at.

    Row i of ``n_stats`` belongs to truncation ``i / (n_stats - 1)``: 51 rows lie 0.02 apart. No row is
    mixed with its neighbour, so the statistics are ones that were measured. Row 0 is never chosen: at
    truncation 0 all images are one.

    Args:
        truncation: what was asked for, in (0, 1].
        n_stats: rows that the checkpoint holds, at least 2.

    Returns:
        The row's index, and its truncation.

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
