"""Frozen generators: what anything that can be searched looks like, and how to load one."""

from typing import TYPE_CHECKING, Protocol

from biggan_directions.generators.classes.class_table import ImageClass

if TYPE_CHECKING:  # torch takes a second to import, and class names and the catalog do without
    import torch

__all__ = ["Generator", "ImageClass"]


class Generator(Protocol):
    """Any callable from latents to images. Whatever satisfies this can be searched, judged and rendered.

    :class:`~biggan_directions.generators.custom.CallableGenerator` makes one of a function or an nn.Module.
    What only some generators can do is in :mod:`~biggan_directions.generators.capabilities`.

    Attributes:
        model: name of the model: in the catalog, a folder's path, or ``package.module:factory``.
        resolution: side of the images in pixels.
        z_dim: numbers of a latent.
        classes: what it draws, one or more.
        truncation: scale of the latents that it is drawn at, in (0, 1].
        weights_sha256: tells its weights from others.
        license: of the weights.
    """

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

        ``class_index (N,)`` indexes ``classes``; left out, every image is of the first.
        """
        ...
