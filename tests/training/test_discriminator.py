"""The discriminator: a score per image, by its class, independent of the other images."""

import pytest
import torch

from biggan_directions.training.discriminator import Discriminator


@pytest.mark.parametrize("resolution", [32, 128])
def test_a_score_depends_on_the_image_and_its_class_alone(resolution: int) -> None:
    net = Discriminator(
        resolution=resolution, classes=3, width=4, channels=1, generator=torch.Generator().manual_seed(0)
    )
    images = torch.randn(4, 1, resolution, resolution, generator=torch.Generator().manual_seed(1))
    class_index = torch.tensor([0, 1, 2, 1])
    with torch.no_grad():
        scores = net(images, class_index)
        torch.testing.assert_close(net(images[1:3], class_index[1:3]), scores[1:3])
        others = net(images, torch.tensor([1, 1, 2, 1]))
    assert scores.shape == (4,)
    assert (others[0] - scores[0]).abs() > 1e-4
    torch.testing.assert_close(others[1:], scores[1:])
