"""Spectral normalisation: the weight has norm 1, its gradient is that of W / σ(W), any size stays."""

import torch

from biggan_directions.training.spectral import SpectralConvolution, SpectralLinear, iterate


def test_the_largest_singular_value_of_the_weight_is_one() -> None:
    random = torch.Generator().manual_seed(0)
    layer = SpectralConvolution(3, 5, 3, random)
    with torch.no_grad():
        layer.weight_orig.copy_(torch.randn(5, 3, 3, 3, generator=random) * 7)
    iterate(layer, 200)
    torch.testing.assert_close(torch.linalg.matrix_norm(layer.weight().flatten(1), 2), torch.tensor(1.0))


def test_the_gradient_is_that_of_the_division() -> None:
    random = torch.Generator().manual_seed(0)
    layer = SpectralLinear(4, 6, random).double()
    layer.weight_orig.data = torch.randn(6, 4, generator=random, dtype=torch.float64)
    layer.iterate(500)
    probe = torch.randn(6, 4, generator=random, dtype=torch.float64)
    (ours,) = torch.autograd.grad((layer.weight() * probe).sum(), layer.weight_orig)
    dense = layer.weight_orig.detach().clone().requires_grad_()
    (true,) = torch.autograd.grad((dense / torch.linalg.matrix_norm(dense, 2) * probe).sum(), dense)
    torch.testing.assert_close(ours, true)


def test_a_weight_is_orthogonal_at_first() -> None:
    weight = SpectralLinear(8, 5, torch.Generator().manual_seed(0)).weight_orig
    torch.testing.assert_close(weight @ weight.T, torch.eye(5))
