"""The moments of an optimizer in a checkpoint, checked before a fused step uses them."""

from __future__ import annotations

from typing import Any

import torch

from biggan_directions.errors import FileFormatError


def check_moments(optimizer: torch.optim.Optimizer, saved: Any, name: str) -> None:
    """Check that a saved optimizer has the parameters of this one, with moments of their shapes.

    A fused step reads moments of another shape past their end.

    Raises:
        FileFormatError: it has not.
    """
    own = optimizer.state_dict()["param_groups"]
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    if not isinstance(saved, dict) or [group["params"] for group in saved["param_groups"]] != [
        group["params"] for group in own
    ]:
        raise FileFormatError(f"{name} is of other parameters")
    for place, moments in saved["state"].items():
        shape = parameters[place].shape
        for key, value in moments.items():
            if key != "step" and (not isinstance(value, torch.Tensor) or value.shape != shape):
                raise FileFormatError(f"{name} has {key} of another shape than parameter {place}")
