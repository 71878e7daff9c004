"""The oracle is the authors' network; sizes follow from shapes."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from biggan_directions.generators.biggan.sizes import NoSizesError, Sizes, sizes_of
from tests.support.plain_biggan import PlainBigGAN, published_sizes, small_sizes

SCALES = {"stored_mean": 0.1, "bias": 0.1}


def figures(channels: int) -> dict[str, Any]:
    """What the authors' own code gave, once, at weights of a formula."""
    path = Path(__file__).with_name(f"biggan_ch{channels}.json")
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return found


def by_formula(shapes: dict[str, list[int]]) -> dict[str, torch.Tensor]:
    """The weights at which the figures were computed."""
    state = {}
    for place, name in enumerate(sorted(shapes)):
        x = np.random.Generator(np.random.PCG64([20201, place])).standard_normal(tuple(shapes[name]))
        last = name.rpartition(".")[2]
        if last == "stored_var":
            x = 0.5 + 0.5 * np.abs(x)
        elif last == "sv0":
            x = np.abs(x)
        elif last == "gamma":
            x = np.asarray(0.5)
        elif name == "output_layer.0.gain":
            x = 1 + 0.1 * x
        state[name] = torch.from_numpy(np.asarray(SCALES.get(last, 1.0) * x, dtype=np.float32))
    return state


def loaded(channels: int) -> tuple[dict[str, Any], PlainBigGAN]:
    known = figures(channels)
    state = by_formula(known["keys"])
    model = PlainBigGAN(sizes_of({name: tuple(tensor.shape) for name, tensor in state.items()}))
    model.load_state_dict(state)
    return known, model.double()


@pytest.mark.parametrize("channels", [8, pytest.param(96, marks=pytest.mark.slow)])
def test_the_oracle_draws_what_the_authors_code_drew(channels: int) -> None:
    known, model = loaded(channels)
    seen: dict[str, torch.Tensor] = {}
    for place, block in enumerate(model.blocks):
        block[-1].register_forward_hook(  # type: ignore[index]
            lambda _, __, out, place=place: seen.update({f"blocks.{place}": out})
        )
    z = torch.from_numpy(np.random.Generator(np.random.PCG64(7)).standard_normal((3, 120)))
    images = model(z, torch.tensor(known["classes"]))
    assert list(images.shape) == known["image_shape"]
    for got, expected in (
        (images.mean((1, 2, 3)), known["image_mean"]),
        (images.std((1, 2, 3)), known["image_std"]),
        (torch.nn.functional.adaptive_avg_pool2d(images, 4), known["image_4x4"]),
    ):
        np.testing.assert_allclose(got, expected, rtol=0, atol=1e-9)
    for where, expected in known["pixels"].items():
        sample, row, column = (int(part) for part in where.strip("[]").split(",") if part != ":")
        np.testing.assert_allclose(images[sample, :, row, column], expected, rtol=0, atol=1e-9)
    for name, about in known["blocks"].items():
        assert list(seen[name].shape) == about["shape"]
        assert abs(float(seen[name].mean()) - about["mean"]) <= 1e-9
        assert abs(float(seen[name].std()) - about["std"]) <= 1e-9


@pytest.mark.parametrize("channels", [8, 96])
def test_sizes_and_every_shape_follow_from_the_published_keys(channels: int) -> None:
    known = figures(channels)
    sizes = sizes_of({name: tuple(shape) for name, shape in known["keys"].items()})
    assert sizes == published_sizes(128, width=channels)
    assert (sizes.z_dim, sizes.resolution, sizes.chunk) == (120, 128, 20)
    assert sizes.parameters() == known["parameters"]
    expected = {name: list(shape) for name, shape in sizes.expected_shapes().items()}
    assert expected == {name: shape for name, shape in known["keys"].items() if not name.endswith("sv0")}


@pytest.mark.parametrize(("resolution", "z_dim", "chunk"), [(128, 120, 20), (256, 140, 20), (512, 128, 16)])
def test_the_familys_other_sizes(resolution: int, z_dim: int, chunk: int) -> None:
    sizes = published_sizes(resolution)
    again = sizes_of({name: tuple(shape) for name, shape in sizes.expected_shapes().items()})
    assert again == sizes
    assert (again.resolution, again.z_dim, again.chunk) == (resolution, z_dim, chunk)
    assert again.chunk_of(1) == slice(chunk, 2 * chunk)
    assert again.layer_names[:2] == ("linear", "blocks.0")
    assert len(again.layer_names) == again.blocks + 1 == z_dim // chunk


def test_spectral_norm_of_torch_is_recognised() -> None:
    sizes = Sizes(**{**vars(small_sizes()), "torch_style": True})
    shapes = {name: tuple(shape) for name, shape in sizes.expected_shapes().items()}
    assert shapes["blocks.1.1.theta.weight_v"] == (8,)
    assert sizes_of(shapes) == sizes
    assert sizes.parameters() == small_sizes().parameters()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"shared.weight": None}, "shared.weight is absent"),
        ({"linear.weight": (24, 3)}, "24 rows, expected a multiple of 16"),
        ({"linear.weight": (32,)}, r"linear.weight is \(32,\), expected 2 dimensions"),
        ({"blocks.1.0.conv1.weight": None}, "blocks.1.0.conv1.weight is absent"),
        ({"blocks.999.0.conv1.weight": (1, 1, 3, 3)}, "it has 1000 blocks"),
        ({f"blocks.{place}.0.conv1.weight": None for place in range(3)}, "blocks.0.0.conv1.weight is absent"),
    ],
)
def test_what_says_no_sizes(change: dict[str, tuple[int, ...] | None], says: str) -> None:
    shapes: dict[str, Any] = {**small_sizes().expected_shapes(), **change}
    with pytest.raises(NoSizesError, match=says):
        sizes_of({name: tuple(shape) for name, shape in shapes.items() if shape is not None})
