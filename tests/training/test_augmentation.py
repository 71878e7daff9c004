"""Augmentation moves and cuts images, the same for the same stream, and lets gradients through."""

import torch

from biggan_directions.training.augmentation import augmented


def test_images_are_shifted_by_at_most_an_eighth_and_lose_a_square() -> None:
    images = torch.ones(64, 2, 16, 16)
    images[:, :, 8, 8] = 5.0
    found = augmented(images, torch.Generator().manual_seed(0))
    for image in found:
        spots = (image[0] == 5).nonzero()
        assert len(spots) <= 1  # the square may hide it
        assert all(abs(int(place) - 8) <= 2 for spot in spots for place in spot)
        assert 16 * 16 - (image[0] != 0).sum() <= 8 * 8 + 2 * 2 * 16
        assert torch.equal(image[0] == 0, image[1] == 0)
    assert len({tuple((image[0] == 5).nonzero().flatten().tolist()) for image in found}) > 10
    assert torch.equal(found, augmented(images, torch.Generator().manual_seed(0)))


def test_the_gradient_of_what_is_seen_is_one() -> None:
    images = torch.randn(3, 1, 16, 16, generator=torch.Generator().manual_seed(1)).requires_grad_()
    found = augmented(images, torch.Generator().manual_seed(0))
    (gradient,) = torch.autograd.grad(found.sum(), images)
    assert set(gradient.flatten().tolist()) <= {0.0, 1.0}
    assert int(gradient.sum()) == int((found != 0).sum())
