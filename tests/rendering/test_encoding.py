"""The thread that encodes: what is written, and what becomes of it where drawing stops or writing fails."""

import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from biggan_directions.errors import OutputError
from biggan_directions.rendering.encoding import AnimationJob, EncoderThread
from biggan_directions.rendering.frame_layout import Panel
from biggan_directions.rendering.images import ImageArray
from biggan_directions.rendering.settings import RenderSettings
from biggan_directions.traversal import loop_path

SETTINGS = RenderSettings(samples=1, frames=8, scale=1, labels=False)
PATH = loop_path(SETTINGS.frames)


def _job(target: Path, *, with_strips: bool = False) -> AnimationJob:
    panels = [Panel("3", "", 2.0)]
    return AnimationJob(
        indices=(3,), panels=panels, path=PATH, target=target, comment="", with_strips=with_strips
    )


def _images() -> Sequence[list[ImageArray]]:
    return [[np.full((16, 16, 3), 40 * place, np.uint8)] for place in range(len(PATH.fractions))]


def test_it_writes_while_the_next_is_put_and_hands_over_in_order(tmp_path: Path) -> None:
    done = []
    with EncoderThread(SETTINGS) as encoder:
        for name in "abc":
            encoder.begin(_job(tmp_path / f"{name}.gif", with_strips=name == "b"))
            for images in _images():
                encoder.put(images)
            done += list(encoder.finished(but=1))
            assert len(done) == "abc".index(name)
        done += list(encoder.finished())
    assert [encoded.job.target.stem for encoded in done] == ["a", "b", "c"]
    assert all(encoded.animation.size_bytes == encoded.job.target.stat().st_size for encoded in done)
    assert [encoded.strips is not None for encoded in done] == [False, True, False]
    assert (tmp_path / "a.gif").read_bytes() == (tmp_path / "b.gif").read_bytes()


@pytest.mark.parametrize("count", [0, 1, 3])
def test_where_drawing_stops_nothing_is_left_and_nobody_waits(count: int, tmp_path: Path) -> None:
    def stopping() -> None:
        with EncoderThread(SETTINGS) as encoder:
            encoder.begin(_job(tmp_path / "a.gif"))
            for images in _images()[:count]:
                encoder.put(images)
            raise KeyError

    with pytest.raises(KeyError):
        stopping()
    assert not list(tmp_path.iterdir())
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("encode")]


def test_a_failure_to_write_is_raised_to_whoever_draws(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")

    def drawing(encoder: EncoderThread) -> None:
        for _ in range(100_000):
            encoder.put(_images()[0])

    with EncoderThread(SETTINGS) as encoder:
        encoder.begin(_job(tmp_path / "file" / "a.gif"))
        with pytest.raises(OutputError, match="Cannot write"):
            drawing(encoder)
