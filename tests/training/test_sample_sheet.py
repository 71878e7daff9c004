"""The sheet of samples: a row for each class, the same latents in each, of the averaged weights."""

import numpy as np

from biggan_directions.training.sample_sheet import sample_sheet
from biggan_directions.training.trainer import Trainer
from tests.support.picture_sets import TINY, image_set


def test_a_sheet_has_a_row_for_each_class_and_changes_with_the_average_alone() -> None:
    trainer = Trainer(TINY, image_set(colour=True))
    before = sample_sheet(trainer)
    assert before.shape == (3 * 32, 10 * 32, 3)
    trainer.generator.bn.bias.data += 1
    assert np.array_equal(sample_sheet(trainer), before)
    trainer.average["bn.bias"] += 1
    assert not np.array_equal(sample_sheet(trainer), before)
    rows = before.reshape(3, 32, 10, 32, 3)
    assert not np.array_equal(rows[0], rows[1])
    assert np.unique(rows[0].transpose(1, 0, 2, 3).reshape(10, -1), axis=0).shape[0] == 10
