"""Charts of the results, as PNG. Needs matplotlib: ``pip install '.[benchmarks]'``."""

from collections.abc import Mapping, Sequence
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"
FEW = 12  # up to so many points each have a marker and a tick
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")


def write_chart(
    path: Path,
    series: Mapping[str, Sequence[tuple[float, float]]],
    *,
    dashed: Mapping[str, Sequence[tuple[float, float]]] | None = None,
    title: str,
    across: str,
    up: str,
    log_across: bool = True,
    log_up: bool = False,
) -> None:
    """Draw each series ``[(x, y), …]`` as a line, with its name in the legend.

    ``dashed`` has second lines by the names of the first, which are drawn in the same colours.
    """
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot
    from matplotlib.ticker import NullFormatter, ScalarFormatter

    figure, axes = pyplot.subplots(figsize=(6.4, 3.8), dpi=150)
    for (name, line), colour in zip(series.items(), COLOURS, strict=False):
        xs, ys = zip(*line, strict=True)
        mark = "o-" if len(line) <= FEW else "-"
        axes.plot(xs, ys, mark, color=colour, markersize=4, linewidth=1.6, label=name)
        if dashed and name in dashed:
            axes.plot(*zip(*dashed[name], strict=True), "--", color=colour, linewidth=1.2)
    ticks = sorted({x for line in series.values() for x, _ in line})
    if log_across:
        axes.set_xscale("log", base=2 if len(ticks) <= FEW else 10)
        if len(ticks) <= FEW:
            axes.set_xticks(ticks)
        axes.xaxis.set_major_formatter(ScalarFormatter())
        axes.xaxis.set_minor_formatter(NullFormatter())
    if log_up:
        axes.set_yscale("log")
    axes.set(xlabel=across, ylabel=up)
    axes.set_title(title, loc="left", fontsize=11)
    axes.grid(alpha=0.25)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.legend(frameon=False, fontsize=9)
    path.parent.mkdir(exist_ok=True)
    figure.savefig(path, bbox_inches="tight")
    pyplot.close(figure)
