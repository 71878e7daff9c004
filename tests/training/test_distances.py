"""Distances of sets of features against closed forms."""

import pytest
import torch

from biggan_directions.errors import UsageError
from biggan_directions.training.distances import coverage, frechet_distance


def test_the_frechet_distance_of_independent_features_is_that_of_means_and_deviations() -> None:
    """For diagonal covariances: Σ (μ - μ_r)² + (σ - σ_r)², over Σ σ_r²."""
    signs = torch.tensor([[-1.0, -1.0], [-1.0, 1.0], [1.0, -1.0], [1.0, 1.0]])
    unit = signs / signs.std(0)
    first = unit * torch.tensor([2.0, 0.5]) + torch.tensor([1.0, 0.0])
    reference = unit * torch.tensor([1.0, 3.0])
    expected = (1 + 1 + 2.5**2) / (1 + 9)
    assert frechet_distance(first, reference) == pytest.approx(expected)
    assert frechet_distance(reference, reference) == pytest.approx(0, abs=1e-9)
    assert frechet_distance(10 * first, 10 * reference) == pytest.approx(expected)


def test_it_does_not_depend_on_a_rotation() -> None:
    random = torch.Generator().manual_seed(0)
    first, reference = torch.randn(50, 6, generator=random), torch.randn(60, 6, generator=random) * 2
    rotation = torch.linalg.qr(torch.randn(6, 6, generator=random)).Q
    assert frechet_distance(first @ rotation, reference @ rotation) == pytest.approx(
        frechet_distance(first, reference), rel=1e-5
    )


def test_coverage_counts_points_within_the_third_neighbours_distance() -> None:
    line = torch.arange(0.0, 10.0)[:, None]  # the third neighbour of 0 is 3 away, of those inside 2
    assert coverage(torch.tensor([[-2.9], [-3.1], [4.5], [11.9], [12.1]]), line) == pytest.approx(3 / 5)
    assert coverage(line, line) == 1.0


def test_a_collapsed_set_is_precise_and_has_no_recall() -> None:
    reference = torch.randn(200, 4, generator=torch.Generator().manual_seed(0))
    collapsed = reference[:1] + 1e-3 * torch.randn(200, 4, generator=torch.Generator().manual_seed(1))
    assert coverage(collapsed, reference) == 1.0
    assert coverage(reference, collapsed) < 0.02


def test_too_few_points_are_a_sentence() -> None:
    with pytest.raises(UsageError, match="at least 4 images"):
        coverage(torch.zeros(2, 2), torch.zeros(3, 2))
    with pytest.raises(UsageError, match="at least two images"):
        frechet_distance(torch.zeros(1, 2), torch.zeros(3, 2))
