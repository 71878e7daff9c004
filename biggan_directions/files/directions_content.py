"""The content of a file of directions besides its matrix, checked key by key."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

import torch
from msgspec import UNSET, Meta, Struct, UnsetType, defstruct, to_builtins
from msgspec.structs import replace

from biggan_directions.files.validation import shown, validated

LONGEST_NAME = 1000  # characters
_MOST_CLASSES = 100_000
_MOST_LAYERS = 10_000

_Table: TypeAlias = dict[str, str | int | float | bool | None]
_Model = defstruct("_Model", [("name", str), ("resolution", int), ("z_dim", int), ("weights_sha256", str)])
_OfAModel = defstruct("_OfAModel", [("model", _Model)])


_Layer: TypeAlias = Annotated[int, Meta(ge=0, lt=_MOST_LAYERS)]


class _Class(Struct):
    index: Annotated[int, Meta(ge=0, lt=_MOST_CLASSES)]
    name: str


class _Rendering(Struct):
    """Settings of the same names in RenderSettings, which are checked together when they are used.

    The limits keep a stranger's file from taking more than some hundred MB when it is drawn.
    """

    samples: Annotated[int, Meta(ge=1, le=16)] | UnsetType = UNSET
    seed: int | UnsetType = UNSET
    frames: Annotated[int, Meta(ge=4, le=240)] | UnsetType = UNSET
    projection: Literal["keep", "remove"] | UnsetType = UNSET
    easing: Literal["sine", "official"] | UnsetType = UNSET
    latents: Literal["truncated", "cuda"] | UnsetType = UNSET


class _WithRendering(Struct):
    rendering: _Rendering


class DirectionsContent(Struct):
    """The keys of docs/file-format.md but for the matrix; keys of later versions are ignored."""

    names: tuple[str, ...]
    effect: torch.Tensor
    penalty: torch.Tensor
    model: _Table
    classes: Annotated[list[_Class], Meta(max_length=_MOST_CLASSES)]
    truncation: Annotated[float, Meta(gt=0, le=1)]
    seed: int
    solver: _Table
    made_with: dict[str, str]
    license: str
    stability: torch.Tensor | None = None
    distance: torch.Tensor | None = None
    rendering: dict[str, Any] = {}
    source: dict[str, str] = {}
    layers: Annotated[tuple[_Layer, ...], Meta(min_length=1, max_length=_MOST_LAYERS)] | None = None
    linear: tuple[bool, ...] | None = None


def read_content(content: dict[Any, Any], count: int) -> DirectionsContent:
    """Check the content of a file of ``count`` directions.

    Args:
        content: what the file holds.
        count: number of rows of its matrix.

    Returns:
        The content; measures are float32 ``(count,)``.

    Raises:
        ValueError: a key is missing or wrong; the message names it.
    """
    for key in (
        "model",
        "solver",
        "made_with",
        "rendering",
        "source",
    ):  # msgspec would also accept a tensor as a dict
        if not isinstance(content.get(key, {}), dict):
            raise ValueError(f"{key} is {shown(content[key])}, expected an object")
    found = validated(content, DirectionsContent)
    if found.model:
        known = {key: value for key, value in found.model.items() if key in _Model.__struct_fields__}
        validated({"model": known}, _OfAModel)
    rendering = to_builtins(validated({"rendering": found.rendering}, _WithRendering).rendering)
    if found.layers is not None and list(found.layers) != sorted(set(found.layers)):
        raise ValueError("layers are not in order, each once")
    # msgspec refuses lone surrogates in text that has a limit
    longest = max(map(len, (*found.names, *(item.name for item in found.classes))), default=0)
    if longest > LONGEST_NAME:
        raise ValueError(f"a name has {longest} characters, expected at most {LONGEST_NAME}")
    return replace(
        found,
        effect=_measured(found.effect, "effect", count),
        penalty=_measured(found.penalty, "penalty", count),
        stability=_stability(found.stability, count),
        distance=_distance(found.distance, count),
        rendering=rendering,
    )


def _measured(value: torch.Tensor, key: str, count: int) -> torch.Tensor:
    """One number per direction, NaN if it was not measured."""
    if value.shape != (count,) or not value.is_floating_point():
        raise ValueError(f"{key} is not a vector of {count} numbers")
    value = value.float().clone()
    if not bool((value.isnan() | (value.isfinite() & (value >= 0))).all()):
        raise ValueError(f"{key} has values below 0 or infinite")
    return value


def _distance(value: torch.Tensor | None, count: int) -> torch.Tensor | None:
    """How far to go along each direction, above 0; NaN where the file does not say."""
    if value is None:
        return None
    value = _measured(value, "distance", count)
    if bool((value == 0).any()):
        raise ValueError("distance has values of 0")
    return value


def _stability(value: torch.Tensor | None, count: int) -> torch.Tensor | None:
    """A |cos| per direction, which rounding may have brought above 1."""
    if value is None:
        return None
    value = _measured(value, "stability", count)
    if bool((value > 1 + 1e-6).any()):
        raise ValueError("stability has values above 1")
    return value.clamp(max=1)
