"""What is shown on a terminal: results on stdout, remarks on stderr, text from files escaped."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape

from biggan_directions.commands.narrow_table import Row, narrow_table
from biggan_directions.files.escaping import printable

if TYPE_CHECKING:
    from biggan_directions.directions import Directions
    from biggan_directions.measured import Measured
    from biggan_directions.scores import Measure, Scorecard, SetScore

out, err = Console(highlight=False), Console(stderr=True, highlight=False)


def plain(text: str) -> str:
    """Text from a file with what a terminal would act on made visible."""
    return escape(printable(text))


def size_words(size_bytes: int) -> str:
    """The size of a file as people say it: in kB below 10 kB, in MB above.

    >>> size_words(812), size_words(1_234_567)
    ('0.8 kB', '1.23 MB')
    """
    return f"{size_bytes / 1e3:.1f} kB" if size_bytes < 10_000 else f"{size_bytes / 1e6:.2f} MB"


def measures_of(found: Directions, path: Path) -> Measured:
    """The measures to show for a file's directions; says so where a scorecard beside it is not shown."""
    from biggan_directions.measured import measured
    from biggan_directions.published.reference import place_of

    shown = measured(found, place_of(path))
    if shown.note:
        err.print(f"note: {plain(shown.note)}", soft_wrap=True)
    return shown


def plain_measures(shown: Measured, names: Sequence[str]) -> list[dict[str, Any]]:
    """One plain row a direction: number, name, effect, penalty and their errors, and whether it is linear.

    A figure that is not known is None.
    """
    return [
        {
            "direction": index,
            "name": name,
            "effect": effect.value,
            "effect_error": effect.error,
            "penalty": penalty.value,
            "penalty_error": penalty.error,
            "linear": linear,
            "stability": None if shown.stability is None else shown.stability[index].value,
        }
        for index, (name, effect, penalty, linear) in enumerate(
            zip(names, shown.effect, shown.penalty, shown.linear, strict=True)
        )
    ]


def print_directions(shown: Measured, names: Sequence[str]) -> None:
    """A row a direction, in the file's order."""
    from biggan_directions.scores import LINEAR

    columns = ("effect", "penalty", *(("stability",) if shown.stability is not None else ()))
    rows = []
    figures = zip(shown.effect, shown.penalty, shown.linear, strict=True)
    for index, (effect, penalty, linear) in enumerate(figures):
        cells = [_with_error(effect), LINEAR if linear else _with_error(penalty)]
        cells += [] if shown.stability is None else [shown.stability_words(index)]
        rows.append(Row(label(index, names), cells))
    _print_table("direction", columns, rows)
    _print_loose(shown.loose(range(len(names))))
    if shown.latents is not None:
        out.print(f"[dim]{in_order(shown.latents)}, from {plain(shown.source)}[/dim]", soft_wrap=True)


_COLUMNS = ("effect", "penalty", "overlap", "unevenness", "steadiness")  # beside recovery, where known


def in_order(latents: int) -> str:
    """What a table of directions says under itself."""
    return f"in the file's order; mean ± standard error over {latents} fresh latents"


def print_scores(scored: SetScore, names: Sequence[str], latents: int, agreement: float) -> None:
    """A row a direction, in the file's order: every measure with its standard error.

    A stability below ``agreement`` is marked; :func:`print_verdict` says what that means.
    """
    from biggan_directions.scores import LINEAR, stability_words

    known = any(direction.recovery is not None for direction in scored.directions)
    halved = any(direction.stability is not None for direction in scored.directions)
    rows = []
    for index, direction in enumerate(scored.directions):
        cells = []
        for key in _COLUMNS:
            linear = direction.linear and key == "penalty"
            cells.append(LINEAR if linear else _with_error(direction.measure(key)))
        if halved:
            cells.append(stability_words(direction.stability, agreement))
        if known:
            cells.append(f"{_number(direction.recovery)} {printable(direction.factor or '')}")
        rows.append(Row(label(index, names), cells))
    last = (*(("stability",) if halved else ()), *(("recovery",) if known else ()))
    _print_table("#", (*_COLUMNS, *last), rows)
    out.print(f"[dim]{in_order(latents)}[/dim]", soft_wrap=True)


def print_verdict(scored: SetScore, strongest: float | None, agreement: float, of: str = "") -> None:
    """What a person should know of a set, what is wrong first.

    Args:
        scored: the set.
        strongest: effect of the strongest direction of the search space.
        agreement: the stability from which a direction counts as found again.
        of: what the set is called, where there are several.
    """
    from biggan_directions.metrics.scorecard import loose_remark, remarks

    told = f"{plain(of)}: " if of else ""
    _print_loose(loose_remark(scored, agreement), told)
    for remark in remarks(scored, strongest, agreement=agreement):
        out.print(f"→ {told}{remark}", soft_wrap=True)


def _print_loose(sentence: str, told: str = "") -> None:
    """What the mark beside a stability means, where there is one."""
    if sentence:
        out.print(f"! {told}{sentence}", soft_wrap=True)


def print_sets(card: Scorecard, own: int = 1) -> None:
    """A row a set, first the ``own`` ones: means over directions, the weakest effect, the least recovery."""
    known = card.sets[0].recovery_mean is not None
    recovery = ["recovery\n↑ mean/min"] if known else []
    heads = (*recovery, _heading("effect"), "weakest\n", *map(_heading, _COLUMNS[1:]), "paper's\n*")
    rows = []
    for index, scored in enumerate(card.sets):
        cells = [f"{_number(scored.recovery_mean)}/{_number(scored.recovery_min)}"] if known else []
        cells += [_number(scored.mean("effect")), _number(min(scored.values("effect"), default=None))]
        cells += [_number(scored.mean(name)) for name in _COLUMNS[1:]]
        cells.append(_rounded(scored.paper_penalty.value))
        rows.append(Row(printable(scored.solver), cells, bold=index < own))
    left = (0,) if known else ()
    out.print(narrow_table("set", heads, rows, width=out.width, left=left), soft_wrap=True)
    out.print(
        "[dim]means over each set's directions; weakest: the least effect; *: the paper's penalty, which is "
        "least for directions that do nothing: never judge by it alone[/dim]"
    )


def print_words(card: Scorecard) -> None:
    """What each measure and each image factor is, in a line: the words that the page has, too."""
    from biggan_directions.factor_records import IMAGE_FACTORS
    from biggan_directions.scores import MEASURES

    lines = [(one.heading, one.words) for one in MEASURES if any(of.values(one.key) for of in card.sets)]
    lines += [] if card.image_factors is None else IMAGE_FACTORS
    for heading, words in lines:
        out.print(f"[dim]{heading:>12}  {escape(words)}[/dim]", soft_wrap=True)


def _heading(key: str) -> str:
    """A measure's name over its arrow, in two lines so that 80 columns have room for all of them."""
    from biggan_directions.scores import MEASURES

    arrow = next(measure.arrow for measure in MEASURES if measure.key == key)
    broken = {"unevenness": "uneven-\nness", "steadiness": "steadi-\nness", "stability": "stabi-\nlity"}.get(
        key, f"{key}\n"
    )
    return f"{broken} {arrow}".rstrip(" ")


def _print_table(head: str, keys: Sequence[str], rows: Sequence[Row]) -> None:
    """A table with a column for each of some measures; recovery, which has words beside it, to the left."""
    left = [place for place, key in enumerate(keys) if key == "recovery"]
    out.print(narrow_table(head, [*map(_heading, keys)], rows, width=out.width, left=left), soft_wrap=True)


def label(index: int, names: Sequence[str]) -> str:
    """A direction's number and name, numbers aligned.

    >>> label(3, ["", "", "", "hue"]), label(3, [""] * 12)
    ('3 hue', ' 3')
    """
    number = f"{index:>{len(str(len(names) - 1))}}"
    return f"{number} {printable(names[index])}".rstrip()


def _rounded(value: float | None) -> str:
    """Three digits of a number of any size."""
    return "–" if value is None else f"{value:#.3g}".rstrip(".")


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _with_error(measure: Measure) -> str:
    if measure.value is None:
        return "–"
    error = "" if measure.error is None else f"±{measure.error:.3f}".replace("±0", "±")
    return f"{measure.value:.3f}{error}"
