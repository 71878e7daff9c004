"""Activeness of known functions of z, by its definition."""

import torch

from biggan_directions.training.activeness import activeness


def test_it_is_the_variance_over_three_places() -> None:
    """Of an image 2 z₀ + z₁² − 3 z₃: the places −2, 0, 2 give variances 16, 16/3, 0 and 36."""

    def draw(z: torch.Tensor) -> torch.Tensor:
        value = 2 * z[:, 0] + z[:, 1] ** 2 - 3 * z[:, 3]
        return value[:, None, None, None].expand(-1, 3, 4, 4)

    found = activeness(draw, 4, samples=7)
    torch.testing.assert_close(found, torch.tensor([16.0, 16 / 3, 0, 36]).double(), rtol=1e-5, atol=1e-5)


def test_it_is_a_mean_over_pixels_and_samples() -> None:
    def draw(z: torch.Tensor) -> torch.Tensor:
        image = torch.zeros(len(z), 1, 2, 2)
        image[:, 0, 0, 0] = z[:, 0] * (z[:, 1] > 0)  # one pixel of four, at half of the samples
        return image

    assert 0.3 < float(activeness(draw, 2, samples=500)[0]) < 0.7  # 4 / 4 / 2


def test_the_latents_follow_from_the_seed() -> None:
    def draw(z: torch.Tensor) -> torch.Tensor:
        return torch.sin(z[:, :1] * z[:, 1:])

    assert torch.equal(activeness(draw, 2, samples=5, seed=1), activeness(draw, 2, samples=5, seed=1))
    assert not torch.equal(activeness(draw, 2, samples=5, seed=1), activeness(draw, 2, samples=5, seed=2))
