"""What two seeds agree on."""

from typing import Any

import torch

from benchmarks.stability import agreed


def _run(seed: int, rows: torch.Tensor, stability: list[float]) -> dict[str, Any]:
    return {"seed": seed, "directions": rows.tolist(), "stability": stability}


def test_stable_directions_are_counted_and_looked_for() -> None:
    one = torch.eye(4)[:2]
    two = torch.stack([torch.tensor([0.0, 0.6, 0.8, 0.0]), torch.tensor([1.0, 0.0, 0.0, 0.0])])
    found = agreed([_run(0, one, [0.99, 0.99]), _run(1, two, [0.5, 0.985])])
    assert (found["stable"], found["found_again"]) == (3, 2)
    assert sorted(found["cosines"][0]) == [0.6, 1.0]
    assert [round(cosine, 3) for cosine in found["span_cosines"][0]] == [1.0, 0.6]
