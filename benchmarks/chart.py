"""A chart of costs on two logarithmic axes, as SVG: no plotting library for one picture."""

import math
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 560, 360, 70, 90, 40, 45
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7")


def write_chart(path: Path, series: Mapping[str, Sequence[tuple[float, float]]], *, title: str) -> None:
    """Draw each series ``[(value, cost), …]`` as a line with its name at the end."""
    points = [point for line in series.values() for point in line]
    x_at = _Axis([x for x, _ in points], LEFT, WIDTH - RIGHT)
    y_at = _Axis([y for _, y in points], HEIGHT - BOTTOM, TOP)
    parts = [_text(LEFT, TOP - 18, title, size=15)]
    for value in sorted({x for x, _ in points}):
        parts.append(_text(x_at(value), HEIGHT - BOTTOM + 20, f"{value:g}", anchor="middle"))
    for decade in range(math.floor(math.log10(min(y for _, y in points))), 10):
        if TOP <= y_at(10**decade) <= HEIGHT - BOTTOM:
            y = y_at(10**decade)
            parts.append(f'<path d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}" stroke="#8888" fill="none"/>')
            parts.append(_text(LEFT - 8, y + 4, f"{10**decade:,}", anchor="end"))
    for (name, line), colour in zip(series.items(), COLOURS, strict=False):
        places = [(x_at(x), y_at(y)) for x, y in line]
        path_data = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
        parts.append(f'<path d="{path_data}" stroke="{colour}" stroke-width="2" fill="none"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in places]
        parts.append(_text(places[-1][0] + 8, places[-1][1] + 4, name, colour=colour))
    body = "\n".join(parts)
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{escape(title)}" font-family="sans-serif">\n'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>\n{body}\n</svg>\n'
    )
    path.parent.mkdir(exist_ok=True)
    path.write_text(svg, encoding="utf-8")


class _Axis:
    """Where a value lies between two places, on a logarithmic scale with a little room at its ends."""

    def __init__(self, values: Sequence[float], first: float, last: float) -> None:
        self.low, self.high = math.log(min(values) / 1.2), math.log(max(values) * 1.2)
        self.first, self.last = first, last

    def __call__(self, value: float) -> float:
        share = (math.log(value) - self.low) / (self.high - self.low)
        return self.first + share * (self.last - self.first)


def _text(
    x: float, y: float, text: str, *, size: int = 12, anchor: str = "start", colour: str = "#222"
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" fill="{colour}">'
        f"{escape(text)}</text>"
    )
