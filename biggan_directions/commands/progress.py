"""A run's progress as a bar, and its notes as lines, both on stderr."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from biggan_directions.commands.terminal import err, plain
from biggan_directions.runs.observer import Note, Observe, RunProgress


def note(text: str) -> None:
    """Print a sentence that the user should read."""
    err.print(f"note: {plain(text)}", soft_wrap=True)


@contextmanager
def progress_bar() -> Iterator[Observe]:
    """Give what a run is to be observed with; the bar shows only where stderr is a terminal.

    The time left is that of the phase, so that it is reckoned from the phase's own speed.
    """
    from tqdm import tqdm

    phase = ""
    with tqdm(disable=None, leave=False) as bar:

        def observe(told: RunProgress | Note) -> None:
            nonlocal phase
            if isinstance(told, Note):
                with tqdm.external_write_mode():  # takes the bar away and puts it back below
                    note(told.text)
                return
            part = f"{told.part}/{told.parts} " if told.parts > 1 else ""
            bar.set_description(f"{part}{told.phase}", refresh=False)
            if told.phase != phase:
                phase = told.phase
                bar.reset(total=told.total)
                bar.initial = told.done  # earlier steps took no time since the bar was reset
            bar.total, bar.n = told.total, told.done
            shown = dict(told.beside) if told.value is None else {told.measure: told.value, **told.beside}
            measured = ", ".join(f"{name} {value:.4g}" for name, value in shown.items())
            bar.set_postfix_str(measured, refresh=False)
            bar.refresh()

        yield observe
