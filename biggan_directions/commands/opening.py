"""Open what a command works on: a generator, a file of directions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from biggan_directions.commands.options import OUTPUTS
from biggan_directions.commands.terminal import err, plain
from biggan_directions.errors import FileFormatError, UnknownClassError, UsageError
from biggan_directions.files.escaping import shell_word

if TYPE_CHECKING:
    from biggan_directions.directions import Directions
    from biggan_directions.generators import Generator
    from biggan_directions.generators.registry import ModelFacts
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
    model: str, classes: list[str] | None, truncation: float | None, device: str, *, compiled: bool = False
) -> Generator:
    """The generator, fetched if need be; says so where another truncation is used than was asked for.

    Args:
        model: as typed: a name, a folder, or ``package.module:factory``, which is imported.
        classes: what to draw; all that there is of a user's own generator, or of one with a single class,
            where left out.
        truncation, device: as of :func:`~biggan_directions.generators.load.load_generator`.
        compiled: whether to give the compiled twin.
    """
    with fetching(model) as progress:
        generator = generator_of(model, classes, truncation, device, progress)
    if truncation is not None and abs(generator.truncation - truncation) > 1e-9:
        err.print(f"truncation {truncation:g} is not stored: using the nearest, {generator.truncation:g}")
    return compile_forward(generator) if compiled else generator


def generator_of(
    model: str,
    classes: list[str] | None,
    truncation: float | None,
    device: str,
    progress: Progress | None = None,
) -> Generator:
    """The generator, and nothing said of it; arguments as of :func:`load`."""
    from biggan_directions.generators.factory import is_reference, made_by
    from biggan_directions.generators.load import load_generator

    if is_reference(model):
        return made_by(model, classes, truncation=truncation, device=device)
    chosen = _only_class(model) if classes is None else classes
    return load_generator(model, chosen, truncation=truncation, device=device, progress=progress)


def facts_of(model: str) -> ModelFacts:
    """Sizes and classes of a model, without its weights; a user's own generator is made to learn them."""
    from biggan_directions.generators.factory import is_reference, made_by, table_of
    from biggan_directions.generators.load import model_facts
    from biggan_directions.generators.registry import ModelFacts

    if not is_reference(model):
        return model_facts(model)
    generator = made_by(model, None, truncation=None, device="cpu")
    return ModelFacts(
        resolution=generator.resolution,
        z_dim=generator.z_dim,
        classes=table_of(generator),
        truncation=generator.truncation,
    )


def _only_class(model: str) -> list[str]:
    """The model's class, where it has one alone."""
    table = facts_of(model).classes
    if len(table) > 1:
        first = table.image_class(next(iter(table)).index).name
        raise UsageError(
            f"{model} draws {len(table):,} classes: choose one with --class, for example --class {first}. "
            f"See: biggan-directions classes --model {shell_word(model)}"
        )
    return ["all"]


def compile_forward(generator: Generator) -> Generator:
    """Its compiled twin; what is compiled for a size of batch is compiled when that is first met.

    Raises:
        UsageError: it cannot be compiled.
    """
    from biggan_directions.generators.capabilities import Compilable

    if not isinstance(generator, Compilable):
        raise UsageError(
            f"{generator.model} cannot be compiled (it has no method compiled): leave out --compile"
        )
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
    classes: list[str] | None,
    truncation: float | None,
    device: str,
    *,
    compiled: bool = False,
) -> Generator:
    """The generator for a file of directions: at the file's own truncation where none is asked for.

    A user's own generator is restricted to the file's classes where none are asked for. Their names are not
    handed to the factory: the file may be from anybody.
    """
    from biggan_directions.generators.factory import restricted

    at = found.truncation if truncation is None else truncation
    generator = load(name, classes, at, device)
    if classes is None and found.classes:
        names = [item.name for item in found.classes]
        try:
            generator = restricted(generator, names)
        except UnknownClassError as error:
            raise UsageError(
                f"the directions are of {', '.join(names[:4])}: {error}; choose with --class"
            ) from error
    return compile_forward(generator) if compiled else generator


def options_of(model: str | None, search_space: str, device: str) -> tuple[str, ...]:
    """The options that open a file of directions in the same way again.

    >>> options_of("toybox", "all", "auto")
    ('--model', 'toybox')
    """
    given = {
        "--model": model,
        "--search-space": None if search_space == "all" else search_space,
        "--device": None if device == "auto" else device,
    }
    return tuple(word for option, value in given.items() if value is not None for word in (option, value))


def open_directions(path: Path, model: str | None, search_space: str) -> Directions:
    """The file's directions; a bare matrix is placed in the z of ``model``, by ``search_space``."""
    from biggan_directions.directions import Directions

    if model is None:
        return Directions.load(path, search_space=search_space)
    return Directions.load(path, z_dim=facts_of(model).z_dim, search_space=search_space)


def subject(
    found: Directions, path: Path, model: str | None, classes: list[str] | None
) -> tuple[str, list[str] | None]:
    """The model and classes to work on: those asked for, or those that the file names.

    A file that names a user's own generator does not have it imported: that takes ``--model``. The classes of
    such a generator are None where none are asked for.

    Raises:
        UsageError: neither says, or what the file names is not a model here.
    """
    from biggan_directions.generators.factory import is_reference

    if model is not None and is_reference(model):
        return model, classes or None
    name = model or found.model.get("name")
    chosen = classes or [str(item.index) for item in found.classes]
    if name is None or not chosen:
        raise UsageError(f"{path} does not say what it is of: add --model and --class")
    if model is None:
        _check_named(str(name), path)
    return str(name), chosen


def _check_named(name: str, path: Path) -> None:
    """Refuse a model that a file names and that is none here: a UsageError."""
    from biggan_directions.generators.factory import is_reference
    from biggan_directions.generators.weights.locating import entry_or_folder

    if is_reference(name):
        module = name.partition(":")[0]
        raise UsageError(
            f"{path} was learnt on a generator that {name} makes: if the module {module} is yours, or you "
            f"trust it, add --model {name}, which imports it"
        )
    try:
        entry_or_folder(name)
    except UsageError as error:
        raise UsageError(
            f"{path} was learnt on {name[:80]!r}, which is no model of the catalog and no folder here: add "
            "--model NAME, --model FOLDER or, for a generator of your own, --model package.module:factory"
        ) from error


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
