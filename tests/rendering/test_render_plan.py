"""From a request to files, encoded while the next images are drawn."""

import gc
import shutil
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from biggan_directions.errors import GeneratorError, OutputError, UsageError
from biggan_directions.rendering import RenderedFile, RenderPlan, RenderRequest, RenderSettings
from biggan_directions.rendering.images import Generate, to_bytes
from biggan_directions.rendering.manifest import MANIFEST_NAME, Manifest
from biggan_directions.traversal import Projection
from tests.rendering.test_gallery import account
from tests.support.standin import Discs, latents, request

SETTINGS = RenderSettings(samples=2, frames=8, scale=1, sheet_positions=3)
EFFECTS = [0.1, 0.2, 0.3, 0.05, 0.4, 0.2]


def _files(
    generate: Generate, shown: RenderRequest, folder: Path, settings: RenderSettings = SETTINGS
) -> Iterator[RenderedFile]:
    return RenderPlan(shown, folder, settings=settings).files(generate)


def test_a_record_for_each_file_in_order(tmp_path: Path) -> None:
    shown = request(2, effects=EFFECTS, names=["../../etc"] * 6, indices=(4, 0), title="discs")
    records = list(_files(Discs(), shown, tmp_path))
    assert [record.path.name for record in records] == [
        "sheet_part.png",
        "direction_04.gif",
        "direction_00.gif",
    ]
    assert [record.index for record in records] == [None, 4, 0]
    assert all(record.path.stat().st_size == record.size_bytes for record in records)
    assert records[1].extents == {4: (1.0, "effect 0.4")}
    assert records[2].extents == {0: (4.0, "effect 0.1")}
    assert records[0].animation is None
    animation = records[1].animation
    assert animation is not None
    assert (animation.frames, animation.duration_ms) == (8, 400)
    assert set(tmp_path.iterdir()) == {record.path for record in records}


@pytest.mark.parametrize("projection", ["keep", "remove"])
@pytest.mark.parametrize("grid", [False, True])
def test_no_picture_is_drawn_twice(projection: Projection, grid: bool, tmp_path: Path) -> None:
    settings = replace(SETTINGS, projection=projection, grid=grid)
    generator = Discs()
    plan = RenderPlan(request(2, effects=EFFECTS), tmp_path, settings=settings)
    records = list(plan.files(generator))
    assert generator.drawn == plan.images_needed
    assert len(records) == 1 + (1 if grid else 6)


def test_files_are_the_same_bytes_each_time(tmp_path: Path) -> None:
    runs = []
    for name in ("one", "two"):
        records = _files(Discs(), request(2), tmp_path / name)
        runs.append({record.path.name: record.path.read_bytes() for record in records})
    assert runs[0] == runs[1]
    assert len(runs[0]) == 7


def test_another_class_for_each_sample_reaches_every_file(tmp_path: Path) -> None:
    settings, class_index = replace(SETTINGS, format="apng", labels=False), torch.tensor([0, 3])
    list(_files(Discs(), request(2, class_index=class_index, indices=(0,)), tmp_path, settings))
    first = np.asarray(Image.open(tmp_path / "direction_00.png").convert("RGB")).astype(int)
    expected = to_bytes(Discs()(latents(2), class_index)).astype(int)
    assert np.abs(first[:, :32] - expected[0]).max() <= 1
    assert np.abs(first[:, -32:] - expected[1]).max() <= 1


def test_the_sheet_shows_a_sample_of_each_class(tmp_path: Path) -> None:
    settings = replace(SETTINGS, samples=5, labels=False)
    heights = []
    for classes in (None, [0, 0, 0, 0, 0], [2, 0, 2, 0, 0], [0, 1, 2, 3, 4]):
        generator, class_index = Discs(), None if classes is None else torch.tensor(classes)
        plan = RenderPlan(request(5, class_index=class_index, indices=(0,)), tmp_path, settings=settings)
        records = list(plan.files(generator))
        assert generator.drawn == plan.images_needed
        heights.append(Image.open(records[0].path).height)
    assert heights[0] == heights[1] == 160
    assert heights[2] // 160 == 2
    assert heights[3] // 160 == 3


def test_memory_does_not_grow_with_the_number_of_directions(tmp_path: Path) -> None:
    """Frames alive at once are those of two animations at most, however many are made."""
    alive = []
    discs = Discs(16)

    def watched(z: torch.Tensor, class_index: torch.Tensor | None) -> torch.Tensor:
        if len(discs.batches) % 15 == 0:
            alive.append(sum(type(thing) is Image.Image for thing in gc.get_objects()))
        return discs(z, class_index)

    settings = replace(SETTINGS, frames=16, batch_size=2)
    many = torch.eye(6).repeat(4, 1)
    gc.freeze()  # leaves what is here already out of the count
    try:
        list(_files(watched, request(2, directions=many), tmp_path, settings))
    finally:
        gc.unfreeze()
    distinct = 16 // 2 + 1
    assert len(alive) > 10
    assert 0 < max(alive) <= 2 * distinct + 8


def test_a_generator_that_fails_leaves_whole_files_only(tmp_path: Path) -> None:
    discs = Discs()

    def failing(z: torch.Tensor, class_index: torch.Tensor | None) -> torch.Tensor:
        images = discs(z, class_index)
        return images if discs.drawn < 40 else images * float("nan")

    with pytest.raises(GeneratorError, match="not finite"):
        list(_files(failing, request(2), tmp_path))
    assert (tmp_path / "sheet.png").exists()
    for entry in tmp_path.iterdir():
        assert not entry.name.startswith(".")
        Image.open(entry).load()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("encode")]


def test_whoever_stops_early_leaves_whole_files_and_no_thread(tmp_path: Path) -> None:
    records = _files(Discs(), request(2), tmp_path)
    next(records)
    next(records)
    records.close()  # type: ignore[attr-defined]
    assert all(not entry.name.startswith(".") for entry in tmp_path.iterdir())
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("encode")]


def test_drawing_stops_as_soon_as_encoding_has_failed(tmp_path: Path) -> None:
    discs, folder = Discs(16), tmp_path / "out"

    def slow(z: torch.Tensor, class_index: torch.Tensor | None) -> torch.Tensor:
        time.sleep(0.01)
        return discs(z, class_index)

    settings = replace(SETTINGS, frames=80, batch_size=1)
    plan = RenderPlan(request(2, indices=(0,)), folder, settings=settings)
    records = plan.files(slow)
    next(records)
    shutil.rmtree(folder)
    folder.write_bytes(b"in the way")
    with pytest.raises(OutputError, match=r"Cannot write .*direction_00\.gif"):
        next(records)
    assert discs.drawn < plan.images_needed / 2


def test_without_the_video_extra_nothing_is_drawn(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    generator, settings = Discs(), replace(SETTINGS, format="mp4")
    with pytest.raises(UsageError, match="video"):
        next(_files(generator, request(2), tmp_path, settings))
    assert generator.drawn == 0


def test_another_number_of_samples_is_refused_before_anything_is_drawn(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="z has 3 rows: expected 2"):
        RenderPlan(request(3), tmp_path, settings=SETTINGS)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("projection", ["keep", "remove"])
@pytest.mark.parametrize("lost", [(), ("sheet.png",), ("direction_02.gif",), ("gallery.html",)])
def test_what_a_manifest_has_is_neither_drawn_nor_counted(
    projection: Projection, lost: tuple[str, ...], tmp_path: Path
) -> None:
    settings, shown = replace(SETTINGS, projection=projection), request(2, account=account())
    list(RenderPlan(shown, tmp_path, settings=settings, manifest=_manifest(tmp_path)).files(Discs()))
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    for name in lost:
        (tmp_path / name).unlink()
    plan, generator = RenderPlan(shown, tmp_path, settings=settings, manifest=_manifest(tmp_path)), Discs()
    records = list(plan.files(generator))
    assert generator.drawn == plan.images_needed
    assert (generator.drawn == 0) is (lost == ())
    # the page needs the strips of every animation, which are dropped once there is a page
    drawn = {record.path.name for record in records if not record.kept}
    assert drawn == (set(lost) if lost != ("gallery.html",) else set(before) - {"sheet.png", MANIFEST_NAME})
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def _manifest(folder: Path) -> Manifest:
    return Manifest(folder, "the same", resume=True)
