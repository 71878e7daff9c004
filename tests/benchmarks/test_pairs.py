"""Hessians of some pairs only."""

import pytest
import torch

from benchmarks.pairs import cells, weighted
from biggan_directions.solvers.derivatives import pair_list

SIZE = 4


def _entries() -> torch.Tensor:
    draws = torch.Generator().manual_seed(0)
    return torch.randn(len(pair_list(SIZE)), 30, generator=draws, dtype=torch.float64)


def test_all_pairs_give_the_gram_matrix() -> None:
    entries = _entries()
    torch.testing.assert_close(weighted(entries, 6, SIZE, torch.Generator()), entries @ entries.T)


def test_a_part_of_the_pairs_gives_it_on_the_average() -> None:
    entries, draws = _entries(), torch.Generator().manual_seed(1)
    mean = torch.stack([weighted(entries, 3, SIZE, draws) for _ in range(4000)]).mean(0)
    exact = entries @ entries.T
    assert float((mean - exact).norm() / exact.norm()) < 0.05
    assert float((weighted(entries, 3, SIZE, draws) - exact).norm() / exact.norm()) > 0.2


@pytest.mark.slow
def test_fewer_pairs_take_as_many_images() -> None:
    rows = cells("waves", 0)
    images = {row["images"] for row in rows if row["as_many_images_as_latents"] == 16}
    assert max(images) - min(images) < 16
    assert len(rows) == 12
    assert all(row["recovery"] > 0.99 for row in rows if row["objective"] == "both")
