"""The operations of the folded layers, on channels-last images, with hand-written derivatives."""

from collections.abc import Iterator

import torch
from torch.nn import functional as F

from biggan_directions.generators.folded.kernels.switch import active
from biggan_directions.generators.folded.subpixel import phase_parts

_BAND_BYTES = 2**22  # of the largest tensor of a band: fits a shared cache, and is enough work for threads


def bands(length: int, row_bytes: int, *, device: torch.device) -> Iterator[slice]:
    """Slices that cover ``length`` rows: about the size of a cache on a CPU, all rows at once elsewhere."""
    rows = max(1, _BAND_BYTES // row_bytes) if device.type == "cpu" and active().bands else length
    for start in range(0, length, rows):
        yield slice(start, min(start + rows, length))


def pixels_last(x: torch.Tensor) -> torch.Tensor:
    """``(N, C, H, W)`` seen as ``(N, H, W, C)``."""
    return x.permute(0, 2, 3, 1)


def channels_first(x: torch.Tensor) -> torch.Tensor:
    """``(N, H, W, C)`` seen as ``(N, C, H, W)``."""
    return x.permute(0, 3, 1, 2)


def pixel_rows(x: torch.Tensor) -> torch.Tensor:
    """``(N, C, H, W)`` as ``(N, H·W, C)``."""
    return pixels_last(x).flatten(1, 2)


def from_rows(rows: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
    """``(N, H·W, C)`` as ``(N, C, H, W)``, H and W as of ``like``."""
    return channels_first(rows.view(len(rows), *like.shape[2:], -1))


def upsampled(x: torch.Tensor) -> torch.Tensor:
    """Every pixel doubled in both directions."""
    return F.interpolate(x, scale_factor=2, mode="nearest")


def add_skip_(out: torch.Tensor, skip: torch.Tensor, *, upsample: bool) -> torch.Tensor:
    """Add the skip path to ``out`` in place, doubling its pixels on the way."""
    if not upsample:
        return out.add_(skip)
    samples, channels, height, width = skip.shape
    quads = pixels_last(out).view(samples, height, 2, width, 2, channels)
    quads.add_(pixels_last(skip)[:, :, None, :, None])
    return out


def skip_gradient(gradient: torch.Tensor, *, upsample: bool) -> torch.Tensor:
    """The gradient along the skip path: the sum over each 2×2 pixels if it upsamples."""
    return F.avg_pool2d(gradient, 2, divisor_override=1) if upsample else gradient


def scale_and_shift(terms: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The halves of ``terms (N, 2·C)``, shaped to broadcast over an image."""
    scale, shift = terms[:, :, None, None].chunk(2, 1)
    return scale, shift


def modulate(x: torch.Tensor, terms: torch.Tensor, *, out: torch.Tensor | None = None) -> torch.Tensor:
    """``relu(x * scale + shift)``, written to ``out`` if given, which may be x."""
    scale, shift = scale_and_shift(terms)
    return torch.addcmul(shift, x, scale, out=out).relu_()


def modulate_interleaved(phases: torch.Tensor, terms: torch.Tensor) -> torch.Tensor:
    """``modulate(interleave(phases), terms)`` in one pass over the image."""
    scale, shift = scale_and_shift(terms)
    samples, channels, height, width = phases.shape
    shape = (samples, 2 * (height - 1), 2 * (width - 1), channels // 4)
    image = channels_first(phases.new_empty(shape))
    for p, q, part in phase_parts(phases):
        torch.addcmul(shift, part, scale, out=image[:, :, p::2, q::2])
    return image.relu_()


def mask_(gradient: torch.Tensor, before: torch.Tensor) -> torch.Tensor:
    """Set the gradient to zero, in place, where the input of the ReLU is not positive."""
    # the derivative of ReLU in torch; masked_fill_ takes forty times as long
    torch.ops.aten.threshold_backward.grad_input(gradient, before, 0.0, grad_input=gradient)
    return gradient


def modulate_back_(x: torch.Tensor, terms: torch.Tensor, gradient: torch.Tensor) -> torch.Tensor:
    """Turn ``gradient``, in place, from that of :func:`modulate`'s output into that of x; return terms'."""
    scale, shift = scale_and_shift(terms)
    by_terms = torch.empty_like(terms)
    channels = x.shape[1]
    for i in range(len(x)):
        one = slice(i, i + 1)
        scratch = torch.addcmul(shift[one], x[one], scale[one])
        part = mask_(gradient[one], scratch)
        by_terms[i, channels:] = part.sum((0, 2, 3))
        by_terms[i, :channels] = torch.mul(part, x[one], out=scratch).sum((0, 2, 3))
        part.mul_(scale[one])
    return by_terms


def modulate_interleaved_back(
    phases: torch.Tensor, terms: torch.Tensor, gradient: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """The gradients of phases and terms from that of :func:`modulate_interleaved`'s output."""
    by_phases = torch.zeros_like(phases)
    for p, q, part in phase_parts(by_phases):
        part.copy_(gradient[:, :, p::2, q::2])
    # Phases have some pixels without an output; their gradient is zero.
    repeated = terms.reshape(len(terms), 2, 1, -1).expand(-1, -1, 4, -1)
    by_terms = modulate_back_(phases, repeated.flatten(1), by_phases)
    return by_phases, by_terms.view(repeated.shape).sum(2).flatten(1)
