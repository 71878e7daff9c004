"""Write the tables of benchmarks/README.md from the results."""

import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from benchmarks.support.measure import RESULTS

README = Path(__file__).parent / "README.md"
BEGIN, END = "<!-- from results: python -m benchmarks report -->", "<!-- end of the results -->"


def write_report(path: Path = README) -> Path:
    """Replace the tables between the two marks."""
    before, _, rest = path.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    text = "\n\n".join(block for block in tables() if block)
    path.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}", encoding="utf-8")
    return path


def tables() -> Iterator[str]:
    """The tables for which there are results, each under its heading."""
    sections: dict[str, Callable[[dict[str, Any]], Iterable[str]]] = {
        "forward": _forward,
        "hierarchical": _hierarchical,
        "training_step": _training_step,
        "closed_form_full": _closed_form,
        "closed_form_cost": _growth,
        "learn_memory": _learn_memory,
        "commands": _commands,
        "rendering": _rendering,
        "explore": _explore,
    }
    for name, section in sections.items():
        for path in sorted(RESULTS.glob(f"{name}*.json")):
            found = json.loads(path.read_text(encoding="utf-8"))
            about = found["machine"]
            made = f"`{found['command']}` · {about.get('gpu', about['processor'])} · torch {about['torch']}, "
            made += f"{about['threads']} threads · load average {about['load_average']:.1f} at the end"
            yield "\n\n".join([*section(found), made])


def _forward(found: dict[str, Any]) -> Iterator[str]:
    """Speed, then the share of the limit, then the profiles of both sides."""
    yield "### Forward pass without autograd, each side at its best batch size"
    by_resolution = found["resolutions"]
    yield _table(
        ("pixels", "images/s: package", "ours", "times faster (least to most)", "GFLOP: package", "ours"),
        (
            (
                pixels,
                *(f"{1 / at['seconds_a_picture'][side]:.2f}" for side in ("package", "ours")),
                _ratio(at["times_faster"]),
                *(f"{at['gflop'][side]:.1f}" for side in ("package", "ours")),
            )
            for pixels, at in by_resolution.items()
        ),
    )
    yield "Share of this machine's speed in a large float32 matrix product and in a large 3×3 convolution:"
    yield _table(
        (
            "pixels",
            "package: of the product",
            "of the convolution",
            "ours: of the product",
            "of the convolution",
        ),
        (
            (pixels, *(f"{part:.0%}" for side in at["share_of_limit"].values() for part in side.values()))
            for pixels, at in by_resolution.items()
        ),
    )
    for pixels, at in by_resolution.items():
        yield f"Layer by layer at {pixels} pixels, ours:"
        yield _table(
            ("layer", "side of its output", "GFLOP", "ms per image", "share of the product's speed"),
            (
                (
                    f"{number} {layer['layer']}",
                    layer["side"],
                    f"{layer['gflop']:.2f}",
                    f"{layer['milliseconds']:.1f}",
                    f"{layer['share_of_limit']:.0%}",
                )
                for number, layer in enumerate(at["layers"])
            ),
        )
    yield "Where the time goes:"
    kinds = ("convolutions", "matrix products", "element by element, memory")
    yield _table(
        ("pixels", *(f"{side}: {kind}" for side in ("package", "ours") for kind in kinds)),
        (
            (
                pixels,
                *(
                    f"{at['profile'][side]['share_of_time'].get(kind, 0):.0%}"
                    for side in ("package", "ours")
                    for kind in kinds
                ),
            )
            for pixels, at in by_resolution.items()
        ),
    )
    for side in ("package", "ours"):
        single = next(iter(by_resolution.values()))["profile"][side]["milliseconds_a_picture"]
        named = ", ".join(f"{name} {spent:.1f}" for name, spent in list(single.items())[:8])
        yield f"Milliseconds per image at {next(iter(by_resolution))} pixels, {side}: {named}."
    yield _variants(by_resolution)


def _hierarchical(found: dict[str, Any]) -> Iterator[str]:
    """The folded BigGAN of the paper, beside the network as it is written."""
    yield "### Forward pass of the paper's own BigGAN, without autograd"
    yield _table(
        (
            "pixels",
            "batch",
            "images/s: as written",
            "weights normalised once",
            "folded",
            "times faster than as written",
            "than normalised once",
            "largest difference",
        ),
        (
            (
                pixels,
                batch,
                *(f"{1 / seconds:.2f}" for seconds in at["seconds_a_picture"].values()),
                *(_ratio(ratio) for ratio in at["times_faster"].values()),
                f"{at['largest_difference']:.0e}",
            )
            for pixels, of in found["resolutions"].items()
            for batch, at in of["batches"].items()
        ),
    )
    gflop = "; ".join(
        f"{pixels} pixels: {of['gflop']['as written']:.1f} GFLOP as written, "
        f"{of['gflop']['folded']:.1f} folded"
        for pixels, of in found["resolutions"].items()
    )
    yield f"{gflop}. As written, spectral norm takes one power step at every call."


def _variants(by_resolution: dict[str, Any]) -> str:
    """Other precisions, and the compiled forward pass where it was measured."""
    rows = []
    for pixels, at in by_resolution.items():
        errors = ", ".join(f"{name} {error:.1e}" for name, error in at["differences"].items())
        low = at["tf32"]["pictures_a_second"] if "tf32" in at else None
        speed = f"TF32: {low['ours']:.1f} images/s" if low else ""
        if "bfloat16" in at:
            speed = f"bfloat16: {_ratio(at['bfloat16']['times_faster_than_float32'])}"
        compiled = _ratio(at["compiled"]["times_faster_than_eager"]) if "compiled" in at else "–"
        rows.append((pixels, errors, speed, compiled))
    return _table(("pixels", "error of second differences", "low precision", "compiled, times faster"), rows)


def _training_step(found: dict[str, Any]) -> Iterator[str]:
    settings = found["settings"]
    what = f"batch {settings['batch']}, {settings['resolution']} pixels"
    yield f"### One training step of the paper's recipe, {what}"
    yield _table(
        ("directions", "s: as published", "ours", "times faster", "peak GB: as published", "ours"),
        (
            (
                ndirs,
                *(f"{taken:.1f}" for taken in at["seconds"].values()),
                _ratio(at["times_faster"]),
                *(f"{peak['peak'] / 1e9:.2f}" for peak in at["peak_bytes"].values()),
            )
            for ndirs, at in found["ndirs"].items()
        ),
    )
    yield "Relative difference of loss and gradient between the two, and of float32 gradients from float64:"
    yield _table(
        ("directions", "loss", "gradient", "float64: loss", "gradient", "float32: as published", "ours"),
        (
            (ndirs, *(f"{value:.0e}" for value in (*_apart(at), *_apart(exact), *errors.values())))
            for ndirs, at in found["ndirs"].items()
            for exact in [at["float64"]]
            for errors in [exact["float32_gradient_error"]]
        ),
    )


def _apart(at: dict[str, float]) -> tuple[float, float]:
    return at["loss_relative_difference"], at["gradient_relative_difference"]


def _closed_form(found: dict[str, Any]) -> Iterator[str]:
    yield "### The closed form at full size"
    yield "BigGAN-deep-128, 12 dimensions, 16 latents, all steps:"
    yield _table(
        ("with", "s", "peak GB", "images"),
        (
            (
                f"{side}'s forward pass" if side == "package" else side,
                ", ".join(f"{run['seconds']:.0f}" for run in runs),
                f"{max(run['peak_bytes'] for run in runs) / 1e9:.2f}",
                f"{runs[0]['evaluations']:,}",
            )
            for side, runs in found["runs"].items()
        ),
    )
    shares = [f"{runs[0]['off_diagonal']:.5f}" for runs in found["runs"].values()]
    yield (
        f"{_ratio(found['times_faster'])} times faster. Share off the diagonal: {' and '.join(shares)}; the "
        f"directions match with a |cos| of at least {1 - found['one_minus_least_cosine']:.2f}."
    )


def _growth(found: dict[str, Any]) -> Iterator[str]:
    yield "### How the cost of the closed form grows"
    rows = []
    for axis, at in found["growth"].items():
        counted = ", ".join(f"{row['value']}: {row['evaluations']:,}" for row in at["rows"])
        timed = ", ".join(f"{row['seconds']:.0f}" for row in at["rows"])
        grown = (at["evaluations_grow_as_power"], at["seconds_grow_as_power"])
        rows.append((axis, counted, timed, *(f"{power:.2f}" for power in grown)))
    yield "With 128 coordinates of z, a narrow network and twice as many dimensions as directions:"
    yield _table(("varied", "images drawn", "s", "power of images", "power of seconds"), rows)


def _learn_memory(found: dict[str, Any]) -> Iterator[str]:
    yield "### The command `learn` at full size"
    latents = "default settings" if found["latents"] is None else f"{found['latents']} latents"
    yield (
        f"BigGAN-deep-{found['resolution']}, {len(found['stability'])} directions, {latents}: "
        f"{found['seconds']:.0f} s, {found['peak_bytes'] / 1e9:.2f} GB peak memory; the dry run said "
        f"{found['seconds_said']:.0f} s for {found['images_said']:,} images. Rendering them then took "
        f"{found['render_seconds']:.0f} s."
    )


def _commands(found: dict[str, Any]) -> Iterator[str]:
    yield "### Whole commands on the toybox"
    yield _table(
        ("command", "s", "peak GB"),
        (
            (f"`{name}`", f"{at['seconds']:.1f}", f"{at['peak_bytes'] / 1e9:.2f}")
            for name, at in found["commands"].items()
        ),
    )


def _rendering(found: dict[str, Any]) -> Iterator[str]:
    yield "### Rendering compared with the bare forward pass"
    yield (
        f"Sheet, animations and page: {found['pictures']} images of {found['resolution']} pixels in "
        f"{_ratio(found['rendered_by_bare'])} times the time that drawing them alone takes."
    )


def _explore(found: dict[str, Any]) -> Iterator[str]:
    yield "### The live page"
    yield _table(
        (
            "model, samples",
            "drawn while moving",
            "updates per second",
            "images per second",
            "s until the last position: median",
            "most",
        ),
        (
            (
                name,
                at["samples_while_moving"],
                f"{at['updates_a_second']:.1f}",
                f"{at['pictures_a_second']:.1f}",
                *(f"{at['last_seconds'][part]:.3f}" for part in ("median", "most")),
            )
            for name, at in found["results"].items()
        ),
    )


def _ratio(of: dict[str, float]) -> str:
    return f"{of['median']:.2f} ({of['least']:.2f} to {of['most']:.2f})"


def _table(heading: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    lines = [list(heading), *(list(map(str, row)) for row in rows)]
    lines.insert(1, ["---"] * len(lines[0]))
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
