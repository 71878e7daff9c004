"""Latents: the law, the streams, and what they depend on."""

import math

import pytest
import torch

from biggan_directions.errors import UsageError
from biggan_directions.latents import sample_classes, sample_latents, signs, stream, uniforms


def test_a_sample_depends_on_seed_purpose_and_index_alone() -> None:
    whole = sample_latents(7, 16, truncation=0.4, seed=3)
    parts = [sample_latents(n, 16, truncation=0.4, seed=3, offset=o) for o, n in ((0, 1), (1, 4), (5, 2))]
    assert torch.equal(whole, torch.cat(parts))
    assert whole.dtype == torch.float32


@pytest.mark.parametrize("other", [{"seed": 1}, {"purpose": "scoring"}, {"offset": 1}])
def test_seeds_purposes_and_indices_have_streams_of_their_own(other: dict[str, int | str]) -> None:
    first = sample_latents(1, 16, truncation=1.0, seed=0)
    arguments = {"seed": 0, **other}
    assert not torch.isin(first, sample_latents(1, 16, truncation=1.0, **arguments)).any()  # type: ignore[arg-type]


def test_numbers_are_pinned() -> None:
    """The streams are part of what a seed means: they may not change between versions or machines."""
    assert sample_latents(1, 3, truncation=1.0, seed=0)[0].tolist() == pytest.approx(PINNED, abs=1e-6)


PINNED = [1.0918080806, 0.7798297405, 0.6082661152]


def test_the_law_is_a_truncated_normal() -> None:
    """Mean 0, variance 1 − 4 φ(2) / (2Φ(2) − 1), within five standard errors; never beyond 2 · truncation."""
    z = sample_latents(400, 100, truncation=0.5, seed=0).double() / 0.5
    mass = math.erf(2 / math.sqrt(2))
    variance = 1 - 4 * math.exp(-2) / math.sqrt(2 * math.pi) / mass
    assert z.abs().max() <= 2
    assert z.abs().max() > 1.99
    assert abs(z.mean()) < 5 * math.sqrt(variance / z.numel())
    assert abs(z.square().mean() - variance) < 5 * math.sqrt(2 / z.numel())


def test_uniforms_are_inside_and_even() -> None:
    u = uniforms(100, 100, purpose="test", seed=0)
    assert u.min() > 0
    assert u.max() < 1
    counts = torch.histc(u, 10, 0, 1)
    assert ((counts - 1000).square() / 1000).sum() < 30  # χ² with 9 degrees of freedom: p < 0.0005


def test_signs_are_fair() -> None:
    s = signs(100, 100, purpose="test", seed=0)
    assert set(s.flatten().tolist()) == {-1.0, 1.0}
    assert abs(s.mean()) < 0.05


@pytest.mark.parametrize("classes", [2, 7])
def test_classes_come_equally_often_and_by_index_alone(classes: int) -> None:
    drawn = sample_classes(5 * classes, classes, seed=0)
    assert drawn.bincount().tolist() == [5] * classes
    assert torch.equal(drawn[3:], sample_classes(5 * classes - 3, classes, seed=0, offset=3))
    assert not torch.equal(drawn, sample_classes(5 * classes, classes, seed=1))


def test_one_class_is_always_the_first() -> None:
    assert sample_classes(3, 1, seed=0).tolist() == [0, 0, 0]
    assert sample_classes(0, 3, seed=0).tolist() == []


def test_streams_differ_by_index() -> None:
    assert not torch.equal(
        torch.rand(4, generator=stream("test", 0)), torch.rand(4, generator=stream("test", 0, 1))
    )


@pytest.mark.parametrize("truncation", [0.0, -1.0, 1.01, math.nan])
def test_truncation_out_of_range(truncation: float) -> None:
    with pytest.raises(UsageError, match="truncation must be above 0 and at most 1"):
        sample_latents(1, 4, truncation=truncation, seed=0)


def test_bad_counts() -> None:
    with pytest.raises(UsageError, match="0 or more"):
        sample_latents(-1, 4, truncation=1.0, seed=0)
    with pytest.raises(UsageError, match="at least one class"):
        sample_classes(1, 0, seed=0)
