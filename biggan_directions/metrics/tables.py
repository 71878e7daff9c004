"""A scorecard as plain values, CSV and LaTeX, for notebooks and papers."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any

from biggan_directions.scores import (
    LINEAR,
    MEASURES,
    DirectionScore,
    Measure,
    MeasureInfo,
    Scorecard,
    SetScore,
    best,
)

Names = Sequence[Sequence[str]]
"""Names of the directions of the sets that were asked for, set by set; the baselines' have none."""

_TEX = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"} | {
    character: f"\\{character}" for character in "&%$#_{}"
}
_TEX_PLUS_MINUS = r"$\pm$"
_TEX_ARROWS = {"more": r" $\uparrow$", "less": r" $\downarrow$", "": ""}


def as_plain(card: Scorecard, names: Names = ()) -> dict[str, Any]:
    """The scorecard's content with each set's means and names, for JSON."""
    content = card.as_json()
    for index, (scored, plain) in enumerate(zip(card.sets, content["sets"], strict=True)):
        plain["means"] = {measure.key: scored.mean(measure.key) for measure in MEASURES}
        plain["mean_errors"] = {measure.key: scored.mean_error(measure.key) for measure in MEASURES}
        plain["names"] = list(names[index]) if index < len(names) else [""] * len(scored.directions)
    return content


def as_csv(card: Scorecard, names: Names = ()) -> str:
    """A row for each set's means, whose direction is ``mean``, and one for each of its directions.

    Columns: set, direction, name, every measure and its standard error over latents (recovery and stability,
    which are not measured at latents, have none), ``linear`` for a direction that has no penalty since it
    is, the true factor, the paper's penalty and its error, latents. The error of a mean is
    :meth:`~biggan_directions.scores.SetScore.mean_error`.
    """
    content = io.StringIO()
    writer = csv.writer(content, lineterminator="\n")
    heads = [word for measure in MEASURES for word in _pair(measure, measure.key, f"{measure.key}_error")]
    papers = ("paper_penalty", "paper_penalty_error")
    writer.writerow(["set", "direction", "name", *heads, "linear", "factor", *papers, "latents"])
    for place, scored in enumerate(card.sets):
        figures = [
            word
            for measure in MEASURES
            for word in _pair(
                measure, _plain(scored.mean(measure.key)), _plain(scored.mean_error(measure.key))
            )
        ]
        paper = (_plain(scored.paper_penalty.value), _plain(scored.paper_penalty.error))
        writer.writerow([scored.solver, "mean", "", *figures, "", "", *paper, card.latents])
        for index, direction in enumerate(scored.directions):
            name = names[place][index] if place < len(names) else ""
            figures = [word for measure in MEASURES for word in _figures(direction, measure)]
            told = [LINEAR if direction.linear else "", direction.factor or ""]
            writer.writerow([scored.solver, index, name, *figures, *told, "", "", card.latents])
    return content.getvalue()


def as_latex(card: Scorecard) -> str:
    """A tabular with a row for each set: means over directions, the best of each column in bold."""
    columns = [measure for measure in MEASURES if any(one.mean(measure.key) is not None for one in card.sets)]
    heads = [f"{measure.key}{_TEX_ARROWS[measure.better]}" for measure in columns]
    lines = [
        f"% means over directions ± standard error over {card.latents} latents (at most), seed {card.seed}; "
        "needs \\usepackage{booktabs}",
        rf"\begin{{tabular}}{{l{'r' * len(columns)}}}",
        r"\toprule",
        " & ".join(["directions", *heads]) + r" \\",
        r"\midrule",
        *(" & ".join([tex(one.solver), *_cells(one, card, columns)]) + r" \\" for one in card.sets),
        r"\bottomrule",
        r"\end{tabular}",
    ]
    return "\n".join(lines) + "\n"


def tex(text: str) -> str:
    r"""Text as LaTeX prints it.

    >>> tex("50% of a_b")
    '50\\% of a\\_b'
    """
    return "".join(_TEX.get(character, character) for character in text)


def _cells(scored: SetScore, card: Scorecard, columns: Sequence[MeasureInfo]) -> list[str]:
    """A set's means; bold where no other set's is better."""
    cells = []
    for measure in columns:
        mean = scored.mean(measure.key)
        figure = Measure(value=mean, error=scored.mean_error(measure.key))
        words = "--" if mean is None else figure.words
        top = best([one.mean(measure.key) for one in card.sets], measure.better)
        words = rf"\textbf{{{words}}}" if mean is not None and mean == top else words
        cells.append(f"{words} {figure.error_words.replace('±', _TEX_PLUS_MINUS)}".rstrip())
    return cells


def _figures(direction: DirectionScore, measure: MeasureInfo) -> Sequence[str]:
    figure = direction.measure(measure.key)
    return _pair(measure, _plain(figure.value), _plain(figure.error))


def _pair(measure: MeasureInfo, value: str, error: str) -> Sequence[str]:
    """The cells of a measure: recovery and stability have no error."""
    return (value,) if measure.key in ("recovery", "stability") else (value, error)


def _plain(value: float | None) -> str:
    return "" if value is None else repr(value)
