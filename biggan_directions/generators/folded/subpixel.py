"""A nearest upsample by two and a 3×3 convolution, computed as four 2×2 convolutions without the upsample.

Each output pixel depends on only two rows and two columns of the small image, because the upsample copies
them. Taps on the same small pixel are added up in advance: 16 multiply-adds per small pixel and pair of
channels instead of 36, and no upsampled image in memory. Padding the small image by one pixel of zeros is
equivalent to padding the large one, so the border is exact too.
"""

from collections.abc import Iterator

import torch

# For output pixel 2i + phase: which of the taps at -1, 0, +1 fall on each of the two small pixels.
_TAPS = (((1.0, 0.0, 0.0), (0.0, 1.0, 1.0)), ((1.0, 1.0, 0.0), (0.0, 0.0, 1.0)))


def subpixel_weight(weight: torch.Tensor) -> torch.Tensor:
    """The weight ``(4·out, in, 2, 2)`` of the phases (0,0), (0,1), (1,0), (1,1), from ``(out, in, 3, 3)``.

    A convolution with it and padding 1, then :func:`interleave`, is the 3×3 one with padding 1 after an
    upsample.

    >>> from torch.nn import functional as F
    >>> x, w = torch.randn(1, 2, 3, 3).double(), torch.randn(5, 2, 3, 3).double()
    >>> slow = F.conv2d(F.interpolate(x, scale_factor=2, mode="nearest"), w, padding=1)
    >>> torch.allclose(interleave(F.conv2d(x, subpixel_weight(w), padding=1)), slow)
    True
    """
    taps = torch.tensor(_TAPS, dtype=weight.dtype, device=weight.device)  # (phase, small pixel, tap)
    phases = torch.einsum("pyr,qxs,oirs->pqoiyx", taps, taps, weight)
    return phases.reshape(-1, weight.shape[1], 2, 2)


def phase_parts(phases: torch.Tensor) -> Iterator[tuple[int, int, torch.Tensor]]:
    """Split ``(N, 4·C, H + 1, W + 1)`` into p, q and the output pixels in rows p::2 and columns q::2.

    Output pixel (2i + p, 2j + q) belongs to the 2×2 window that starts at (i + p, j + q) of the padded small
    image.
    """
    channels, height, width = phases.shape[1] // 4, phases.shape[2] - 1, phases.shape[3] - 1
    for phase in range(4):
        p, q = divmod(phase, 2)
        yield p, q, phases[:, phase * channels : (phase + 1) * channels, p : p + height, q : q + width]


def interleave(phases: torch.Tensor) -> torch.Tensor:
    """Combine the four phases ``(N, 4·C, H + 1, W + 1)`` to ``(N, C, 2H, 2W)``, channels last."""
    parts = [part.permute(0, 2, 3, 1) for _, _, part in phase_parts(phases)]
    rows = torch.stack([torch.stack(parts[:2], 3), torch.stack(parts[2:], 3)], 2)  # (N, H, 2, W, 2, C)
    return rows.flatten(3, 4).flatten(1, 2).permute(0, 3, 1, 2)
