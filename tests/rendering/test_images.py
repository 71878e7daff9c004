"""Pictures as bytes, in batches, at a size."""

import numpy as np
import pytest
import torch

from biggan_directions.errors import GeneratorError, UsageError
from biggan_directions.rendering.images import columns_for, draw, resized, to_bytes
from tests.support.standin import Discs, latents


def test_every_grey_level_comes_back_and_what_lies_between_is_rounded() -> None:
    levels = torch.arange(256, dtype=torch.float64) / 127.5 - 1
    for offset, expected in ((0.0, 0), (0.49, 0), (-0.49, 0), (0.51, 1)):
        images = (levels + offset / 127.5).reshape(256, 1, 1, 1).expand(256, 3, 2, 2)
        assert to_bytes(images)[:, 0, 0, 0].tolist() == [min(k + expected, 255) for k in range(256)]


def test_what_lies_outside_is_clamped_and_channels_come_last() -> None:
    images = torch.tensor([-7.0, 0.0, 7.0]).reshape(1, 3, 1, 1).expand(1, 3, 4, 5)
    pictures = to_bytes(images)
    assert pictures.shape == (1, 4, 5, 3)
    assert pictures[0, 3, 4].tolist() == [0, 128, 255]


def test_bad_pictures_are_an_error_not_a_strange_file() -> None:
    with pytest.raises(GeneratorError, match="not finite"):
        to_bytes(torch.full((1, 3, 2, 2), float("nan")))
    with pytest.raises(GeneratorError, match=r"\(1, 4, 2, 2\).*expected \(N, 3"):
        to_bytes(torch.zeros(1, 4, 2, 2))


@pytest.mark.parametrize("batch_size", [1, 3, 4, 50])
def test_batches_change_nothing_but_the_calls(batch_size: int) -> None:
    z, class_index = latents(10), torch.arange(10) % 2
    generator = Discs(16)
    pictures = np.stack(list(draw(generator, z, class_index, batch_size=batch_size)))
    assert np.array_equal(pictures, to_bytes(Discs(16)(z, class_index)))
    assert max(generator.batches) <= batch_size
    assert generator.drawn == 10


def test_pictures_are_drawn_only_as_they_are_taken() -> None:
    generator = Discs(16)
    stream = draw(generator, latents(10), batch_size=2)
    next(stream)
    assert generator.drawn == 2
    with pytest.raises(UsageError, match="batch_size is 0"):
        next(draw(generator, latents(1), batch_size=0))


def test_at_its_own_size_a_picture_keeps_its_bytes() -> None:
    picture = to_bytes(Discs(20)(latents(1)))[0]
    assert np.array_equal(np.asarray(resized(picture, 20, 20)), picture)
    assert resized(picture, 40, 60).size == (40, 60)


@pytest.mark.parametrize("count", range(1, 130))
def test_cells_fit_and_no_row_or_column_is_empty(count: int) -> None:
    columns = columns_for(count)
    rows = -(-count // columns)
    assert columns * rows >= count
    assert columns * (rows - 1) < count
    assert columns <= 3 * rows + 4
