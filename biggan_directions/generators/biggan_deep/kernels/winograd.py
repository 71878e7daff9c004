"""A 3×3 convolution with fewer multiplications: Winograd's F(2×2, 3×3), as arXiv:1509.09308 has it.

Two neighbouring outputs of a filter of three taps need four multiplications, not six, once sums of inputs and
sums of taps have been taken; in both directions 16 in place of 36. Each of the 16 is a matrix product over
channels with a row for every tile of 2×2 pixels: a shorter sum than the direct one, and no less exact. The
sums before and after are passes over the picture, which only many channels repay.
"""

from collections.abc import Sequence

import torch

from biggan_directions.generators.biggan_deep.kernels.operations import channels_first, pixels_last
from biggan_directions.generators.biggan_deep.kernels.switch import active

# What each of the four products along one axis makes of the three taps. From the other end of the filter the
# first and the last change places.
_TAPS = ((1.0, 0.0, 0.0), (0.5, 0.5, 0.5), (0.5, -0.5, 0.5), (0.0, 0.0, 1.0))
_FORTH, _BACK = (0, 1, 2, 3), (3, 1, 2, 0)
# As measured with oneDNN on two cores of an EPYC. With fewer channels the sums take what the products save;
# with fewer pixels, 16 factors are read where a direct convolution reads 9. It is for a picture alone to
# decide, not for its batch: pictures that are differenced must be drawn in one way.
_FEWEST_CHANNELS, _FEWEST_PIXELS = 256, 256
_CHUNK_BYTES = 2**24  # of the products' input: with their output, about a shared cache


def winograd_pays(weight: torch.Tensor, x: torch.Tensor) -> bool:
    """Whether to convolve ``x (N, C, H, W)`` with ``weight (out, in, k, k)`` this way: float32 on a CPU.

    Elsewhere, the vendor's library chooses for itself.
    """
    height, width = x.shape[2:]
    return (
        active().winograd
        and weight.shape[2:] == (3, 3)
        and min(weight.shape[:2]) >= _FEWEST_CHANNELS
        and x.device.type == "cpu"
        and x.dtype == torch.float32
        and height % 2 == width % 2 == 0
        and height * width >= _FEWEST_PIXELS
    )


def winograd_factors(weight: torch.Tensor) -> torch.Tensor:
    """The factors ``(16, in, out)`` of the 16 products, from ``weight (out, in, 3, 3)``."""
    taps = torch.tensor(_TAPS, dtype=torch.float64, device=weight.device)
    factors = torch.einsum("ay,bx,oiyx->abio", taps, taps, weight.double())
    return factors.flatten(0, 1).to(weight.dtype).contiguous()


def winograd_convolution(x: torch.Tensor, factors: torch.Tensor, *, back: bool = False) -> torch.Tensor:
    """The convolution with padding 1 of ``x (N, in, H, W)``, H and W even, without autograd.

    With ``back`` its transpose, by the same factors.

    >>> from torch.nn import functional as F
    >>> x, w = torch.randn(2, 3, 4, 6).double(), torch.randn(5, 3, 3, 3).double()
    >>> slow = F.conv2d(x, w, padding=1)
    >>> torch.allclose(winograd_convolution(x, winograd_factors(w)), slow)
    True
    >>> slow = F.conv_transpose2d(slow, w, padding=1)
    >>> fast = winograd_convolution(F.conv2d(x, w, padding=1), winograd_factors(w), back=True)
    >>> torch.allclose(fast, slow)
    True
    """
    if back:
        factors = factors.transpose(1, 2)
    samples, channels, height, width = x.shape
    out = x.new_empty((samples, height, width, factors.shape[2]))
    chunk = max(1, _CHUNK_BYTES // (4 * height * width * channels * x.element_size()))
    order = _BACK if back else _FORTH
    for part, target in zip(torch.split(pixels_last(x), chunk), torch.split(out, chunk), strict=True):
        inputs = _sums_of_inputs(part, order)
        products = torch.bmm(inputs.view(16, -1, channels), factors)
        _sums_of_products(products.view(*inputs.shape[:-1], -1), order, out=target)
    return channels_first(out)


def _sums_of_inputs(x: torch.Tensor, order: Sequence[int]) -> torch.Tensor:
    """What the products take of ``x (N, H, W, C)``: ``(4, 4, N, H/2, W/2, C)``, row by column."""
    samples, height, width, channels = x.shape
    padded = x.new_zeros((samples, height + 2, width + 2, channels))
    padded[:, 1:-1, 1:-1] = x
    rows = x.new_empty((4, samples, height // 2, width + 2, channels))
    _four_sums([padded[:, i : i + height - 1 : 2] for i in range(4)], [rows[i] for i in order])
    both = x.new_empty((4, 4, samples, height // 2, width // 2, channels))
    _four_sums([rows[:, :, :, i : i + width - 1 : 2] for i in range(4)], [both[:, i] for i in order])
    return both


def _four_sums(inputs: Sequence[torch.Tensor], outs: Sequence[torch.Tensor]) -> None:
    first, second, third, fourth = inputs
    torch.sub(first, third, out=outs[0])
    torch.add(second, third, out=outs[1])
    torch.sub(third, second, out=outs[2])
    torch.sub(second, fourth, out=outs[3])


def _sums_of_products(products: torch.Tensor, order: Sequence[int], *, out: torch.Tensor) -> None:
    """Put the products ``(4, 4, N, H/2, W/2, C)``, which are given up, together as ``out (N, H, W, C)``."""
    first, second, third, fourth = (products[:, i] for i in order)
    columns = first.add_(second).add_(third), second.sub_(third).sub_(fourth)
    for q, column in enumerate(columns):
        first, second, third, fourth = (column[i] for i in order)
        torch.add(first, second, out=out[:, 0::2, q::2]).add_(third)
        torch.sub(second, third, out=out[:, 1::2, q::2]).sub_(fourth)
