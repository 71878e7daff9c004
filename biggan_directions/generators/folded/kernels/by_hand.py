"""A hand-written layer: its forward pass without autograd, and its derivative."""

from abc import ABC, abstractmethod
from typing import Any, Generic, TypeVar

import torch

Kept = list[torch.Tensor]
L = TypeVar("L")


class ByHand(ABC, Generic[L]):
    """The fast implementation of one kind of layer.

    Allocating memory costs a CPU more time than arithmetic. So these overwrite tensors that are no longer
    needed, keep for the derivative only what is expensive to compute, and process wide images in bands that
    fit a cache.
    """

    @staticmethod
    @abstractmethod
    def run(layer: L, x: torch.Tensor, terms: torch.Tensor, kept: Kept | None) -> torch.Tensor:
        """Run the layer without autograd.

        With ``kept``, tensors that the derivative needs besides x and terms are appended to it, and x is not
        changed.
        """

    @staticmethod
    @abstractmethod
    def pull_back(
        layer: L, x: torch.Tensor, terms: torch.Tensor, kept: Kept, gradient: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Turn the gradient of the output into those of x and terms."""


class Recorded(torch.autograd.Function):
    """A layer as one node of autograd's graph: ``Recorded.apply(x, terms, layer)``."""

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, terms: torch.Tensor, layer: Any) -> torch.Tensor:
        kept: Kept = []
        out: torch.Tensor = layer.by_hand.run(layer, x, terms, kept)
        ctx.save_for_backward(x, terms, *kept)
        ctx.layer = layer
        return out

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, None]:
        x, terms, *kept = ctx.saved_tensors
        if torch.is_grad_enabled():  # a second derivative may follow
            out = ctx.layer.plain(x, terms)
            x, terms = torch.autograd.grad(out, (x, terms), gradient, create_graph=True, allow_unused=True)
            return x, terms, None
        return *ctx.layer.by_hand.pull_back(ctx.layer, x, terms, kept, gradient), None
