"""What a folded layer is: three ways to the same numbers, chosen by what is asked of them."""

from abc import ABC, abstractmethod
from typing import Any

import torch
from torch import nn

Kept = list[torch.Tensor]


class Layer(nn.Module, ABC):
    """A constant function of a picture x ``(N, C, H, W)`` and of z by way of ``terms (N, size)``.

    ``plain`` is written in ordinary operations, for compilers and for derivatives of any order. ``run`` and
    ``pull_back`` are the same function and its derivative by hand. Fresh memory costs a processor more than
    arithmetic, so they overwrite what nobody needs any more, keep for the derivative only what is dear to
    compute, and take wide pictures in bands that fit a cache.
    """

    size: int

    @abstractmethod
    def plain(self, x: torch.Tensor, terms: torch.Tensor) -> torch.Tensor:
        """The layer in operations that autograd knows."""

    @abstractmethod
    def run(self, x: torch.Tensor, terms: torch.Tensor, kept: Kept | None) -> torch.Tensor:
        """The layer without autograd.

        With ``kept``, what the derivative needs beside x and terms is appended, and x stays as it is.
        """

    @abstractmethod
    def pull_back(
        self, x: torch.Tensor, terms: torch.Tensor, kept: Kept, gradient: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """From the gradient with respect to the output, to those with respect to x and terms."""

    def forward(self, x: torch.Tensor, terms: torch.Tensor, *, plain: bool) -> torch.Tensor:
        """The layer, in whichever way autograd's state asks for unless ``plain`` is demanded."""
        if plain:
            return self.plain(x, terms)
        if torch.is_grad_enabled() and (x.requires_grad or terms.requires_grad):
            out: torch.Tensor = _Recorded.apply(x, terms, self)  # type: ignore[no-untyped-call]
            return out
        return self.run(x, terms, None)


class _Recorded(torch.autograd.Function):
    """A layer as one node of autograd's graph."""

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, terms: torch.Tensor, layer: Layer) -> torch.Tensor:
        kept: Kept = []
        out = layer.run(x, terms, kept)
        ctx.save_for_backward(x, terms, *kept)
        ctx.layer = layer
        return out

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, None]:
        x, terms, *kept = ctx.saved_tensors
        if torch.is_grad_enabled():  # a derivative of this derivative may follow
            out = ctx.layer.plain(x, terms)
            x, terms = torch.autograd.grad(out, (x, terms), gradient, create_graph=True, allow_unused=True)
            return x, terms, None
        return *ctx.layer.pull_back(x, terms, kept, gradient), None
