"""A set of images: every image once per epoch, whatever the size of the batches; a checksum of all of it."""

from dataclasses import replace

import pytest
import torch

from biggan_directions.errors import UsageError
from biggan_directions.training.image_set import ImageSet
from tests.support.picture_sets import image_set


def test_an_epoch_has_every_image_once_and_the_next_another_order() -> None:
    images = image_set(10)
    epochs = [images.rows(10 * epoch, 10, seed=1).tolist() for epoch in range(3)]
    assert [sorted(epoch) for epoch in epochs] == [list(range(10))] * 3
    assert len({tuple(epoch) for epoch in epochs}) == 3


def test_batches_of_any_size_have_the_same_order() -> None:
    images = image_set(10)
    whole = images.rows(0, 24, seed=1)
    parts = torch.cat([images.rows(first, 4, seed=1) for first in range(0, 24, 4)])
    assert torch.equal(whole, parts)
    assert not torch.equal(whole, images.rows(0, 24, seed=2))
    assert torch.equal(images.rows(4, 3, seed=1), whole[4:7])  # an earlier epoch is found again


def test_the_checksum_changes_with_images_classes_and_names() -> None:
    images = image_set(6)
    altered = images.images.clone()
    altered[0, 0, 0, 0] ^= 1
    sums = {
        images.sha256(),
        replace(images, images=altered).sha256(),
        replace(images, class_index=images.class_index.flip(0)).sha256(),
        replace(images, names=("a", "b", "c")).sha256(),
    }
    assert len(sums) == 4
    assert image_set(6).sha256() == images.sha256()


def test_images_are_from_minus_one_to_one() -> None:
    images, class_index = image_set(6).batch(torch.tensor([2, 0]))
    assert images.min() == -1
    assert images.max() <= 1
    assert class_index.tolist() == [2, 0]


def distinct(images: ImageSet) -> set[bytes]:
    """The images as bytes."""
    return {image.numpy().tobytes() for image in images.images}


def test_a_share_of_each_class_is_held_out_whatever_the_order() -> None:
    images = image_set(60)
    kept, held = images.parts(0.1)
    assert (len(kept), kept.held_out, held.held_out) == (54, 0.1, 0)
    assert torch.bincount(held.class_index).tolist() == [2, 2, 2]
    assert distinct(kept) | distinct(held) == distinct(images)
    assert not distinct(kept) & distinct(held)
    assert distinct(images.subset(torch.arange(59, -1, -1)).parts(0.1)[1]) == distinct(held)
    whole, none = images.parts(0)
    assert (len(whole), len(none), whole.sha256()) == (60, 0, images.sha256())


def test_copies_of_an_image_are_held_out_together() -> None:
    images = image_set(60)
    twice = images.subset(torch.arange(60).repeat(2))
    held = twice.parts(0.1)[1]
    assert len(held) == 12
    assert len(distinct(held)) == 6
    with pytest.raises(UsageError, match=r"from 0 to 0\.5, got 0\.6"):
        images.parts(0.6)
