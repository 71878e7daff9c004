"""The folded forward pass against the unfolded network, and what must hold around it."""

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch.autograd import forward_ad

from biggan_directions.errors import UsageError
from biggan_directions.generators import ImageClass
from biggan_directions.generators.biggan.hierarchical_biggan import HierarchicalBigGAN
from biggan_directions.generators.biggan.sizes import Sizes
from biggan_directions.generators.capabilities import (
    Activations,
    Compilable,
    LatentWeights,
    Layered,
    Reclassable,
)
from biggan_directions.generators.folded.kernels import operations
from biggan_directions.generators.folded.kernels.switch import Kernels, using
from tests.generators.biggan.test_sizes import loaded
from tests.support.oracles import normal
from tests.support.plain_biggan import (
    Normalised,
    PlainBigGAN,
    published_sizes,
    random_plain,
    small_sizes,
)

CLASSES = (ImageClass(3, "three"), ImageClass(1, "one"), ImageClass(4, "four"))


def freeze(model: PlainBigGAN, **changes: Any) -> HierarchicalBigGAN:
    settings: dict[str, Any] = {
        "classes": CLASSES,
        "truncation": 1.0,
        "model": "random",
        "weights_sha256": "0" * 64,
        "license": "MIT",
        "device": "cpu",
        "dtype": model.linear.weight.dtype,
    }
    return HierarchicalBigGAN(model.sizes, model.state_dict(), **(settings | changes))


def latents(sizes: Sizes, count: int = 1) -> torch.Tensor:
    return normal(count, sizes.z_dim, seed=1)


def unfolded(model: PlainBigGAN, z: torch.Tensor, class_index: torch.Tensor) -> torch.Tensor:
    images: torch.Tensor = model(z, torch.tensor([one.index for one in CLASSES])[class_index])
    return images


@pytest.fixture(scope="module")
def small() -> PlainBigGAN:
    return random_plain(small_sizes(), dtype=torch.float64)


@pytest.mark.slow
@pytest.mark.parametrize("resolution", [128, 256, 512])
def test_pictures_and_gradients_are_the_unfolded_networks(resolution: int) -> None:
    model = random_plain(replace(published_sizes(resolution, width=8), num_classes=5), dtype=torch.float64)
    frozen, z = freeze(model), latents(model.sizes).requires_grad_()
    expected, images = unfolded(model, z, torch.tensor([0])), frozen(z)
    direction = normal(*expected.shape, seed=2)
    (gradient,) = torch.autograd.grad((images * direction).sum(), z)
    (expected_gradient,) = torch.autograd.grad((expected * direction).sum(), z)
    assert images.shape == (1, 3, resolution, resolution)
    assert (images - expected).abs().max() <= 1e-9
    assert (gradient - expected_gradient).abs().max() <= 1e-9 * expected_gradient.abs().max()
    with torch.no_grad():
        assert (frozen(z) - expected).abs().max() <= 1e-9
    assert 0.05 < expected.std() < 0.9  # neither grey nor saturated, where any error would vanish
    assert gradient.view(-1, model.sizes.chunk).abs().amax(1).min() > 1e-3  # every chunk matters


def test_it_draws_what_the_authors_code_drew() -> None:
    known, model = loaded(8)
    classes = [ImageClass(index, str(index)) for index in known["classes"]]
    z = normal(3, 120, seed=1)
    expected = model(z, torch.tensor(known["classes"]))
    images = freeze(model, classes=classes)(z, torch.arange(3))
    assert (images - expected).abs().max() <= 1e-9


@pytest.mark.slow
def test_full_size_in_float32() -> None:
    """Against the unfolded network in float64."""
    model = random_plain(published_sizes(128))
    z = latents(model.sizes, 2).float()
    with torch.no_grad():
        images = freeze(model)(z)
        exact = unfolded(model.double(), z.double(), torch.tensor([0, 0]))
    assert (images - exact).abs().max() <= 1e-4
    assert 0.05 < exact.std() < 0.9


def test_each_picture_of_several_classes_is_of_its_own(small: PlainBigGAN) -> None:
    frozen, z, class_index = freeze(small), latents(small.sizes, 4), torch.tensor([2, 0, 1, 2])
    with torch.no_grad():
        assert (frozen(z, class_index) - unfolded(small, z, class_index)).abs().max() <= 1e-9
        assert torch.equal(frozen(z), frozen(z, torch.zeros(4, dtype=torch.long)))
        assert not torch.allclose(frozen(z), frozen(z, class_index), atol=1e-2)


def test_gradients_of_several_pictures_are_the_unfolded_networks(small: PlainBigGAN) -> None:
    frozen, class_index = freeze(small), torch.tensor([1, 0, 1])
    z = latents(small.sizes, 3).requires_grad_()
    expected, images = unfolded(small, z, class_index), frozen(z, class_index)
    direction = normal(*expected.shape, seed=2)
    (expected_gradient,) = torch.autograd.grad((expected * direction).sum(), z)
    for _ in range(2):  # what the first pass back keeps, the second must find as it was
        (gradient,) = torch.autograd.grad((images * direction).sum(), z, retain_graph=True)
        assert (gradient - expected_gradient).abs().max() <= 1e-9 * expected_gradient.abs().max()


@pytest.mark.parametrize("band_bytes", [1, 20_000, 2**30])
def test_pictures_do_not_depend_on_the_batch_nor_on_bands(
    small: PlainBigGAN, band_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    frozen, class_index = freeze(small), torch.tensor([2, 0, 1, 1, 0])
    z = latents(small.sizes, 5).requires_grad_()
    expected = unfolded(small, z, class_index)
    (expected_gradient,) = torch.autograd.grad(expected.square().sum(), z)
    monkeypatch.setattr(operations, "_BAND_BYTES", band_bytes)
    images = frozen(z, class_index)
    (gradient,) = torch.autograd.grad(images.square().sum(), z)
    with torch.no_grad():
        assert (frozen(z, class_index) - expected).abs().max() <= 1e-9
    assert (images - expected).abs().max() <= 1e-9
    assert (gradient - expected_gradient).abs().max() <= 1e-9 * expected_gradient.abs().max()


@pytest.mark.parametrize("kernels", [Kernels.none(), Kernels(bands=False), Kernels(packed=False)])
def test_each_fast_way_changes_nothing_but_rounding(small: PlainBigGAN, kernels: Kernels) -> None:
    frozen = freeze(small, dtype=torch.float32)
    z = latents(small.sizes, 3).float().requires_grad_()
    expected = frozen(z)
    (expected_gradient,) = torch.autograd.grad(expected.square().sum(), z)
    with using(kernels):
        images = frozen(z)
        (gradient,) = torch.autograd.grad(images.square().sum(), z)
    assert (images - expected).abs().max() <= 1e-5
    assert (gradient - expected_gradient).abs().max() <= 1e-5 * expected_gradient.abs().max()


def test_second_and_forward_derivatives(small: PlainBigGAN) -> None:
    frozen, z = freeze(small), latents(small.sizes)
    tangent = normal(*z.shape, seed=3)
    with forward_ad.dual_level():
        dual = forward_ad.make_dual(z, tangent)  # type: ignore[no-untyped-call]
        forward = forward_ad.unpack_dual(frozen(dual)).tangent  # type: ignore[no-untyped-call]
    _, double_backward = torch.autograd.functional.jvp(frozen, z, tangent)  # type: ignore[no-untyped-call]
    assert torch.allclose(forward, double_backward, rtol=0, atol=1e-9)
    assert forward.abs().max() > 1e-3


def test_spectral_norm_as_torch_stores_it(small: PlainBigGAN) -> None:
    """The same singular vectors in torch's names give the same network."""
    state = small.state_dict()
    renamed = dict(state)
    for name, module in small.named_modules():
        if isinstance(module, Normalised):
            matrix, u = module.weight.flatten(1), renamed.pop(f"{name}.u0")
            right = torch.nn.functional.normalize(u @ matrix)
            renamed |= {
                f"{name}.weight_orig": renamed.pop(f"{name}.weight"),
                f"{name}.weight_u": torch.nn.functional.normalize(right @ matrix.T)[0],
                f"{name}.weight_v": right[0],
            }
    settings: dict[str, Any] = dict.fromkeys(("model", "weights_sha256", "license"), "")
    settings |= {"classes": CLASSES, "truncation": 1.0, "device": "cpu", "dtype": torch.float64}
    frozen = HierarchicalBigGAN(replace(small.sizes, torch_style=True), renamed, **settings)
    z = latents(small.sizes, 2)
    assert (frozen(z) - freeze(small)(z)).abs().max() <= 1e-9


def test_capabilities(small: PlainBigGAN) -> None:
    frozen = freeze(small)
    for capability in (Activations, Compilable, LatentWeights, Layered, Reclassable):
        assert isinstance(frozen, capability)
    z = latents(small.sizes, 2)
    assert torch.equal(frozen.of_class(1)(z), frozen(z, torch.tensor([1, 1])))
    assert frozen.of_class(2, 0).classes == (CLASSES[2], CLASSES[0])
    assert not list(frozen.parameters())
    assert not any(tensor.requires_grad for tensor in frozen.buffers())


def test_weights_that_z_meets_are_the_checkpoints_normalised(small: PlainBigGAN) -> None:
    frozen, sizes = freeze(small), small.sizes
    weights = {weight.name: weight for weight in frozen.latent_weights()}
    maps = {
        name: module
        for name, module in small.named_modules()
        if isinstance(module, Normalised) and name.endswith(("linear", ".gain", ".bias"))
    }
    assert sorted(weights) == sorted(maps)
    assert len(weights) == 1 + 4 * sizes.blocks
    for name, module in maps.items():
        weight = weights[name]
        part = sizes.chunk_of(frozen.layer_names.index(weight.layer))
        matrix, expected = weight.matrix.clone(), module.normalised()[:, -sizes.chunk :]
        if name == "linear":
            expected = expected.view(-1, 16, sizes.chunk).transpose(0, 1).flatten(0, 1)
        assert torch.allclose(matrix[:, part], expected, rtol=0, atol=1e-12)
        matrix[:, part] = 0
        assert not matrix.any()
    assert weights["blocks.1.0.bn2.gain"].layer == "blocks.1"


def test_a_layer_meets_only_its_chunk_of_its_own_z(small: PlainBigGAN) -> None:
    frozen, sizes = freeze(small), small.sizes
    count, class_index = len(frozen.layer_names), torch.tensor([1, 2])
    assert frozen.layer_names == ("linear", "blocks.0", "blocks.1", "blocks.2")
    z = latents(sizes, 2)
    assert torch.equal(
        frozen.from_layers(z[:, None].expand(-1, count, -1), class_index), frozen(z, class_index)
    )
    own = normal(2, count, sizes.z_dim, seed=4)
    met = torch.cat([own[:, place, sizes.chunk_of(place)] for place in range(count)], 1)
    images = frozen.from_layers(own, class_index)
    assert torch.equal(images, frozen(met, class_index))
    assert (images - frozen(own, class_index)).abs().max() <= 1e-12
    assert (images - unfolded(small, met, class_index)).abs().max() <= 1e-9
    for place in range(count):
        moved = own.clone()
        moved[:, place, sizes.chunk_of((place + 1) % count)] += 1.0
        assert torch.equal(frozen.from_layers(moved, class_index), images)
    with pytest.raises(UsageError, match=r"\(N, 4, 12\), got \(2, 3, 12\)"):
        frozen.from_layers(own[:, :3])


def test_activations_are_the_unfolded_networks_but_for_a_constant(small: PlainBigGAN) -> None:
    frozen, z, class_index = freeze(small), latents(small.sizes, 3), torch.tensor([1, 0, 2])
    seen = {}
    hooks = [
        small.get_submodule(f"{name}.0" if name.count(".") == 1 else name).register_forward_hook(
            lambda _, __, out, name=name: seen.update({name: out})
        )
        for name in frozen.activation_names[1:]
    ]
    unfolded(small, z, class_index)
    for hook in hooks:
        hook.remove()
    assert frozen.activation_names == ("linear", "blocks.0", "blocks.1", "blocks.1.1", "blocks.2")
    for name, expected in seen.items():
        apart = frozen.activations(name, z, class_index) - expected
        assert (apart - apart[:1, :, :1, :1]).abs().max() <= 1e-9
    first = small.linear(z[:, : small.sizes.chunk]).view(3, -1, 4, 4)
    assert (frozen.activations("linear", z, class_index) - first).abs().max() <= 1e-9


def test_attributes(small: PlainBigGAN) -> None:
    frozen = freeze(small, truncation=0.433)
    assert (frozen.truncation, frozen.resolution, frozen.z_dim) == (0.433, 32, 12)
    assert (frozen.classes, frozen.device) == (CLASSES, torch.device("cpu"))
    assert (frozen.model, frozen.weights_sha256, frozen.license) == ("random", "0" * 64, "MIT")
    z = latents(small.sizes)
    assert torch.equal(frozen(z), freeze(small)(z))  # truncation scales the latents and nothing else


def test_low_precision_pictures_resemble_and_leave_the_original_alone(small: PlainBigGAN) -> None:
    frozen, z = freeze(small), latents(small.sizes, 2).float()
    with torch.no_grad():
        images, exact = frozen.for_images()(z), frozen(z)
    assert images.dtype == torch.float32
    assert 0 < (images - exact).abs().mean() < 0.05
    assert frozen.dtype == torch.float64


@pytest.mark.parametrize("truncation", [0.0, 1.5, float("nan")])
def test_a_truncation_out_of_range(small: PlainBigGAN, truncation: float) -> None:
    with pytest.raises(UsageError, match="--truncation 1"):
        freeze(small, truncation=truncation)


def test_wrong_shapes_and_no_class(small: PlainBigGAN) -> None:
    with pytest.raises(UsageError, match=r"\(N, 12\), got \(2, 11\)"):
        freeze(small)(torch.zeros(2, 11))
    with pytest.raises(UsageError, match="at least one"):
        freeze(small, classes=[])
