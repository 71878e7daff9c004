"""What some generators can do beyond drawing images: protocols that callers ask for by ``isinstance``.

A generator has a capability when it has the members below; it derives from nothing. Importing this module
does not import torch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol, runtime_checkable

if TYPE_CHECKING:
    import torch

    from biggan_directions.generators import Generator

__all__ = [
    "Activations",
    "Compilable",
    "KnownTruth",
    "LatentWeight",
    "LatentWeights",
    "Layered",
    "Reclassable",
    "TrueDirections",
]


@dataclass(frozen=True, kw_only=True, eq=False)
class LatentWeight:
    """A matrix that z is multiplied with.

    Attributes:
        name: the matrix's own, such as ``generator.layers.0.bn_0.scale``.
        layer: the layer that it belongs to, such as ``generator.layers.0``; several matrices may share one.
        matrix: ``(outputs, z_dim)``, as it is applied: spectrally normalised where the network does that.
    """

    name: str
    layer: str
    matrix: torch.Tensor


@runtime_checkable
class LatentWeights(Protocol):
    """A generator that shows the matrices which z meets first. SeFa needs them."""

    def latent_weights(self) -> Sequence[LatentWeight]:
        """One matrix for each linear map that z enters, in the order of the network's layers."""
        ...


@runtime_checkable
class Activations(Protocol):
    """A generator that can be computed up to an intermediate layer. GANSpace and LatentCLR need it."""

    @property
    def activation_names(self) -> tuple[str, ...]:
        """The names of the layers whose activations can be had, in order from z to the image."""
        ...

    def activations(
        self, name: str, z: torch.Tensor, class_index: torch.Tensor | None = None
    ) -> torch.Tensor:
        """The output ``(N, ...)`` of a layer for ``z (N, z_dim)``, without what comes after the layer.

        It may lack a constant that depends on neither z nor the class.

        Raises:
            UsageError: there is no such layer, or z or class_index has another shape.
        """
        ...


@runtime_checkable
class Compilable(Protocol):
    """A generator whose forward pass torch.compile can compile."""

    @property
    def is_compiled(self) -> bool:
        """Whether the forward pass is a compiled one; its images differ in their last bits."""
        ...

    def compiled(self) -> Generator:
        """A copy whose forward pass is compiled, which takes minutes.

        Raises:
            UsageError: this machine has no compiler that torch can use.
        """
        ...


@runtime_checkable
class Reclassable(Protocol):
    """A generator of several classes that can be restricted to some of them without being loaded again."""

    def of_class(self, *places: int) -> Generator:
        """The same generator with the classes ``classes[place]`` alone, in the order given."""
        ...


@runtime_checkable
class Layered(Protocol):
    """A generator whose layers can each be given a z of their own.

    The layers are the places where z enters the network, in order from z to the image.
    """

    @property
    def layer_names(self) -> tuple[str, ...]:
        """The L layers' own names, such as ``generator.gen_z`` and ``generator.layers.0``."""
        ...

    def from_layers(self, z: torch.Tensor, class_index: torch.Tensor | None = None) -> torch.Tensor:
        """Images of ``z``, ``(N, L, z_dim)``: layer ``l`` meets the latent ``z[n, l]`` for image ``n``.

        With all L rows alike it is the ordinary forward pass, bit for bit. Shapes and range are those of the
        generator's call.
        """
        ...


class TrueDirections(NamedTuple):
    """The directions along which one known factor changes and nothing else does.

    Attributes:
        names: of the factors, one a row.
        rows: orthonormal, ``(factors, z_dim)``.
    """

    names: tuple[str, ...]
    rows: torch.Tensor


@runtime_checkable
class KnownTruth(Protocol):
    """A generator whose true directions are known, so that a scorecard can say how well they were recovered.

    A generator of a class that knows them only sometimes leaves the attribute unset otherwise.
    """

    true_directions: TrueDirections
