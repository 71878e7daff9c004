"""What the page asks for: pictures of some latents, each moved along several directions at once."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from biggan_directions.errors import UsageError

MOST_SAMPLES = 16  # a page of pictures; more would only keep others waiting
FARTHEST = 100.0  # in z, whose own length is near √z_dim: beyond it there is nothing to see
LARGEST_SEED = 2**53 - 1  # whole numbers that a browser's arithmetic keeps exactly


@dataclass(frozen=True, kw_only=True)
class ImageRequest:
    """One state of the page, checked when made.

    Attributes:
        class_name: any name, WordNet id or index of a class.
        truncation: in (0, 1].
        seed: of the latents, the same as ``render`` and ``edit`` draw.
        samples: which latents of that seed.
        moves: for the index of a direction, the distance in units of z.
        client: whose request it is: one page, one client.
        number: counts a client's requests; a higher one makes the lower ones stale.
    """

    class_name: str
    truncation: float
    seed: int = 0
    samples: tuple[int, ...] = (0,)
    moves: Mapping[int, float]
    client: str = ""
    number: int = 0

    def __post_init__(self) -> None:
        if not 1 <= len(self.class_name) <= 200:
            raise UsageError(f"the class must be 1 to 200 characters, got {len(self.class_name)}.")
        if not 0 < self.truncation <= 1:
            raise UsageError(f"truncation must be above 0 and at most 1, got {self.truncation:g}.")
        if abs(self.seed) > LARGEST_SEED:
            raise UsageError(f"seed must lie within ±{LARGEST_SEED}, got {self.seed}.")
        if not 1 <= len(self.samples) <= MOST_SAMPLES:
            raise UsageError(f"expected 1 to {MOST_SAMPLES} samples, got {len(self.samples)}.")
        for sample in self.samples:
            if not 0 <= sample < MOST_SAMPLES:
                raise UsageError(f"a sample must be 0 to {MOST_SAMPLES - 1}, got {sample}.")
        for index, distance in self.moves.items():
            if not abs(distance) <= FARTHEST:  # so that NaN is refused too
                raise UsageError(
                    f"direction {index} is to move by {distance:g}: expected -{FARTHEST:g} to {FARTHEST:g}."
                )
        if len(self.client) > 64:
            raise UsageError(f"client must be at most 64 characters, got {len(self.client)}.")

    @classmethod
    def from_json(cls, text: bytes) -> ImageRequest:
        """Read the body of a request.

        Raises:
            UsageError: not JSON, an unknown key, or a value of another type or out of range.

        >>> PictureRequest.from_json(b'{"class": "car", "truncation": 1, "moves": {"3": -1}}').moves
        {3: -1.0}
        """
        try:
            content = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise UsageError("the request is not JSON: see /api/schema.") from error
        if not isinstance(content, dict):
            raise UsageError("the request must be a JSON object: see /api/schema.")
        known = {"class" if f.name == "class_name" else f.name for f in fields(cls)}
        if unknown := sorted(content.keys() - known):
            raise UsageError(f"the request has an unknown key {unknown[0][:60]!r}: see /api/schema.")
        moves = content.get("moves", {})
        if not isinstance(moves, dict) or len(moves) > 10_000:
            raise UsageError('moves must be an object such as {"0": 2, "3": -1}.')
        samples = content.get("samples", [0])
        if not isinstance(samples, list):
            raise UsageError("samples must be a list such as [0, 1, 2, 3].")
        return cls(
            class_name=_text(content.get("class"), "class"),
            truncation=_number(content.get("truncation"), "truncation"),
            seed=_whole(content.get("seed", 0), "seed"),
            samples=tuple(_whole(sample, "a sample") for sample in samples),
            moves={_index(key): _number(value, f"moves[{key[:20]!r}]") for key, value in moves.items()},
            client=_text(content.get("client", ""), "client"),
            number=_whole(content.get("number", 0), "number"),
        )


def _text(value: Any, what: str) -> str:
    if not isinstance(value, str):
        raise UsageError(f"{what} must be text, got {_shown(value)}.")
    return value


def _whole(value: Any, what: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise UsageError(f"{what} must be a whole number, got {_shown(value)}.")
    return value


def _number(value: Any, what: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise UsageError(f"{what} must be a number, got {_shown(value)}.")
    try:
        return float(value)
    except OverflowError:
        return math.inf


def _index(key: str) -> int:
    if not (key.isascii() and key.isdecimal() and len(key) < 8):
        raise UsageError(f"moves must be keyed by a direction's number, got {key[:20]!r}.")
    return int(key)


def _shown(value: Any) -> str:
    return "nothing" if value is None else repr(value)[:60]
