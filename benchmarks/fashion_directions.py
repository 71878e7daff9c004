"""Learn directions on fashion, draw their sheets, and write the tables of docs/fashion.md.

python -m benchmarks.fashion_directions                 all of it
python -m benchmarks.fashion_directions --look FOLDER   sheets with more samples, to name directions by

The names in NAMES were given by eye, from such sheets. They belong to the weights in NAMED_WEIGHTS: for other
weights the directions are drawn without names, and a line says so.
"""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from PIL import Image

from benchmarks.support.chart import DOCS
from benchmarks.support.measure import write
from biggan_directions import Directions, LearnSettings, load_generator, sample_latents
from biggan_directions.factor_records import signed_words
from biggan_directions.generators import Generator
from biggan_directions.metrics.settings import ScoreSettings
from biggan_directions.rendering import RenderRequest, RenderSettings, contact_sheet, write_png
from biggan_directions.runs.learn import solve
from biggan_directions.runs.score import measure
from biggan_directions.scores import Scorecard, SetScore, stability_words

NAMED_WEIGHTS = "fc2b9dc6571489b0662c81d9a12844a8f841820b739c23677b706d956d07fd41"
NAMES: Mapping[str, Sequence[str]] = {
    "t_shirt": ("sleeves", "dark", "long", "loose", "plain", "cropped"),
    "pullover": ("broad", "short", "dark", "plain", "short sleeves", "collar"),
    "dress": ("sleeves", "narrow", "dark", "shoulders", "plain", ""),
    "sneaker": ("low", "dark", "stripes", "plain", "", "high collar"),
    "bag": ("wide", "flat", "", "pattern", "dark", "print"),
    "ankle_boot": ("low shaft", "heel", "upright shaft", "bright", "plain", ""),
}
NDIRS = 6
LATENTS = 16
README_CLASS, README_DIRECTIONS = "ankle_boot", (0, 1, 2)
SEED = 1  # of the latents of the sheets
BEGIN, END = "<!-- begin of the directions -->", "<!-- end of the directions -->"


def main() -> None:
    """Learn, measure and draw every class, and one set over all classes."""
    options = _options()
    if options.look is not None:
        look(options.look)
        return
    results: dict[str, Any] = {}
    blocks = []
    for name in NAMES:
        generator = load_generator("fashion", name)
        found, card = learnt(generator, NAMES[name])
        sheet(generator, found, card, DOCS / f"fashion_{name}.png", samples=2)
        if name == README_CLASS:
            sheet(generator, found, card, DOCS / "fashion_sheet.png", samples=2, indices=README_DIRECTIONS)
        blocks.append(
            f"![six directions of the class {name}](fashion_{name}.png)\n\n{table(card, found.names)}"
        )
        results[name] = card.as_json()
        print(f"{name}\n{table(card, found.names)}", flush=True)
    found, card = learnt(load_generator("fashion", "all"), ("",) * NDIRS)
    blocks.append(f"One set over all classes (`--class all`):\n\n{table(card, found.names)}")
    results["all"] = card.as_json()
    print(f"all\n{table(card, found.names)}")
    page = DOCS / "fashion.md"
    before, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    text = "\n\n".join(blocks)
    page.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{rest.partition(END)[2]}", encoding="utf-8")
    print(write("fashion_directions", results, torch.device("cpu")))


def look(folder: Path) -> None:
    """Draw every class with four samples, five positions and no names, into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in NAMES:
        generator = load_generator("fashion", name)
        found, card = learnt(generator, ("",) * NDIRS)
        sheet(generator, found, card, folder / f"{name}.png", samples=4, positions=5)
        print(f"{name}\n{table(card, found.names)}", flush=True)
    print(f"weights {generator.weights_sha256}")


def learnt(generator: Generator, names: Sequence[str]) -> tuple[Directions, Scorecard]:
    """Six directions as ``learn`` finds them, with names, and their scorecard without baselines."""
    found, known = solve(generator, LearnSettings(ndirs=NDIRS, score_latents=LATENTS))
    settings = ScoreSettings(latents=LATENTS, baselines=())
    card = measure(found, generator, settings, known=known)
    if generator.weights_sha256 == NAMED_WEIGHTS:
        return replace(found, names=tuple(names)), card
    if any(names):
        print(f"note: other weights than those of the names: {generator.weights_sha256}")
    return found, card


def sheet(
    generator: Generator,
    found: Directions,
    card: Scorecard,
    path: Path,
    *,
    samples: int,
    positions: int = 7,
    indices: Sequence[int] | None = None,
) -> None:
    """Draw a contact sheet at half its usual size, in shades of grey."""
    own = card.sets[0].directions
    request = RenderRequest(
        directions=found.directions,
        z=sample_latents(
            samples, generator.z_dim, truncation=generator.truncation, seed=SEED, purpose="sheet"
        ),
        names=found.names,
        indices=indices,
        effects=[one.effect.value or 0.0 for one in own],
        stability=[stability_words(one.stability) for one in own],
        title=f"fashion · {generator.classes[0].name}",
    )
    drawn = contact_sheet(
        generator, request, settings=RenderSettings(samples=samples, sheet_positions=positions)
    )
    drawn = drawn.resize((drawn.width // 2, drawn.height // 2), Image.Resampling.LANCZOS)
    write_png(drawn.convert("L"), path)


def table(card: Scorecard, names: Sequence[str]) -> str:
    """Name, effect, stability, changes of image factors and, over several classes, their agreement."""
    scored, scale = card.sets[0], card.image_factors
    assert scale is not None
    several = len(card.classes) > 1
    heads = ["#", *(["name"] if any(names) else []), "effect", "stability", *scale.factors, "strongest"]
    heads += ["agreement of the classes: mean, least"] if several else []
    lines = [f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}"]
    lines += [f"| {' | '.join(_cells(index, scored, names, several))} |" for index in range(len(names))]
    return "\n".join(lines)


def _cells(index: int, scored: SetScore, names: Sequence[str], several: bool) -> list[str]:
    one = scored.directions[index]
    changes = one.image_factors
    assert changes is not None
    cells = [str(index), *([names[index]] if any(names) else [])]
    cells += [one.effect.words, stability_words(one.stability), *map(signed_words, changes.changes)]
    cells.append("–" if changes.strongest is None else f"{changes.strongest} {changes.selectivity:.0%}")
    return cells + ([changes.agreement.words if changes.agreement else "–"] if several else [])


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--look", type=Path, metavar="FOLDER", help="sheets to name directions by")
    return parser.parse_args()


if __name__ == "__main__":
    main()
