"""How directions change what can be measured of an image, such as its width: a scorecard's records."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Annotated, NamedTuple, TypeAlias

from msgspec import Meta

Finite: TypeAlias = Annotated[float, Meta(ge=-sys.float_info.max, le=sys.float_info.max)]

REAL, OWN = "real images", "the model's own images"
"""What the spreads of image factors are of: see :class:`FactorScale`."""


class FactorInfo(NamedTuple):
    """An image factor: its key in the records, and what it means."""

    key: str
    words: str


IMAGE_FACTORS = (
    FactorInfo("width", "share of the image's columns that the object reaches"),
    FactorInfo("height", "share of the image's rows that the object reaches"),
    FactorInfo("area", "share of the image that the object fills"),
    FactorInfo("brightness", "mean brightness of the object, on the scale −1 to 1"),
    FactorInfo("across", "horizontal centre of the object: 0 is the left edge, 1 the right"),
    FactorInfo("down", "vertical centre of the object: 0 is the top edge, 1 the bottom"),
    FactorInfo(
        "symmetry", "1 where the object’s outline is its own mirror image, left to right; 0 the least"
    ),
)


@dataclass(frozen=True, kw_only=True)
class FactorScale:
    """What the changes of image factors were measured in, and at.

    Attributes:
        factors: keys of :data:`IMAGE_FACTORS`, in the order of spreads and changes.
        spreads: standard deviation of each factor within a class; a change of 1 is that much.
        source: what the spreads are of, :data:`REAL` or :data:`OWN`.
        latents: at how many latents the changes were measured.
        images: drawn for changes and spreads.
    """

    factors: tuple[str, ...]
    spreads: tuple[Finite, ...]
    source: str
    latents: int
    images: int


@dataclass(frozen=True, kw_only=True)
class ClassAgreement:
    """Whether a direction changes the image factors in the same way in every class.

    A class's signature is the vector of the mean changes of all factors in it. Its agreement is the cosine
    between its signature and the mean signature of the other classes: 1 is the same, 0 unrelated, −1 the
    opposite.

    Attributes:
        mean: of the classes' agreements.
        worst: name of the class with the least one.
        by_class: agreement by the name of the class; None where no factor changes in it.
    """

    mean: Finite
    worst: str
    by_class: dict[str, Finite | None]

    def __post_init__(self) -> None:
        if self.worst not in self.by_class:
            raise ValueError(f"the worst class {self.worst[:80]!r} is none of the classes")

    @property
    def words(self) -> str:
        """The mean, and the least with its class.

        >>> ClassAgreement(mean=0.8, worst="bag", by_class={"bag": 0.7, "coat": 0.9}).words
        '0.80, bag 0.70'
        """
        return f"{self.mean:.2f}, {self.worst} {self.by_class[self.worst] or 0:.2f}"


@dataclass(frozen=True, kw_only=True)
class FactorChanges:
    """How a direction changes the image factors.

    Attributes:
        changes: of each factor per unit of z, in spreads, a mean over latents; None where it cannot be told.
        errors: the standard errors of the changes.
        strongest: key of the factor that changes most; None where that is within twice its standard error.
        selectivity: share of the strongest factor in the sum of the squares of all changes, in [0, 1].
        agreement: over the classes of a set of several.
    """

    changes: tuple[Finite | None, ...]
    errors: tuple[Finite | None, ...]
    strongest: str | None = None
    selectivity: Finite | None = None
    agreement: ClassAgreement | None = None


def signed_words(change: float | None) -> str:
    """A change in two decimals with its sign.

    >>> signed_words(0.314), signed_words(-1.0), signed_words(None)
    ('+0.31', '-1.00', '–')
    """
    return "–" if change is None else f"{change:+.2f}"
