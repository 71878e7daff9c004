"""A scorecard as a figure: effect against penalty, a point for each direction."""

from __future__ import annotations

import importlib
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from biggan_directions.errors import UsageError
from biggan_directions.files.atomic_write import write_whole
from biggan_directions.scores import Scorecard

SUFFIXES = (".svg", ".pdf")
_COLOURS = ("#1f5f8b", "#c8553d", "#3b8a5a", "#8a5aa8")  # of the sets that were asked for, in turn
_GREY, _INK, _RULE = "#a29e95", "#1c1b19", "#e3dfd7"
_MARKERS = ("x", "+", "^", "s", "D", "v")  # of the baselines


def check_figure(path: Path) -> None:
    """Raise a ``UsageError`` where a figure cannot be written: another suffix, or without matplotlib."""
    if path.suffix.lower() not in SUFFIXES:
        raise UsageError(f"{path} is neither an SVG nor a PDF: name it for example scores{SUFFIXES[0]}")
    try:
        importlib.import_module("matplotlib")
    except ImportError as error:
        raise UsageError(
            "a figure needs matplotlib: pip install 'biggan-directions[figures]', or leave out --figure"
        ) from error


def write_figure(card: Scorecard, path: Path, *, own: int = 1, names: Sequence[Sequence[str]] = ()) -> None:
    """Draw every direction's penalty against its effect, with standard errors, as SVG or PDF.

    Args:
        card: the scorecard.
        path: where to; its suffix says as what.
        own: how many of the card's first sets were asked for; the rest are baselines, drawn in grey.
        names: of these sets' directions, "" for those without one.

    Raises:
        UsageError: another suffix, or matplotlib is not installed.
        OutputError: the place cannot be written.
    """
    check_figure(path)
    import matplotlib
    from matplotlib.figure import Figure

    style: Any = {"svg.fonttype": "none", "svg.hashsalt": "biggan-directions", "pdf.fonttype": 42}
    with matplotlib.rc_context({**style, "font.family": "sans-serif", "font.size": 9}):
        figure = Figure(figsize=(5.2, 3.6), layout="constrained")
        axes = figure.add_subplot()
        axes.grid(color=_RULE, linewidth=0.6)
        axes.set_axisbelow(True)
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
        for side in ("left", "bottom"):
            axes.spines[side].set_color(_GREY)
        axes.tick_params(color=_GREY, labelcolor=_INK)
        for place in reversed(range(len(card.sets))):
            scored, mine = card.sets[place], place < own
            known = [
                (index, one) for index, one in enumerate(scored.directions) if one.penalty.value is not None
            ]
            x, y = ([getattr(one, key).value for _, one in known] for key in ("effect", "penalty"))
            errors = {
                key: [getattr(one, key).error or 0.0 for _, one in known] for key in ("effect", "penalty")
            }
            axes.errorbar(
                x,
                y,
                xerr=errors["effect"] if mine else None,
                yerr=errors["penalty"] if mine else None,
                fmt="o" if mine else _MARKERS[(place - own) % len(_MARKERS)],
                color=_COLOURS[place % len(_COLOURS)] if mine else _GREY,
                markersize=9.5 if mine else 4.5,
                elinewidth=0.8,
                label=scored.solver,
                zorder=3 if mine else 2,
            )
            for index, one in known if mine else ():
                name = names[place][index] if place < len(names) else ""
                point = (one.effect.value, one.penalty.value)
                inside: Any = {"ha": "center", "va": "center_baseline", "fontsize": 6.5, "color": "white"}
                axes.annotate(str(index), point, zorder=4, **inside)
                if name:
                    text = name.replace("$", r"\$")
                    axes.annotate(
                        text, point, xytext=(7, 5), textcoords="offset points", fontsize=8, color=_INK
                    )
        axes.set_xlabel("effect: RMS change of the image per unit of z")
        axes.set_ylabel("penalty ↓: mixed share of the second derivatives")
        axes.set_xlim(left=0)
        axes.set_ylim(0, 1)
        handles, labels = axes.get_legend_handles_labels()
        axes.legend(
            handles[::-1], labels[::-1], frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(1, 1)
        )
        axes.set_title(
            f"{Path(card.model).name}: {', '.join(card.classes[:3])} · {card.latents} latents, mean ± error",
            fontsize=9,
            loc="left",
            color=_INK,
        )
        content, kind = io.BytesIO(), path.suffix.lower()[1:]
        undated = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}  # the same scores, the same bytes
        figure.savefig(content, format=kind, metadata=undated[kind])
    write_whole(path, content.getvalue())
