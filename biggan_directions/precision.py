"""Full precision for finite differences: no autocast, TF32 or other reduced float32 arithmetic."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import torch

_AUTOCAST_DEVICES = ("cpu", "cuda", "mps", "xpu")
_FLOAT32_SWITCHES = (
    ("cuda", "matmul"),
    ("cudnn", "conv"),
    ("cudnn", "rnn"),
    ("mkldnn", "matmul"),
    ("mkldnn", "conv"),
    ("mkldnn", "rnn"),
)


@contextmanager
def full_precision() -> Iterator[None]:
    """Compute float32 at full precision inside the block, whatever is switched on outside it.

    A second difference divides the rounding error of an image by ε², which multiplies it by a hundred for ε =
    0.1. The rounding of TF32 and bfloat16, about 1e-3 and 8e-3, is then larger than the curvature to be
    measured. Autocast and reduced float32 precision (TF32 on CUDA, bfloat16 in oneDNN) are switched off, and
    restored at the end, also after an error. Gradients of a finite difference are differences too, so run
    their backward pass inside the block as well.

    The float32 switches belong to the process, not to the thread, so other threads see them while the block
    runs. A function that turns autocast on inside the block is not overruled.

    >>> import torch
    >>> with torch.autocast("cpu", dtype=torch.bfloat16), full_precision():
    ...     (torch.ones(2, 2) @ torch.ones(2, 2)).dtype
    torch.float32
    """
    with ExitStack() as stack:
        for device in _AUTOCAST_DEVICES:
            if torch.is_autocast_enabled(device):
                stack.enter_context(torch.autocast(device, enabled=False))
        stack.enter_context(_exact_float32())
        yield


@contextmanager
def _exact_float32() -> Iterator[None]:
    """Switch reduced float32 arithmetic off by torch's older interface and, if available, the newer one."""
    legacy = _legacy_settings()
    switches = _switches()
    before = [switch.fp32_precision for switch in switches]
    try:
        # Both, in this order: torch refuses to read the older switches where the two interfaces disagree, and
        # code that is called inside (a compiler, say) may read them.
        if legacy is not None:
            torch.set_float32_matmul_precision("highest")
            torch.backends.cudnn.allow_tf32 = False
        for switch in switches:
            switch.fp32_precision = "ieee"
        yield
    finally:
        if legacy is not None:
            torch.set_float32_matmul_precision(legacy[0])
            torch.backends.cudnn.allow_tf32 = legacy[1]
        for switch, value in zip(switches, before, strict=True):
            # An unset switch inherits its value, and writing to it would end that.
            if switch.fp32_precision != value:
                switch.fp32_precision = value


def _legacy_settings() -> tuple[str, bool] | None:
    """The older switches, or None if use of the newer ones has made them unreadable."""
    try:
        _ = torch.backends.cuda.matmul.allow_tf32
        return torch.get_float32_matmul_precision(), torch.backends.cudnn.allow_tf32
    except RuntimeError:
        return None


def _switches() -> list[Any]:
    """The newer switches, one per operation; none before torch 2.9."""
    found = [getattr(getattr(torch.backends, name), part, None) for name, part in _FLOAT32_SWITCHES]
    return [switch for switch in found if hasattr(switch, "fp32_precision")]
