"""What is drawn: a request that does not fit is refused when it is made."""

import math
from typing import Any

import pytest
import torch

from biggan_directions.errors import UsageError
from biggan_directions.generators.chosen_layers import ChosenLayers
from biggan_directions.rendering import RenderRequest, RenderSettings
from biggan_directions.traversal import apply_moves, latents_along
from tests.support.oracles import normal, random_orthogonal
from tests.support.standin import latents, request


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"indices": (0, 9)}, "no direction 9: this set has 6"),
        ({"indices": (-1,)}, "no direction -1"),
        ({"indices": ()}, "no directions to show"),
        ({"names": ["a"]}, "1 names: expected 6"),
        ({"effects": [0.1] * 7}, "7 effects: expected 6"),
        ({"distances": [1.0]}, "1 distances: expected 6"),
        ({"z": latents(2)[:, :5]}, r"\(6, 6\).*expected \(ndirs, 5\)"),
        ({"directions": torch.ones(6)}, r"\(6,\).*expected \(ndirs, 6\)"),
    ],
)
def test_what_does_not_fit_is_refused(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        request(2, **wrong)


def test_a_direction_is_shown_once_in_the_order_asked_for() -> None:
    assert request(1).shown == (0, 1, 2, 3, 4, 5)
    assert request(1, indices=[4, 0, 4]).shown == (4, 0)


def test_what_is_not_known_has_no_name_and_no_effect() -> None:
    bare = request(1, indices=[3])
    assert bare.name(3) == ""
    assert math.isnan(bare.effect(3))
    assert bare.extents(RenderSettings()) == {3: (3.0, "effect unknown")}
    known = request(1, indices=[3], names=list("abcdef"), effects=[0.1, 0.1, 0.1, 0.2, 0.1, 0.1])
    assert (known.name(3), known.effect(3)) == ("d", 0.2)
    assert known.extents(RenderSettings())[3].distance == 2.0


def test_the_files_distance_goes_before_the_effect() -> None:
    known = request(1, indices=[0, 1], effects=[0.1] * 6, distances=[2.5, *[math.nan] * 5])
    assert [one.distance for one in known.extents(RenderSettings()).values()] == [2.5, 4.0]
    assert known.extents(RenderSettings(distance=1.0))[0] == (1.0, "as asked")


def test_moves_at_layers_are_the_ordinary_ones_at_each_layer() -> None:
    z, rows, moves = normal(2, 6, seed=0), random_orthogonal(6)[:3], {0: 1.5, 1: -0.3, 2: 4.0}
    request = RenderRequest(
        directions=rows,
        z=z,
        layers={0: ChosenLayers(indices=(0, 1), count=3), 1: ChosenLayers(indices=(), count=3)},
    )
    moved = request.moved(moves)
    for layer, acting in enumerate([(0, 2), (0, 2), (2,)]):
        expected = apply_moves(z, rows, {index: moves[index] for index in acting})
        assert torch.equal(moved[:, layer], expected)
    far = torch.tensor([1.0, -2.0])
    path = request.along(0, far, projection="remove")
    whole = latents_along(z, rows[0], far, projection="remove")
    assert torch.equal(path[:, :, :2], whole[:, :, None].expand(-1, -1, 2, -1))
    assert torch.equal(path[:, :, 2], z.expand(2, -1, -1))
    plain = RenderRequest(directions=rows, z=z)
    assert torch.equal(plain.along(0, far, projection="remove"), whole)
    assert torch.equal(plain.moved(moves), apply_moves(z, rows, moves))
