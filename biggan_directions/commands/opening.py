"""Open what a command works on: a generator, a file of directions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from biggan_directions.commands.options import OUTPUTS
from biggan_directions.commands.terminal import err, plain
from biggan_directions.errors import FileFormatError, UsageError

if TYPE_CHECKING:
    from biggan_directions.directions import Directions
    from biggan_directions.generators import Generator
    from biggan_directions.generators.biggan_deep.frozen_biggan import FrozenBigGAN
    from biggan_directions.generators.weights.download import Progress


@contextmanager
def fetching(model: str) -> Iterator[Progress]:
    """A bar that shows itself once fetching takes more than a moment."""
    from tqdm import tqdm

    with tqdm(desc=f"fetching {model}", unit="B", unit_scale=True, disable=None, delay=1) as bar:

        def progress(done: int, total: int | None) -> None:
            bar.total = total
            bar.update(done - bar.n)

        yield progress


def load(
    model: str, classes: list[str], truncation: float | None, device: str, *, compiled: bool = False
) -> FrozenBigGAN:
    """The generator, fetched if need be; says so where another truncation is used than was asked for.

    ``compiled`` asks for its compiled twin.
    """
    from biggan_directions.generators.load import load_generator

    with fetching(model) as progress:
        generator = load_generator(model, classes, truncation=truncation, device=device, progress=progress)
    if truncation is not None and abs(generator.truncation - truncation) > 1e-9:
        err.print(f"truncation {truncation:g} is not stored: using the nearest, {generator.truncation:g}")
    return compile_forward(generator) if compiled else generator


def compile_forward(generator: FrozenBigGAN) -> FrozenBigGAN:
    """Its compiled twin; what is compiled for a size of batch is compiled when that is first met."""
    err.print("compiling the forward pass: minutes, before anything is drawn", soft_wrap=True)
    return generator.compiled()


def newest() -> Path:
    """The directions.pt under outputs/ that was written last."""
    files = sorted(OUTPUTS.glob("**/directions.pt"), key=lambda path: path.stat().st_mtime)
    if not files:
        raise UsageError(
            "there is no directions.pt under outputs/: learn some first, "
            "for example: biggan-directions learn --model toybox --class car"
        )
    return files[-1]


def load_for(
    found: Directions,
    name: str,
    classes: list[str],
    truncation: float | None,
    device: str,
    *,
    compiled: bool = False,
) -> Generator:
    """The generator for a file of directions: at the file's own truncation where none is asked for."""
    at = found.truncation if truncation is None else truncation
    return load(name, classes, at, device, compiled=compiled)


def open_directions(path: Path, model: str | None, search_space: str) -> Directions:
    """The file's directions; a bare matrix is placed in the z of ``model``, by ``search_space``."""
    from biggan_directions.directions import Directions

    if model is None:
        return Directions.load(path, search_space=search_space)
    z_dim, _classes = sizes(model)
    return Directions.load(path, z_dim=z_dim, search_space=search_space)


def sizes(model: str) -> tuple[int, int]:
    """z_dim and number of classes, without the weights."""
    from biggan_directions.generators.weights.catalog import CatalogEntry
    from biggan_directions.generators.weights.locating import entry_or_folder, locate_weights

    entry = entry_or_folder(model)
    if isinstance(entry, CatalogEntry):
        return entry.z_dim, entry.num_classes
    from biggan_directions.generators.biggan_deep.layout import read_config

    config = read_config(locate_weights(entry).config_path)
    return config.z_dim, config.num_classes


def subject(
    found: Directions, path: Path, model: str | None, classes: list[str] | None
) -> tuple[str, list[str]]:
    """The model and classes to work on: those asked for, or those that the file names.

    Raises:
        UsageError: neither says.
    """
    name = model or found.model.get("name")
    chosen = classes or [str(item.index) for item in found.classes]
    if name is None or not chosen:
        raise UsageError(f"{path} does not say what it is of: add --model and --class")
    return str(name), chosen


def note_other_weights(found: Directions, path: Path, generator: Generator) -> None:
    """Say where directions are shown on weights that they are not of, which one may be curious about."""
    if found.model and found.model["weights_sha256"] != generator.weights_sha256:
        err.print(
            f"note: {plain(str(path))} was learnt on other weights of {plain(str(found.model['name']))}",
            soft_wrap=True,
        )


def check_weights(found: Directions, path: Path, generator: Generator) -> None:
    """Refuse to measure directions on weights that they are not of.

    Raises:
        FileFormatError: they were learnt on others.
    """
    if found.model and found.model["weights_sha256"] != generator.weights_sha256:
        raise FileFormatError(
            f"{path} was learnt on other weights of {found.model['name']} than {generator.model}'s here: "
            "what is measured would say nothing of them; learn them again"
        )
