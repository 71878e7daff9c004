"""Open the generator and the file of directions that a command works on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from biggan_directions.commands.options import OUTPUTS
from biggan_directions.commands.terminal import err, plain
from biggan_directions.errors import FileFormatError, UnknownClassError, UsageError, WeightsError
from biggan_directions.files.escaping import shell_path, shell_word

if TYPE_CHECKING:
    from biggan_directions.directions import Directions
    from biggan_directions.generators import Generator
    from biggan_directions.generators.registry import ModelFacts
    from biggan_directions.generators.weights.download import Progress


@contextmanager
def fetching(model: str) -> Iterator[Progress]:
    """A progress bar that appears if the download takes more than a second."""
    from tqdm import tqdm

    with tqdm(desc=f"fetching {model}", unit="B", unit_scale=True, disable=None, delay=1) as bar:

        def progress(done: int, total: int | None) -> None:
            bar.total = total
            bar.update(done - bar.n)

        yield progress


def load(
    model: str, classes: list[str] | None, truncation: float | None, device: str, *, compiled: bool = False
) -> Generator:
    """Load a generator, downloading its weights if necessary; print a note if the truncation differs.

    Args:
        model: as typed: a name, a folder, or ``package.module:factory``, which is imported.
        classes: the classes to draw. May be omitted for a user's own generator, which then has all its
            classes, and for a model with a single class.
        truncation, device: as in :func:`~biggan_directions.generators.load.load_generator`.
        compiled: whether to return the compiled copy.
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
    """Load a generator without printing anything; arguments as in :func:`load`."""
    from biggan_directions.generators.factory import is_reference, made_by
    from biggan_directions.generators.load import load_generator

    if is_reference(model):
        return made_by(model, classes, truncation=truncation, device=device)
    chosen = _only_class(model) if classes is None else classes
    try:
        return load_generator(model, chosen, truncation=truncation, device=device, progress=progress)
    except UnknownClassError as error:
        if hint := _other_model(model, chosen):
            raise UnknownClassError(f"{hint}. In {model}: {error}") from error
        raise


def _other_model(model: str, classes: list[str]) -> str:
    """Which model of the catalog has the classes that ``model`` lacks, in words; "" if none has."""
    from biggan_directions.generators.weights.catalog import CATALOG

    for entry in CATALOG:
        try:
            labels = [entry.classes.resolve(text).name for text in classes]
        except UnknownClassError:
            continue
        if entry.name != model and not any(text.strip().lstrip("+-").isdecimal() for text in classes):
            return f"{entry.name} has {', '.join(labels[:4])}: add --model {entry.name}"
    return ""


def facts_of(model: str) -> ModelFacts:
    """Sizes and classes of a model, without reading weights; a user's own factory is called for them."""
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
    """The class of a model that has only one; a UsageError if it has several."""
    table = facts_of(model).classes
    if len(table) > 1:
        first = table.image_class(next(iter(table)).index).name
        raise UsageError(
            f"{model} draws {len(table):,} classes: choose one with --class, for example --class {first}. "
            f"See: biggan-directions classes --model {shell_word(model)}"
        )
    return ["all"]


def compile_forward(generator: Generator) -> Generator:
    """The compiled copy of a generator; a new batch size may be compiled at its first use.

    Raises:
        UsageError: the generator cannot be compiled.
    """
    from biggan_directions.generators.capabilities import Compilable

    if not isinstance(generator, Compilable):
        raise UsageError(
            f"{generator.model} cannot be compiled (it has no method compiled): leave out --compile"
        )
    err.print("compiling the forward pass, which takes minutes", soft_wrap=True)
    return generator.compiled()


def newest() -> Path:
    """The newest directions.pt under outputs/."""
    files = sorted(OUTPUTS.glob("**/directions.pt"), key=lambda path: path.stat().st_mtime)
    if not files:
        for unfinished in sorted(OUTPUTS.glob("**/checkpoint.pt")):
            check_path(unfinished.with_name("directions.pt"))
        raise UsageError(
            "there is no directions.pt under outputs/: learn directions first, "
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
    """Load the generator for a file of directions, by default at the truncation in the file.

    A user's own generator is by default restricted to the classes in the file. Their names are not passed to
    the factory, because the file may come from a stranger.
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
                f"the directions are of {', '.join(names[:4])}: {error}; choose a class with --class"
            ) from error
    return compile_forward(generator) if compiled else generator


def check_path(path: Path) -> None:
    """Refuse a folder, and the file that an unfinished run has yet to write.

    Raises:
        FileFormatError: it is one of these; the message says what to type.
    """
    from biggan_directions.runs.checkpoint import CHECKPOINT_NAME
    from biggan_directions.runs.learn import DIRECTIONS_NAME

    folder = path if path.is_dir() else path.parent
    inside = folder / DIRECTIONS_NAME
    if not path.exists() or folder == path:
        if (folder / CHECKPOINT_NAME).is_file() and not inside.is_file():
            raise FileFormatError(_unfinished(folder / CHECKPOINT_NAME))
        if inside.is_file():
            what = "a folder" if folder == path else "not there"
            raise FileFormatError(f"{path} is {what}: did you mean {shell_path(inside)}?")
    if folder == path:
        raise FileFormatError(
            f"{path} is a folder without a {DIRECTIONS_NAME}: expected a file of directions"
        )


def _unfinished(checkpoint: Path) -> str:
    """What to say of a folder whose run is not finished: that it is at work, or how to resume it."""
    from biggan_directions.runs.folder import is_held
    from biggan_directions.runs.learn_command import resume_command
    from biggan_directions.runs.trained_model import SHEETS

    folder = checkpoint.parent
    trains = (folder / SHEETS).is_dir()
    if is_held(folder):
        return f"a run is still {'training' if trains else 'learning'} in {folder}: wait until it ends"
    if trains:
        return (
            f"{folder} holds a model that train makes, not directions: find some with "
            f"biggan-directions learn --model {shell_path(folder)}"
        )
    try:
        return f"{folder} holds an unfinished run; to finish it: {resume_command(checkpoint)}"
    except FileFormatError:
        return (
            f"{folder} holds an unfinished run: to finish it, type its learn command again with "
            f"--out {shell_path(folder)} --resume"
        )
    except UsageError as error:
        return f"{folder} holds an unfinished run: {error}"


def options_of(
    model: str | None, search_space: str, device: str, layers: str | None = None
) -> tuple[str, ...]:
    """The options that open a file of directions in the same way again.

    >>> options_of("toybox", "all", "auto", "0-3")
    ('--model', 'toybox', '--layers', '0-3')
    """
    given = {
        "--model": model,
        "--search-space": None if search_space == "all" else search_space,
        "--layers": layers,
        "--device": None if device == "auto" else device,
    }
    return tuple(word for option, value in given.items() if value is not None for word in (option, value))


def open_directions(path: Path, model: str | None, search_space: str) -> Directions:
    """Read directions; ``search_space`` says where a bare matrix belongs in the z of ``model``.

    Args:
        path: a file, or ``published:NAME``.
        model: the model that they are to be used with; None: the file's own.
        search_space: the part of z that the columns of a bare matrix stand for.

    Raises:
        UsageError: a part of z is given, and the file is no bare matrix.
    """
    return open_several([path], model, search_space)[0]


def open_several(paths: Sequence[Path], model: str | None, search_space: str) -> list[Directions]:
    """Read several files as :func:`open_directions` does; one bare matrix is enough for a part of z."""
    files = [_opened(path, model, search_space) for path in paths]
    if search_space != "all" and not any(found.foreign for found in files):
        raise UsageError(
            f"--search-space places a bare matrix in z, and there is none in {' or '.join(map(str, paths))}: "
            "leave it out"
        )
    return files


def _opened(path: Path, model: str | None, search_space: str) -> Directions:
    """One file of directions, or a published set."""
    from biggan_directions.directions import Directions
    from biggan_directions.published.reference import directions_of, named_set

    if (chosen := named_set(path)) is not None:
        found = directions_of(chosen)
        if model is not None and (of_model := facts_of(model).z_dim) != found.z_dim:
            raise UsageError(
                f"{path} is of a z of {found.z_dim} numbers, and {model} has one of {of_model}: choose a "
                f"model of the family of {found.model['name']} with --model"
            )
        return found
    check_path(path)
    if model is None:
        return Directions.load(path, search_space=search_space)
    return Directions.load(path, z_dim=facts_of(model).z_dim, search_space=search_space)


def subject(
    found: Directions, path: Path, model: str | None, classes: list[str] | None
) -> tuple[str, list[str] | None]:
    """The model and classes to use: those given as options, or those named in the file.

    A user's own generator is imported only if it is given as ``--model``, never because the file names it.
    Its classes are None if no class was given.

    Raises:
        UsageError: neither the options nor the file name them, or the file's model is not available here.
    """
    from biggan_directions.generators.factory import is_reference

    if model is not None and is_reference(model):
        return model, classes or None
    name = model or found.model.get("name")
    chosen = classes or [str(item.index) for item in found.classes]
    if name is None or not chosen:
        raise UsageError(f"{path} does not name its model and classes: add --model and --class")
    if model is None:
        _check_named(str(name), path)
        if found.source:
            _check_cached(str(name), path)
    return str(name), chosen


def _check_named(name: str, path: Path) -> None:
    """Raise a UsageError if the model that a file names is not available here."""
    from biggan_directions.generators.factory import is_reference
    from biggan_directions.generators.weights.locating import entry_or_folder

    if is_reference(name):
        module = name.partition(":")[0]
        raise UsageError(
            f"{path} was learnt on a generator made by {name}: if you wrote the module {module} or trust it, "
            f"add --model {name}, which imports it"
        )
    try:
        entry_or_folder(name)
    except UsageError as error:
        raise UsageError(
            f"{path} was learnt on {name[:80]!r}, which is neither a model of the catalog nor a folder here: "
            "add --model NAME, --model FOLDER or, for a generator of your own, "
            "--model package.module:factory"
        ) from error


def _check_cached(name: str, path: Path) -> None:
    """Refuse to download, for directions that somebody else published, weights that nobody has asked for.

    Raises:
        WeightsError: the weights are not here.
    """
    from biggan_directions.generators.weights.locating import cache_status, entry_or_folder

    entry = entry_or_folder(name)
    if not isinstance(entry, Path) and cache_status(entry).state not in ("bundled", "cached"):
        raise WeightsError(
            f"{path} is drawn by {name}, whose weights are not here: biggan-directions models --fetch {name} "
            "downloads them; or name a folder that has them with --model FOLDER"
        )


def at_layers(found: Directions, generator: Generator, text: str | None) -> Directions:
    """The directions at the layers that ``--layers`` names, or those of the file where it was left out.

    Raises:
        UsageError: they are not layers of the generator.
    """
    from biggan_directions.generators.chosen_layers import layers_of

    chosen = layers_of(generator, found.at_layers if text is None else text)
    return found.at(None if chosen is None else chosen.indices)


def note_other_weights(found: Directions, path: Path, generator: Generator) -> None:
    """Print a note if directions are shown on weights other than those they were learnt on."""
    if _of_other_weights(found, generator):
        err.print(
            f"note: {plain(str(path))} was learnt on other weights of {plain(str(found.model['name']))}",
            soft_wrap=True,
        )


def check_weights(found: Directions, path: Path, generator: Generator) -> None:
    """Refuse to measure directions on weights other than those they were learnt on.

    Raises:
        FileFormatError: the weights differ.
    """
    if _of_other_weights(found, generator):
        raise FileFormatError(
            f"{path} was learnt on other weights of {found.model['name']} than those of {generator.model} "
            "here, so measurements would not apply to it; learn the directions again"
        )


def _of_other_weights(found: Directions, generator: Generator) -> bool:
    """Whether directions are known to have been learnt on other weights; a published set does not say."""
    known = found.model.get("weights_sha256")
    return bool(known) and known != generator.weights_sha256
