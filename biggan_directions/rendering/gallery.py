"""The page: one file, without a network or a server, in which every direction is moved by hand."""

import base64
import functools
import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from biggan_directions.factor_records import signed_words
from biggan_directions.files.atomic_write import write_whole
from biggan_directions.files.escaping import printable
from biggan_directions.scores import (
    LINEAR,
    MEASURES,
    STABLE,
    Measure,
    MeasureInfo,
    Scorecard,
    SetScore,
    best,
    loose_words,
    stability_words,
)

GALLERY_NAME = "gallery.html"


@dataclass(frozen=True, kw_only=True)
class Account:
    """What the page says of a set of directions beside its images.

    ``file`` and ``score_command`` are as a shell takes them. ``file`` is None where the file has no place for
    names; ``score_command`` None where nothing can be measured. ``fingerprint`` tells the browser whose names
    it remembers. ``captions`` stand under the samples, one each. ``stability`` has a value or None for each
    direction, or nothing where it is not known; below ``agreement`` it is marked. ``linear`` says of each
    direction whether the image is linear along it; left out, of none. ``facts`` and ``commands`` are pairs of
    words: what it is and its value, what it does and how it is typed. ``part`` is a heading over the
    directions, such as the part of z that they are in.
    """

    title: str
    subtitle: str
    fingerprint: str
    file: str | None
    captions: Sequence[str]
    penalties: Sequence[float]
    facts: Sequence[tuple[str, str]]
    commands: Sequence[tuple[str, str]]
    stability: Sequence[float | None] = ()
    agreement: float = STABLE
    linear: Sequence[bool] = ()
    scores: Scorecard | None = None
    score_command: str | None = None
    part: str = ""


@dataclass(frozen=True, kw_only=True)
class PageDirection:
    """A direction as the page shows it; ``strips`` holds for each sample its positions as one WebP."""

    index: int
    name: str
    effect: float
    distance: float
    strips: Sequence[bytes]


def write_gallery(
    path: Path,
    account: Account,
    directions: Sequence[PageDirection],
    *,
    fractions: Sequence[float],
    size: tuple[int, int],
) -> int:
    """Write the page and return its size in bytes.

    Args:
        path: where to; what is there is replaced.
        account: what it says.
        directions: what it shows.
        fractions: the positions in every strip, as fractions of a direction's distance.
        size: height and width of an image in the strips.

    Raises:
        OutputError: the file cannot be written.
    """
    page = gallery_html(account, directions, fractions=fractions, size=size).encode()
    write_whole(path, page)
    return len(page)


def gallery_html(
    account: Account,
    directions: Sequence[PageDirection],
    *,
    fractions: Sequence[float],
    size: tuple[int, int],
) -> str:
    """The page as text; arguments as for :func:`write_gallery`."""
    style, script = _text("gallery.css"), _text("gallery.js")
    data = {
        "fingerprint": account.fingerprint,
        "file": None if account.file is None else printable(account.file),
        "captions": [printable(caption) for caption in account.captions],
        "fractions": [round(fraction, 6) for fraction in fractions],
        "height": size[0],
        "width": size[1],
        "directions": [
            {
                "index": one.index,
                "name": printable(one.name),
                "distance": one.distance,
                "strips": [base64.b64encode(strip).decode() for strip in one.strips],
            }
            for one in directions
        ],
    }
    return (
        _environment()
        .get_template("gallery.html.jinja")
        .render(
            account=account,
            directions=directions,
            cards=[_card(one, account, directions) for one in directions],
            measures=_measures(account),
            loose=_loose(account, directions),
            table=_table(account),
            factors=_factors(account, directions),
            data=data,
            last=len(fractions) - 1,
            style=Markup(style),
            script=Markup(script),
            style_hash=_hash(style),
            script_hash=_hash(script),
        )
    )


def _card(one: PageDirection, account: Account, directions: Sequence[PageDirection]) -> list[dict[str, Any]]:
    """The measures of a direction: words, figures, and how long its bar is, from 0 to 100."""
    penalty = account.penalties[one.index]
    figures = {"effect": _measure(one.effect), "penalty": _measure(penalty)}
    factor = other = None
    linear = bool(account.linear) and account.linear[one.index]
    if account.scores is not None:
        scored = account.scores.sets[0].directions[one.index]
        figures = {measure.key: scored.measure(measure.key) for measure in MEASURES}
        factor, linear = scored.factor, scored.linear
        other = None if scored.overlap_with is None else f"with {scored.overlap_with}"
        strongest = max(account.scores.sets[0].values("effect"), default=0.0)
    else:
        strongest = max((known.effect for known in directions if not math.isnan(known.effect)), default=0.0)
    if account.stability:
        figures["stability"] = Measure(value=account.stability[one.index])
    rows = []
    for measure in MEASURES:
        figure = figures.get(measure.key, Measure(value=None))
        words = LINEAR if linear and measure.key == "penalty" else figure.words
        words = stability_words(figure.value, account.agreement) if measure.key == "stability" else words
        if figure.value is None and words != LINEAR:
            continue
        value = figure.value or 0.0
        whole = max(strongest, value) if measure.key == "effect" else 1.0
        beside = {"recovery": factor, "overlap": other}.get(measure.key)
        rows.append(
            {
                "measure": measure,
                "words": words,
                "error_words": figure.error_words,
                "beside": beside,
                "share": round(100 * min(1.0, max(0.0, value / whole))) if whole else 0,
            }
        )
    return rows


def _loose(account: Account, directions: Sequence[PageDirection]) -> str:
    """A sentence on the directions of the page that depend on the latents at which they were learnt."""
    if not account.stability:
        return ""
    return loose_words({one.index: account.stability[one.index] for one in directions}, account.agreement)


def _measures(account: Account) -> list[MeasureInfo]:
    """The measures that have a figure: in any set or, without a scorecard, in the file."""
    if account.scores is None:
        known = {"effect", "penalty", *(["stability"] if account.stability else [])}
    else:
        sets = account.scores.sets
        known = {one.key for scored in sets for one in MEASURES if scored.mean(one.key) is not None}
    return [measure for measure in MEASURES if measure.key in known]


def _table(account: Account) -> list[dict[str, Any]]:
    """A row a set: its means, and which of them is the best of its column."""
    if (scores := account.scores) is None:
        return []
    columns = _measures(account)
    means = [{measure.key: one.mean(measure.key) for measure in columns} for one in scores.sets]
    tops = {measure.key: best([row[measure.key] for row in means], measure.better) for measure in columns}
    return [
        {
            "solver": one.solver,
            "own": place == 0,
            "paper_penalty": one.paper_penalty,
            "cells": [
                {
                    "figure": Measure(value=row[measure.key]),
                    "best": _is(row[measure.key], tops[measure.key]),
                    "weakest": _weakest(one) if measure.key == "effect" else None,
                }
                for measure in columns
            ],
        }
        for place, (one, row) in enumerate(zip(scores.sets, means, strict=True))
    ]


def _factors(account: Account, directions: Sequence[PageDirection]) -> list[dict[str, Any]]:
    """A row a direction: its changes of the image factors, and over several classes their agreement."""
    if (scores := account.scores) is None or (scale := scores.image_factors) is None:
        return []
    rows = []
    for one in directions:
        found = scores.sets[0].directions[one.index].image_factors
        if found is None:
            continue
        cells = [
            {
                "words": signed_words(change),
                "share": f"{found.selectivity or 0:.0%}" if key == found.strongest else "",
            }
            for key, change in zip(scale.factors, found.changes, strict=True)
        ]
        agreement = "" if found.agreement is None else found.agreement.words
        rows.append({"title": one.name or str(one.index), "cells": cells, "agreement": agreement})
    return rows


def _weakest(scored: SetScore) -> Measure | None:
    """The least effect of a set of two directions or more."""
    effects = scored.values("effect")
    return Measure(value=min(effects)) if len(effects) > 1 else None


def _is(value: float | None, top: float | None) -> bool:
    return value is not None and value == top


def _measure(value: float) -> Measure:
    return Measure(value=None if math.isnan(value) else value)


@functools.cache
def _environment() -> Environment:
    """Escapes all it is given, and makes visible what a browser would act on unseen."""
    return Environment(
        loader=FunctionLoader(_text),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: printable(value) if type(value) is str else value,
    )


def _text(name: str) -> str:
    return resources.files("biggan_directions.rendering").joinpath(name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    """What the page's own policy lets through: a style or a script of exactly this text."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
