"""Frozen generators: what anything that can be searched looks like, and how to load one."""

from typing import TYPE_CHECKING, Protocol

from biggan_directions.generators.classes.class_table import ImageClass

if TYPE_CHECKING:  # torch takes a second to import, and class names and the catalog do without
    import torch

__all__ = ["Generator", "ImageClass"]


class Generator(Protocol):
    """Any callable from latents to pictures. Whatever satisfies this can be searched, judged and rendered."""

    model: str
    resolution: int
    z_dim: int
    classes: tuple[ImageClass, ...]
    truncation: float
    weights_sha256: str
    license: str

    @property
    def device(self) -> "torch.device":
        """Where z must lie."""
        ...

    def __call__(self, z: "torch.Tensor", class_index: "torch.Tensor | None" = None) -> "torch.Tensor":
        """Draw ``z (N, z_dim)`` as images ``(N, 3, H, W)`` in [-1, 1].

        ``class_index (N,)`` indexes ``classes``; left out, every picture is of the first.
        """
        ...
