"""The folded forward pass against the package's own, and what must hold around it."""

import copy
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from pytorch_pretrained_biggan import BigGAN, BigGANConfig
from pytorch_pretrained_biggan.model import BigGANBatchNorm, GenBlock
from torch.autograd import forward_ad

from biggan_directions.errors import UsageError
from biggan_directions.generators import ImageClass
from biggan_directions.generators.biggan_deep.frozen_biggan import FrozenBigGAN
from biggan_directions.generators.biggan_deep.truncation import nearest_stored_truncation
from biggan_directions.generators.capabilities import Layered
from biggan_directions.generators.folded.kernels import operations
from biggan_directions.generators.folded.kernels.switch import Kernels, using
from tests.support.narrow_biggan import narrow_config, published_config, random_biggan
from tests.support.oracles import normal

CLASSES = (ImageClass(3, "three"), ImageClass(1, "one"), ImageClass(4, "four"))
STORED = [row / 50 for row in range(1, 51)]
MISREAD = (0.14, 0.28, 0.56, 0.58, 0.94)


def freeze(model: BigGAN, *, truncation: float = 0.4, **changes: Any) -> FrozenBigGAN:
    settings: dict[str, Any] = {"classes": CLASSES, "device": "cpu", "dtype": model.embeddings.weight.dtype}
    return FrozenBigGAN.from_state(
        model.config,
        model.state_dict(),
        truncation=truncation,
        model="random",
        weights_sha256="0" * 64,
        license="MIT",
        **(settings | changes),
    )


def stock_images(model: BigGAN, z: torch.Tensor, *, index: int, row: int) -> torch.Tensor:
    """The package's forward pass, fed one row of statistics whatever it would have read."""
    label = torch.zeros(len(z), model.config.num_classes, dtype=z.dtype)
    label[:, index] = 1
    norms = [module for module in model.modules() if isinstance(module, BigGANBatchNorm)]
    kept = [(norm, norm.running_means, norm.running_vars) for norm in norms]
    try:
        for norm, means, variances in kept:
            norm.running_means = means[row].expand_as(means)
            norm.running_vars = variances[row].expand_as(variances)
        images: torch.Tensor = model(z, label, 0.5)
    finally:
        for norm, means, variances in kept:
            norm.running_means, norm.running_vars = means, variances
    return images


def latents(config: BigGANConfig, count: int = 1) -> torch.Tensor:
    return normal(count, config.z_dim, seed=1)


@pytest.fixture(scope="module", params=[128, 256, 512])
def model(request: pytest.FixtureRequest) -> BigGAN:
    return random_biggan(narrow_config(request.param), dtype=torch.float64)


@pytest.fixture(scope="module")
def small() -> BigGAN:
    """The layout of the generator that ships: 64×64, other depth, attention earlier."""
    layers = [(False, 16, 16), (True, 16, 8), (True, 8, 4), (False, 4, 4), (True, 4, 2), (True, 2, 1)]
    sizes = {"output_dim": 64, "attention_layer_position": 3, "z_dim": 32, "num_classes": 10}
    return random_biggan(published_config(128, channel_width=8, layers=layers, **sizes), dtype=torch.float64)


@pytest.mark.slow
@pytest.mark.parametrize("truncation", STORED)
def test_pictures_and_gradients_are_the_packages_own(model: BigGAN, truncation: float) -> None:
    row, stored = nearest_stored_truncation(truncation, model.config.n_stats)
    assert stored == truncation
    frozen = freeze(model, truncation=truncation)
    z = latents(model.config).requires_grad_()
    expected = stock_images(model, z, index=3, row=row)
    images = frozen(z)
    direction = normal(*expected.shape, seed=2)
    (gradient,) = torch.autograd.grad((images * direction).sum(), z)
    (expected_gradient,) = torch.autograd.grad((expected * direction).sum(), z)
    assert (images - expected).abs().max() <= 1e-9
    assert (gradient - expected_gradient).abs().max() <= 1e-9 * expected_gradient.abs().max()
    with torch.no_grad():
        assert (frozen(z) - expected).abs().max() <= 1e-9
    assert 0.05 < expected.std() < 0.9  # neither grey nor saturated, where any error would vanish


@pytest.mark.parametrize("truncation", [t for t in STORED if t not in MISREAD][::7])
def test_where_the_package_reads_the_right_row_it_is_the_package_untouched(
    small: BigGAN, truncation: float
) -> None:
    z = latents(small.config, 2)
    label = torch.eye(10, dtype=z.dtype)[[1, 1]]
    with torch.no_grad():
        images = freeze(small, truncation=truncation, classes=[ImageClass(1, "one")])(z)
        assert (images - small(z, label, truncation)).abs().max() <= 1e-9


@pytest.mark.parametrize("truncation", MISREAD)
def test_the_package_misreads_five_rows(small: BigGAN, truncation: float) -> None:
    z, row = latents(small.config), round(truncation * 50)
    label = torch.eye(10, dtype=z.dtype)[[3]]
    with torch.no_grad():
        intended = stock_images(small, z, index=3, row=row)
        assert (small(z, label, truncation) - intended).abs().max() > 1e-3
        assert (freeze(small, truncation=truncation)(z) - intended).abs().max() <= 1e-9


@pytest.fixture
def two_threads() -> Iterator[None]:
    """As on the machines that figures are from; other tests have one."""
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


@pytest.mark.slow
@pytest.mark.parametrize("resolution", [128, 256, 512])
def test_full_size_in_float32(resolution: int, two_threads: None) -> None:
    """Against the package in float64: in float32 its own error at 512 pixels is 1.1e-4.

    Sums are taken in another order on one thread, where the error at 512 pixels is 2.9e-4.
    """
    model = random_biggan(published_config(resolution))
    z = latents(model.config).float()
    with torch.no_grad():
        images = freeze(model)(z)
        exact = stock_images(model.double(), z.double(), index=3, row=20)
    assert images.shape == (1, 3, resolution, resolution)
    assert (images - exact).abs().max() <= 2e-4


def test_each_picture_of_several_classes_is_of_its_own(small: BigGAN) -> None:
    frozen, z = freeze(small), latents(small.config, 4)
    class_index = torch.tensor([2, 0, 1, 2])
    with torch.no_grad():
        images = frozen(z, class_index)
        for i, choice in enumerate(class_index.tolist()):
            alone = stock_images(small, z[i : i + 1], index=CLASSES[choice].index, row=20)
            assert (images[i : i + 1] - alone).abs().max() <= 1e-9
        assert torch.equal(frozen(z), frozen(z, torch.zeros(4, dtype=torch.long)))


def test_gradients_of_several_pictures_are_the_packages_own(small: BigGAN) -> None:
    frozen, z = freeze(small), latents(small.config, 3).requires_grad_()
    class_index = torch.tensor([1, 0, 1])
    expected = torch.cat(
        [
            stock_images(small, z[i : i + 1], index=CLASSES[choice].index, row=20)
            for i, choice in enumerate(class_index.tolist())
        ]
    )
    direction = normal(*expected.shape, seed=2)
    (expected_gradient,) = torch.autograd.grad((expected * direction).sum(), z)
    images = frozen(z, class_index)
    for _ in range(2):  # what the first pass back keeps, the second must find as it was
        (gradient,) = torch.autograd.grad((images * direction).sum(), z, retain_graph=True)
        assert (gradient - expected_gradient).abs().max() <= 1e-9 * expected_gradient.abs().max()


@pytest.mark.parametrize(
    ("band_bytes", "expected"),
    [(1, ([1] * 5, [1] * 5)), (200_000, ([5], [1, 1, 1, 1, 1])), (2**30, ([5], [5]))],
)
def test_pictures_do_not_depend_on_the_batch_nor_on_where_it_is_taken_apart(
    small: BigGAN, band_bytes: int, expected: tuple[list[int], list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    frozen, z, class_index = freeze(small), latents(small.config, 5), torch.tensor([2, 0, 1, 1, 0])
    with torch.no_grad():
        each = torch.cat([frozen(z[i : i + 1], class_index[i : i + 1]) for i in range(5)])
    monkeypatch.setattr(operations, "_BAND_BYTES", band_bytes)
    batches: list[list[int]] = [[] for _ in frozen.layers]
    for seen, layer in zip(batches, frozen.layers, strict=True):
        layer.register_forward_pre_hook(lambda _, given, seen=seen: seen.append(len(given[0])))
    with torch.no_grad():
        assert (frozen(z, class_index) - each).abs().max() <= 1e-12
    assert (batches[0], batches[-1]) == expected
    recorded = frozen(z.requires_grad_(), class_index)
    assert (recorded - each).abs().max() <= 1e-12
    assert batches[-1][-1] == 5


@pytest.mark.parametrize("kernels", [Kernels.none(), Kernels(bands=False), Kernels(packed=False)])
def test_each_fast_way_changes_nothing_but_rounding(small: BigGAN, kernels: Kernels) -> None:
    """In float32, since weights in float64 are never packed."""
    frozen, z = freeze(small, dtype=torch.float32), latents(small.config, 3).float().requires_grad_()
    expected = frozen(z)
    (expected_gradient,) = torch.autograd.grad(expected.square().sum(), z)
    with using(kernels):
        images = frozen(z)
        (gradient,) = torch.autograd.grad(images.square().sum(), z)
    assert (images - expected).abs().max() <= 1e-5
    assert (gradient - expected_gradient).abs().max() <= 1e-5 * expected_gradient.abs().max()


def test_without_autograd_neither_z_nor_weights_change(small: BigGAN) -> None:
    frozen, z = freeze(small), latents(small.config, 2)
    before, tensors = z.clone(), copy.deepcopy(frozen.state_dict())
    with torch.no_grad():
        first, second = frozen(z), frozen(z)
    assert torch.equal(first, second)
    assert torch.equal(z, before)
    assert all(torch.equal(tensor, tensors[name]) for name, tensor in frozen.state_dict().items())


def test_second_and_forward_derivatives(small: BigGAN) -> None:
    frozen, z = freeze(small), latents(small.config)
    tangent = normal(*z.shape, seed=3)
    with forward_ad.dual_level():
        dual = forward_ad.make_dual(z, tangent)  # type: ignore[no-untyped-call]
        forward = forward_ad.unpack_dual(frozen(dual)).tangent  # type: ignore[no-untyped-call]
    _, double_backward = torch.autograd.functional.jvp(frozen, z, tangent)  # type: ignore[no-untyped-call]
    assert torch.allclose(forward, double_backward, rtol=0, atol=1e-9)
    assert forward.abs().max() > 1e-3


def test_weights_that_z_meets_are_the_checkpoints_normalised(small: BigGAN) -> None:
    frozen = freeze(small)
    ends = ("gen_z", ".scale", ".offset")
    maps = [(name, module) for name, module in small.named_modules() if name.endswith(ends)]
    small(latents(small.config), torch.eye(10, dtype=torch.float64)[:1], 0.4)  # spectral norm sets .weight
    weights = frozen.latent_weights()
    assert len(weights) == len(maps) == 1 + 8 * 6
    for weight, (name, module) in zip(weights, maps, strict=True):
        assert torch.allclose(weight.matrix, module.weight[:, :32], rtol=0, atol=1e-12)
        assert weight.name == name
    assert len({weight.layer for weight in weights}) == 1 + 6  # eight matrices share the layer of their block
    assert weights[-1].layer == weights[-8].layer != weights[-9].layer


def layered_stock_images(model: BigGAN, z: torch.Tensor, *, index: int, row: int) -> torch.Tensor:
    """The package's forward pass in which the layers that meet z are each handed a z of their own."""
    generator = model.generator
    meet_z = [generator.gen_z, *(layer for layer in generator.layers if isinstance(layer, GenBlock))]

    def hand(own: torch.Tensor, place: int) -> Any:
        def change(_: Any, given: tuple[Any, ...]) -> tuple[Any, ...]:
            condition = torch.cat([own, given[place][:, own.shape[1] :]], 1)
            return (*given[:place], condition, *given[place + 1 :])

        return change

    hooks = [
        layer.register_forward_pre_hook(hand(own, 0 if layer is generator.gen_z else 1))
        for layer, own in zip(meet_z, z.unbind(1), strict=True)
    ]
    try:
        return stock_images(model, z[:, 0], index=index, row=row)
    finally:
        for hook in hooks:
            hook.remove()


def test_each_layer_is_drawn_from_its_own_latent(small: BigGAN) -> None:
    frozen = freeze(small)
    assert isinstance(frozen, Layered)
    assert frozen.layer_names == tuple(dict.fromkeys(weight.layer for weight in frozen.latent_weights()))
    z = normal(2, 7, 32, seed=4).requires_grad_()
    expected = layered_stock_images(small, z, index=3, row=20)
    images = frozen.from_layers(z)
    direction = normal(*expected.shape, seed=2)
    (expected_gradient,) = torch.autograd.grad((expected * direction).sum(), z)
    (gradient,) = torch.autograd.grad((images * direction).sum(), z)
    assert (images - expected).abs().max() <= 1e-9
    assert (gradient - expected_gradient).abs().max() <= 1e-9 * expected_gradient.abs().max()
    assert gradient.flatten(2).norm(dim=2).min() > 0  # every layer matters
    with torch.no_grad():
        assert (frozen.from_layers(z) - expected).abs().max() <= 1e-9
        assert (frozen.of_class(0).from_layers(z) - expected).abs().max() <= 1e-9


@pytest.mark.parametrize("kernels", [Kernels(), Kernels.none(), Kernels(bands=False), Kernels(packed=False)])
@pytest.mark.parametrize("count", [1, 3, 8])
def test_layers_that_share_a_latent_are_the_ordinary_pass_bit_for_bit(
    small: BigGAN, kernels: Kernels, count: int
) -> None:
    frozen, class_index = freeze(small, dtype=torch.float32), torch.arange(count) % 3
    z = latents(small.config, count).float().requires_grad_()
    by_layer = z.detach()[:, None].expand(-1, 7, -1).requires_grad_()
    with using(kernels):
        images, layered = frozen(z, class_index), frozen.from_layers(by_layer, class_index)
        (gradient,) = torch.autograd.grad(images.sum(), z)
        (of_layers,) = torch.autograd.grad(layered.sum(), by_layer)
        with torch.no_grad():
            assert torch.equal(frozen(z, class_index), frozen.from_layers(by_layer, class_index))
    assert torch.equal(images, layered)
    assert (of_layers.sum(1) - gradient).abs().max() <= 1e-5 * gradient.abs().max()


def test_layers_have_forward_and_second_derivatives(small: BigGAN) -> None:
    frozen, z = freeze(small), normal(1, 7, 32, seed=4)
    tangent = normal(*z.shape, seed=3)
    with forward_ad.dual_level():
        dual = forward_ad.make_dual(z, tangent)  # type: ignore[no-untyped-call]
        forward = forward_ad.unpack_dual(frozen.from_layers(dual)).tangent  # type: ignore[no-untyped-call]
    _, double_backward = torch.autograd.functional.jvp(  # type: ignore[no-untyped-call]
        frozen.from_layers, z, tangent
    )
    assert torch.allclose(forward, double_backward, rtol=0, atol=1e-9)
    assert forward.abs().max() > 1e-3


def test_activations_are_the_packages_own_but_for_constants(small: BigGAN) -> None:
    """Every layer's, in order; each channel may lack one number, the same at all pixels and latents."""
    frozen, row = freeze(small), nearest_stored_truncation(0.4, small.config.n_stats)[0]
    outputs: dict[str, torch.Tensor] = {}

    def keep(name: str) -> Callable[..., None]:
        return lambda _module, _inputs, output: outputs.update({name: output})

    hooks = [
        module.register_forward_hook(keep(name))
        for name, module in small.named_modules()
        if name == "generator.gen_z" or name.rpartition(".")[0] == "generator.layers"
    ]
    z = latents(small.config, 3)
    stock_images(small, z, index=1, row=row)
    for hook in hooks:
        hook.remove()
    assert list(outputs)[:-1] == list(frozen.activation_names)  # the last block gives the image
    outputs["generator.gen_z"] = outputs["generator.gen_z"].reshape(3, 4, 4, -1).permute(0, 3, 1, 2)
    with torch.no_grad():
        for name in frozen.activation_names:
            lacking = outputs[name] - frozen.activations(name, z, torch.ones(3, dtype=torch.int64))
            assert (lacking - lacking.mean((0, 2, 3), keepdim=True)).abs().max() < 1e-9, name
    first = frozen.activations("generator.gen_z", z.requires_grad_())
    assert first.requires_grad


@pytest.mark.parametrize(
    ("name", "z", "class_index", "says"),
    [
        ("generator.layers.6", torch.zeros(2, 32), None, "unknown: expected one of generator.gen_z, gen"),
        ("generator.gen_z", torch.zeros(2, 31), None, r"\(N, 32\), got \(2, 31\)"),
        ("generator.gen_z", torch.zeros(2, 32), torch.zeros(3, dtype=torch.long), r"\(2,\), got \(3,\)"),
    ],
)
def test_activations_of_wrong_shapes_or_layers_are_named(
    small: BigGAN, name: str, z: torch.Tensor, class_index: torch.Tensor | None, says: str
) -> None:
    with pytest.raises(UsageError, match=says):
        freeze(small).activations(name, z, class_index)


def test_nothing_to_train(small: BigGAN) -> None:
    frozen = freeze(small)
    assert not list(frozen.parameters())
    assert not any(tensor.requires_grad for tensor in frozen.buffers())
    frozen(latents(small.config).requires_grad_()).sum().backward()


def test_attributes_and_a_truncation_that_moves(small: BigGAN) -> None:
    frozen = freeze(small, truncation=0.433)
    assert (frozen.truncation, frozen.resolution, frozen.z_dim) == (0.44, 64, 32)
    assert (frozen.classes, frozen.device) == (CLASSES, torch.device("cpu"))
    assert (frozen.model, frozen.weights_sha256, frozen.license) == ("random", "0" * 64, "MIT")


def test_low_precision_pictures_resemble_and_leave_the_original_alone(small: BigGAN) -> None:
    frozen, z = freeze(small), latents(small.config, 2).float()
    low = frozen.for_images()
    with torch.no_grad():
        images, exact = low(z), frozen(z)
    assert images.dtype == torch.float32
    difference = (images - exact).abs()
    assert 0 < difference.mean() < 0.05
    assert frozen.dtype == torch.float64


@pytest.mark.parametrize(
    ("z", "class_index", "says"),
    [
        (torch.zeros(2, 31), None, r"\(N, 32\), got \(2, 31\)"),
        (torch.zeros(32), None, r"\(N, 32\), got \(32,\)"),
        (torch.zeros(2, 32), torch.zeros(3, dtype=torch.long), r"\(2,\), got \(3,\)"),
    ],
)
def test_wrong_shapes_are_named(
    small: BigGAN, z: torch.Tensor, class_index: torch.Tensor | None, says: str
) -> None:
    with pytest.raises(UsageError, match=says):
        freeze(small)(z, class_index)


@pytest.mark.parametrize("shape", [(2, 32), (2, 6, 32), (2, 7, 31)])
def test_wrong_shapes_of_layers_are_named(small: BigGAN, shape: tuple[int, ...]) -> None:
    with pytest.raises(UsageError, match=r"shape \(N, 7, 32\), got"):
        freeze(small).from_layers(torch.zeros(shape))


def test_no_class_is_refused(small: BigGAN) -> None:
    with pytest.raises(UsageError, match="at least one"):
        freeze(small, classes=[])


@pytest.fixture(scope="module")
def shallow() -> BigGAN:
    """As little to compile as there can be: four blocks, and attention."""
    layers = [(True, 16, 8), (False, 8, 4), (False, 4, 2), (True, 2, 1)]
    sizes = {"output_dim": 16, "attention_layer_position": 1, "z_dim": 8, "num_classes": 5}
    return random_biggan(published_config(128, channel_width=8, layers=layers, **sizes))


@pytest.mark.slow
@pytest.mark.skipif(not (shutil.which("g++") or shutil.which("clang++")), reason="no C++ compiler here")
def test_compiled_it_draws_the_same(shallow: BigGAN) -> None:
    frozen, z = freeze(shallow), latents(shallow.config, 3).float()
    compiled, class_index = frozen.compiled(), torch.tensor([2, 0, 1])
    with torch.no_grad():
        images = compiled(z, class_index)
        assert (images - frozen(z, class_index)).abs().max() <= 1e-4
        assert torch.equal(compiled.from_layers(z[:, None].expand(-1, 5, -1), class_index), images)
        by_layer = normal(3, 5, 8, seed=4).float()
        apart = compiled.from_layers(by_layer, class_index) - frozen.from_layers(by_layer, class_index)
        assert apart.abs().max() <= 1e-4


def test_without_a_compiler_it_says_so(shallow: BigGAN, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_compiler(*_: Any, **__: Any) -> Any:
        raise RuntimeError("No working C++ compiler found\nand a long story")

    monkeypatch.setattr(FrozenBigGAN, "compile", no_compiler)
    with pytest.raises(UsageError, match=r"\(No working C\+\+ compiler found\); install .* --compile"):
        freeze(shallow).compiled()
