"""What is shown on a terminal: results on stdout, remarks on stderr, text from files escaped."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

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
    table = narrow_table(("direction", "name", *map(_heading, columns)))
    rows = zip(names, shown.effect, shown.penalty, shown.linear, strict=True)
    for index, (name, effect, penalty, linear) in enumerate(rows):
        cells = [_with_error(effect), LINEAR if linear else _with_error(penalty)]
        cells += [] if shown.stability is None else [shown.stability_words(index)]
        table.add_row(str(index), plain(name), *cells)
    out.print(table)
    _print_loose(shown.loose(range(len(names))))
    if shown.latents is not None:
        out.print(f"[dim]{in_order(shown.latents)}, from {plain(shown.source)}[/dim]", soft_wrap=True)


_COLUMNS = ("effect", "penalty", "overlap", "unevenness", "steadiness")  # beside recovery, where known


def in_order(latents: int) -> str:
    """What a table of directions says under itself."""
    return f"in the file's order; mean ± standard error over {latents} fresh latents"


def print_scores(scored: SetScore, names: Sequence[str], latents: int, agreement: float) -> None:
    """A row a direction, in the file's order: every measure with its standard error.

    A stability below ``agreement`` is marked, and a sentence says what it means.
    """
    from biggan_directions.scores import LINEAR, loose_words, stability_words

    known = any(direction.recovery is not None for direction in scored.directions)
    halved = any(direction.stability is not None for direction in scored.directions)
    named = ["name"] if any(names) else []
    last = [*(["stability"] if halved else []), *(["recovery"] if known else [])]
    table = narrow_table(("#", *named, *map(_heading, (*_COLUMNS, *last))))
    for index, (direction, name) in enumerate(zip(scored.directions, names, strict=True)):
        cells = [str(index), *([plain(name)] if named else [])]
        for key in _COLUMNS:
            linear = direction.linear and key == "penalty"
            cells.append(LINEAR if linear else _with_error(direction.measure(key)))
        if halved:
            cells.append(stability_words(direction.stability, agreement))
        if known:
            cells.append(f"{_number(direction.recovery)} {plain(direction.factor or '')}")
        table.add_row(*cells)
    out.print(table)
    _print_loose(loose_words(dict(enumerate(one.stability for one in scored.directions)), agreement))
    out.print(f"[dim]{in_order(latents)}[/dim]", soft_wrap=True)


def _print_loose(sentence: str) -> None:
    """What the mark beside a stability means, where there is one."""
    if sentence:
        out.print(f"! {sentence}", soft_wrap=True)


def print_sets(card: Scorecard, own: int = 1) -> None:
    """A row a set, first the ``own`` ones: means over directions, the weakest effect, the least recovery."""
    known = card.sets[0].recovery_mean is not None
    recovery = ["recovery\n↑ mean/min"] if known else []
    headings = (_heading("effect"), "weakest\n", *map(_heading, _COLUMNS[1:]), "paper's\n*")
    table = narrow_table(("set", *recovery, *headings))
    for index, scored in enumerate(card.sets):
        cells = [plain(scored.solver)]
        if known:
            cells.append(f"{_number(scored.recovery_mean)}/{_number(scored.recovery_min)}")
        cells += [_number(scored.mean("effect")), _number(min(scored.values("effect"), default=None))]
        cells += [_number(scored.mean(name)) for name in _COLUMNS[1:]]
        cells.append(_rounded(scored.paper_penalty.value))
        table.add_row(*cells, style="bold" if index < own else "")
    out.print(table)
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


def narrow_table(headings: Sequence[str]) -> Table:
    """A table that fits 80 columns with all the measures: words to the left, numbers to the right."""
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 1, 0, 0))
    for heading in headings:
        words = heading.startswith(("name", "set", "recovery", "strongest", "agreement"))
        # a long name goes on in the next line, and the numbers keep their width
        table.add_column(heading, justify="left" if words else "right", overflow="fold", no_wrap=not words)
    return table


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
