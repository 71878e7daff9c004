"""Which pictures a traversal draws, and in what order they are shown."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image

from biggan_directions.rendering.frames import images_along, render_edit, render_loop, render_still
from biggan_directions.rendering.images import draw, to_bytes
from biggan_directions.rendering.settings import RenderSettings
from biggan_directions.traversal import apply_moves, loop_path
from tests.support.standin import Discs, directions, latents, request

PLAIN = RenderSettings(samples=2, frames=8, labels=False, scale=1, distance=2.0, batch_size=3)
REMOVED = RenderSettings(samples=2, frames=8, labels=False, scale=1, distance=2.0, projection="remove")


def _pixels(frame: Image.Image) -> NDArray[np.int_]:
    return np.asarray(frame).astype(int)


def test_each_picture_is_drawn_once_and_frames_that_come_again_are_the_same_object() -> None:
    generator = Discs()
    frames = list(render_loop(generator, request(2, indices=(0,)), settings=PLAIN))
    assert generator.drawn == 2 * 5
    assert len(frames) == 8
    assert len({id(frame) for frame in frames}) == 5
    assert frames[1] is frames[3]
    assert frames[0] is frames[4]


def test_distance_0_is_the_base_picture_where_the_projection_is_kept() -> None:
    z = latents(2)
    base = render_still(Discs(), z, settings=PLAIN)
    kept, removed = (
        [next(render_loop(Discs(), request(2, indices=(index,)), settings=settings)) for index in (0, 3)]
        for settings in (PLAIN, REMOVED)
    )
    assert all(np.array_equal(_pixels(frame), _pixels(base)) for frame in kept)
    assert not any(np.array_equal(_pixels(frame), _pixels(base)) for frame in removed)


def test_frames_show_the_generator_at_the_path_s_latents() -> None:
    z, path = latents(2), loop_path(8)
    frames = list(render_loop(Discs(), request(2, indices=(1,)), settings=PLAIN))
    for index, frame in zip(path.order, frames, strict=True):
        moved = apply_moves(z, directions(), {1: 2.0 * path.fractions[index]})
        expected = np.concatenate(to_bytes(Discs()(moved)), 1)
        shown = np.delete(_pixels(frame), [32, 33], 1)  # the gutter
        assert np.abs(shown - expected).max() <= 1


def test_removed_samples_move_in_step() -> None:
    """Two latents that differ along the direction alone give the same frames."""
    z = latents(2)
    z[1] = z[0] + 3 * directions()[0]
    frame = _pixels(next(render_loop(Discs(), request(2, z=z, indices=(0,)), settings=REMOVED)))
    assert np.abs(frame[:, :32] - frame[:, -32:]).max() <= 1


def test_a_base_that_is_known_is_not_drawn_again() -> None:
    generator, z = Discs(), latents(2)
    base = list(draw(generator, z))
    before = generator.drawn
    with_base = list(render_loop(generator, request(2, indices=(0,)), settings=PLAIN, base=base))
    assert generator.drawn - before == 2 * 4
    without = list(render_loop(Discs(), request(2, indices=(0,)), settings=PLAIN))
    assert all(np.array_equal(_pixels(a), _pixels(b)) for a, b in zip(with_base, without, strict=True))


def test_pictures_are_drawn_as_frames_are_taken() -> None:
    generator = Discs()
    frames = render_loop(generator, request(2, indices=(0,)), settings=PLAIN)
    next(frames)
    assert generator.drawn <= 2 + 3


def test_each_sample_keeps_its_class() -> None:
    class_index = torch.tensor([0, 3])
    shown = request(2, indices=(0,), class_index=class_index)
    frame = _pixels(list(render_loop(Discs(), shown, settings=PLAIN))[2])
    moved = apply_moves(latents(2), directions(), {0: 2.0})
    expected = to_bytes(Discs()(moved, class_index))
    assert np.abs(frame[:, :32] - expected[0]).max() <= 1
    assert np.abs(frame[:, -32:] - expected[1]).max() <= 1


@pytest.mark.parametrize("settings", [PLAIN, REMOVED])
def test_a_grid_shows_what_the_single_animations_show_each_at_its_own_distance(
    settings: RenderSettings,
) -> None:
    settings = replace(settings, distance=None)
    both = request(2, effects=[0.1, 0.0, 0.3, 0.0, 0.0, 0.0], indices=(0, 2))
    fractions = loop_path(8).fractions
    generator = Discs()
    together = list(images_along(generator, both, fractions, settings=settings))
    assert generator.drawn == (2 + 2 * 2 * 4 if settings.projection == "keep" else 2 * 2 * 5)
    for place, index in enumerate((0, 2)):
        alone = images_along(Discs(), replace(both, indices=(index,)), fractions, settings=settings)
        for all_images, single in zip(together, alone, strict=True):
            difference = np.stack(all_images[2 * place : 2 * place + 2]).astype(int) - np.stack(single)
            assert np.abs(difference).max() <= 1
    extents = both.extents(settings)
    assert (extents[0].distance, extents[2].distance) == (4.0, 1.3)
    assert len(list(render_loop(Discs(), both, settings=settings))) == 8


def test_an_edit_goes_from_here_to_there() -> None:
    z, moves = latents(1), {0: 1.5, 3: -1.0}
    settings = RenderSettings(samples=1, frames=8, labels=False, scale=1)
    generator = Discs()
    frames = list(render_edit(generator, request(1), moves, settings=settings))
    assert generator.drawn == 5
    here = render_still(Discs(), z, settings=settings)
    there = render_still(Discs(), apply_moves(z, directions(), moves), settings=settings)
    assert np.array_equal(_pixels(frames[0]), _pixels(here))
    assert np.abs(_pixels(frames[4]) - _pixels(there)).max() <= 1
    assert np.abs(_pixels(here) - _pixels(there)).max() > 30
    named = request(1, names=["turn", *[""] * 5])
    labelled = next(render_edit(Discs(), named, moves, settings=RenderSettings(samples=1, frames=8)))
    assert labelled.height > 256


def test_a_still_of_one_latent_is_its_picture_and_nothing_else() -> None:
    image = to_bytes(Discs(48)(latents(1)))[0]
    assert np.array_equal(np.asarray(render_still(Discs(48), latents(1), settings=RenderSettings())), image)
    assert render_still(Discs(48), latents(1), settings=RenderSettings(scale=4)).size == (192, 192)
