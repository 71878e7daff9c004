"""A layer of the folded network: a function of an image-like tensor and of z, with constant weights."""

from abc import ABC, abstractmethod
from typing import Any, ClassVar

import torch
from torch import nn

from biggan_directions.generators.folded.kernels.by_hand import ByHand, Recorded
from biggan_directions.generators.folded.kernels.switch import active


class Layer(nn.Module, ABC):
    """A function of x ``(N, C, H, W)`` and, through ``terms (N, size)``, of z.

    ``plain`` is the definition. ``by_hand`` computes the same faster: see the folder ``kernels``.
    """

    size: int
    by_hand: ClassVar[type[ByHand[Any]]]

    @abstractmethod
    def plain(self, x: torch.Tensor, terms: torch.Tensor) -> torch.Tensor:
        """The layer in ordinary operations, for compilers and for derivatives of any order."""

    def forward(self, x: torch.Tensor, terms: torch.Tensor, *, plain: bool) -> torch.Tensor:
        """The layer, by hand unless ``plain`` is requested or the kernels are switched off."""
        if plain or not active().by_hand:
            return self.plain(x, terms)
        if torch.is_grad_enabled() and (x.requires_grad or terms.requires_grad):
            out: torch.Tensor = Recorded.apply(x, terms, self)  # type: ignore[no-untyped-call]
            return out
        return self.by_hand.run(self, x, terms, None)
