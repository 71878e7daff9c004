"""Images drawn by several processes are those of one."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from biggan_directions.distributed.process_group import ALONE
from biggan_directions.rendering.images import draw, to_bytes
from biggan_directions.runs.drawing import SharedDrawing
from tests.support.forked_groups import Job, run_groups
from tests.support.group_member import LATENTS, drawing
from tests.support.separable import Separable


def test_one_process_draws_as_the_generator_does() -> None:
    images = SharedDrawing(Separable(classes=2), 2, ALONE)(LATENTS)
    assert torch.equal(images, Separable(classes=2)(LATENTS))


@pytest.mark.parametrize("size", [2, 3])
def test_several_processes_draw_the_bytes_of_one(size: int, tmp_path: Path) -> None:
    (ran,) = run_groups(tmp_path, Job(size, drawing, ("drawn.pt",)))
    assert ran.codes == [0] * size, ran.err
    drawn = torch.load(tmp_path / "drawn.pt", weights_only=True)
    generator, classes = Separable(classes=2), torch.arange(len(LATENTS)) % 2
    for images, class_index in ((drawn["first"], None), (drawn["second"], classes)):
        expected = list(draw(generator, LATENTS, class_index, batch_size=2))
        assert (to_bytes(images) == expected).all()
    assert drawn["failure"] == "The generator gave an image with values that are not finite."
