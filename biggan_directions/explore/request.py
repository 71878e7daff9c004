"""A request of the page: images of some latents, each moved along several directions at once."""

from __future__ import annotations

from typing import Annotated, TypeVar

from msgspec import Meta, Struct

from biggan_directions.errors import UsageError
from biggan_directions.files.directions_content import LONGEST_NAME
from biggan_directions.files.plain_json import parsed
from biggan_directions.files.validation import validated

MOST_SAMPLES = 16  # more images would keep other pages waiting
FARTHEST = 100  # in units of z, far beyond the norm of z, about √z_dim
LARGEST_SEED = 2**53 - 1  # larger integers are not exact in a browser

_Request = TypeVar("_Request")


class ImageRequest(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"class_name": "class"}
):
    """One state of the page; its ranges are checked when it is read from JSON."""

    class_name: Annotated[
        str, Meta(min_length=1, max_length=200, description="A name, WordNet id or index of a class.")
    ]
    truncation: Annotated[
        float, Meta(gt=0, le=1, description="Also scales z. The answer names the stored value that is used.")
    ]
    seed: Annotated[
        int,
        Meta(ge=-LARGEST_SEED, le=LARGEST_SEED, description="Seed of the latents, as in render and edit."),
    ] = 0
    samples: Annotated[
        tuple[Annotated[int, Meta(ge=0, lt=MOST_SAMPLES)], ...],
        Meta(min_length=1, max_length=MOST_SAMPLES, description="Indices of the seed's latents."),
    ] = (0,)
    moves: Annotated[
        dict[Annotated[int, Meta(ge=0)], Annotated[float, Meta(ge=-FARTHEST, le=FARTHEST)]],
        Meta(
            max_length=10_000,
            description="Distance in units of z by the index of a direction.",
            extra_json_schema={"propertyNames": {"pattern": "^(0|[1-9][0-9]*)$"}},
        ),
    ] = {}
    layers: Annotated[
        dict[Annotated[int, Meta(ge=0)], Annotated[str, Meta(min_length=1, max_length=200)]],
        Meta(
            max_length=10_000,
            description="Layers at which a direction acts, such as 0-3, coarse or all, by its index; those "
            "of the session where left out.",
            extra_json_schema={"propertyNames": {"pattern": "^(0|[1-9][0-9]*)$"}},
        ),
    ] = {}
    client: Annotated[str, Meta(max_length=64, description="Text that identifies the page.")] = ""
    number: Annotated[
        int, Meta(description="Number of the client's request; a higher one makes lower ones stale.")
    ] = 0

    @classmethod
    def from_json(cls, text: bytes) -> ImageRequest:
        """Read the body of a request.

        Raises:
            UsageError: not JSON, an unknown key, or a value of another type or out of range.

        >>> ImageRequest.from_json(b'{"class": "car", "truncation": 1, "moves": {"3": -1}}').moves
        {3: -1.0}
        """
        return _read(text, cls)


class NameRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A new name of a direction."""

    direction: Annotated[int, Meta(ge=0, description="Index of the direction.")]
    name: Annotated[
        str, Meta(max_length=LONGEST_NAME, description="Not a number, and no other direction's name.")
    ]

    @classmethod
    def from_json(cls, text: bytes) -> NameRequest:
        """Read the body of a request.

        Raises:
            UsageError: as of :meth:`ImageRequest.from_json`.

        >>> NameRequest.from_json(b'{"direction": 2, "name": "zoom"}')
        NameRequest(direction=2, name='zoom')
        """
        return _read(text, cls)


def _read(text: bytes, kind: type[_Request]) -> _Request:
    try:
        return validated(parsed(text), kind)
    except ValueError as error:
        raise UsageError(f"the request is wrong: {error} (see /api/schema).") from error
