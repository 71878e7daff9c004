"""Standard normal numbers as torch draws them on a CUDA device, computed on any machine.

The official code of the paper draws its latents with ``normal_`` on a CUDA device. That is a counter-based
generator: the Philox function (J. Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011) of
the seed and of the thread's index, and the Box–Muller transform of what it gives.
"""

from __future__ import annotations

import torch

_ROUNDS = 10
_MULTIPLIERS = 0xD2511F53, 0xCD9E8D57  # of Philox4x32, from the paper's table 2
_KEY_STEPS = 0x9E3779B9, 0xBB67AE85  # the golden ratio and √3 − 1, as 32-bit fractions
_WORD = 0xFFFFFFFF


def cuda_normals(count: int, seed: int) -> torch.Tensor:
    """The numbers of ``torch.randn(count, device="cuda")`` right after ``torch.manual_seed(seed)``.

    Number ``i`` is the first one of thread ``i``, so that it does not depend on ``count``, as long as every
    number has a thread of its own: tens of thousands of numbers on any GPU.

    Args:
        count: how many.
        seed: any integer, taken modulo 2⁶⁴.

    Returns:
        float32 ``(count,)``. A GPU's fast sine and logarithm differ from these by some 1e-6.

    >>> [round(value, 4) for value in cuda_normals(3, 42).tolist()]
    [0.194, 2.1614, -0.1721]
    """
    thread = torch.arange(count, dtype=torch.int64)
    zero = torch.zeros_like(thread)
    first, second, _, _ = philox(
        (zero, zero, thread & _WORD, thread >> 32), (seed & _WORD, seed >> 32 & _WORD)
    )
    # each word stands for the middle of its interval, so that the logarithm is finite
    radius = torch.sqrt(-2 * torch.log((first.double() + 0.5) / 2**32))
    return (radius * torch.sin((second.double() + 0.5) * (2 * torch.pi / 2**32))).float()


def philox(counter: tuple[torch.Tensor, ...], key: tuple[int, int]) -> tuple[torch.Tensor, ...]:
    """Philox4x32-10: four 32-bit words from a counter of four and a key of two, all in int64 tensors.

    >>> zero = torch.zeros(1, dtype=torch.int64)
    >>> [hex(word.item()) for word in philox((zero,) * 4, (0, 0))]
    ['0x6627e8d5', '0xe169c58d', '0xbc57ac4c', '0x9b00dbd8']
    """
    a, b, c, d = counter
    low_key, high_key = key
    for _ in range(_ROUNDS):
        high_a, low_a = _product(_MULTIPLIERS[0], a)
        high_c, low_c = _product(_MULTIPLIERS[1], c)
        a, b, c, d = high_c ^ b ^ low_key, low_c, high_a ^ d ^ high_key, low_a
        low_key, high_key = (low_key + _KEY_STEPS[0]) & _WORD, (high_key + _KEY_STEPS[1]) & _WORD
    return a, b, c, d


def _product(factor: int, words: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """High and low word of a product of two 32-bit words, without leaving 63 bits."""
    low = factor * (words & 0xFFFF)
    high = factor * (words >> 16) + (low >> 16)
    return high >> 16, (high & 0xFFFF) << 16 | low & 0xFFFF
