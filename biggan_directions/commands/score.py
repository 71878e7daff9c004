"""Say how good directions are, beside what one would otherwise have used."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from biggan_directions.commands.completion import complete_directions
from biggan_directions.commands.factor_tables import print_image_factors
from biggan_directions.commands.opening import (
    at_layers,
    check_weights,
    load_for,
    newest,
    open_several,
    subject,
)
from biggan_directions.commands.options import Classes, Compile, Device, Json, OfLayers, OfModel, Placed
from biggan_directions.commands.progress import note, progress_bar
from biggan_directions.commands.rca_table import print_rca, rca_of
from biggan_directions.commands.terminal import (
    err,
    out,
    plain,
    print_scores,
    print_sets,
    print_verdict,
    print_words,
)
from biggan_directions.errors import UsageError
from biggan_directions.files.escaping import shell_path, shell_word

if TYPE_CHECKING:
    from biggan_directions.directions import Directions
    from biggan_directions.generators import Generator
    from biggan_directions.metrics.rca import Rca
    from biggan_directions.runs.stability import Repetition
    from biggan_directions.scores import Scorecard

Format = Literal["table", "csv", "latex", "json"]


def score(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="FILE",
            help="Files of directions, or published:NAME; several are compared in one table. Default: the "
            "newest under outputs/.",
            autocompletion=complete_directions,
        ),
    ] = None,
    class_name: Classes = None,
    latents: Annotated[
        int | None,
        typer.Option(
            help="Number of fresh latents to measure at. Default: 16, or as many as learn measured at if "
            "these are more."
        ),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(
            help="Seed of the latents. Default: the one in the files, which gives the figures of learn "
            "again; 0 for bare matrices, and for files of different seeds."
        ),
    ] = None,
    seeds: Annotated[
        int,
        typer.Option(
            help="Number of other seeds to learn with again, to see whether the directions come again."
        ),
    ] = 0,
    baselines: Annotated[
        bool, typer.Option(help="Measure the directions of other methods beside them, too.")
    ] = True,
    model: OfModel = None,
    search_space: Placed = "all",
    layers: OfLayers = None,
    truncation: Annotated[
        float | None, typer.Option(help="Truncation in (0, 1] to measure at. Default: the one in the file.")
    ] = None,
    device: Device = "auto",
    compiled: Compile = False,
    format: Annotated[Format, typer.Option(help="Format in which the scores are printed.")] = "table",
    figure: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="File .svg or .pdf to write, a plot of effect against penalty. Default: none.",
        ),
    ] = None,
    force: Annotated[
        bool,
        typer.Option(
            "--force", help="Replace a scorecard with more latents, or with baselines, that is there."
        ),
    ] = False,
    rca: Annotated[
        bool,
        typer.Option(
            "--rca",
            help="Also train small networks to tell the directions apart by what they change (RCA); it draws "
            "several thousand images.",
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Measure how good directions are, beside random, coordinate, first-order and SeFa."""
    from biggan_directions.distributed.starting import joined
    from biggan_directions.metrics.figure import check_figure, write_figure
    from biggan_directions.metrics.settings import BASELINES, ScoreSettings
    from biggan_directions.runs.score import measure
    from biggan_directions.runs.stability import repeated

    format = "json" if as_json else format
    settings = ScoreSettings(
        latents=16 if latents is None else latents, seed=seed or 0, baselines=BASELINES if baselines else ()
    )
    if seeds < 0:
        raise UsageError(f"seeds must be 0 or more, got {seeds}")
    paths = paths or [newest()]
    if seeds and len(paths) > 1:
        raise UsageError("--seeds learns one file's directions again: give one file")
    if figure is not None:
        check_figure(figure)

    def opened() -> tuple[list[Directions], Generator]:
        files = open_several(paths, model, search_space)
        name, classes = subject(files[0], paths[0], model, class_name)
        _check_alike(files, paths, anywhere=bool(class_name))
        generator = load_for(files[0], name, classes, truncation, device, compiled=compiled)
        for found, path in zip(files, paths, strict=True):
            check_weights(found, path, generator)
        files = [at_layers(found, generator, layers) for found in files]
        _check_layers(files, paths)
        return files, generator

    with joined() as group:
        files, generator = group.together(opened)
        if seeds and files[0].source:
            raise UsageError(f"{paths[0]} was published, not learnt here: --seeds cannot learn it again")
        learnt_at = max(found.score_latents or 0 for found in files)
        seeds_of_files = {found.seed for found in files if found.seed is not None}
        settings = replace(
            settings,
            latents=max(settings.latents, learnt_at) if latents is None else latents,
            seed=(seeds_of_files.pop() if len(seeds_of_files) == 1 else 0) if seed is None else seed,
        )
        others = list(zip(_labels(paths), files, strict=True))
        with progress_bar() as observe:
            card = measure(
                files[0],
                generator,
                settings,
                group,
                search_space=search_space,
                others=others[1:],
                called=others[0][0] if len(paths) > 1 or files[0].foreign or files[0].source else None,
                observe=observe,
            )
            again = list(repeated(files[0], generator, seeds, group, observe))
            told = (
                rca_of(others, card, generator, files[0].at_layers, baselines, group, observe)
                if rca
                else None
            )
        if not group.leads:
            return
    names = [found.names for found in files]
    _print(card, names, [found.agreement for found in files], again, format, told)
    say = out.print if format == "table" else err.print
    if figure is not None:
        write_figure(card, figure, own=len(files), names=names)
        say(f"wrote {plain(str(figure))}", soft_wrap=True)
    elsewhere = class_name or truncation is not None or files[0].at_other_layers
    if len(files) == 1 and (files[0].foreign or not elsewhere):
        of = [] if model is None else ["--model", model]
        of += [word for name in class_name or () for word in ("--class", name)]
        of += ["--layers", files[0].at_layers] if files[0].at_other_layers else []
        redraw = " ".join([f"biggan-directions render {shell_path(paths[0])}", *map(shell_word, of)])
        _keep(card, files[0], paths[0], generator, redraw, say, force=force)


def _check_alike(files: Sequence[Directions], paths: Sequence[Path], *, anywhere: bool) -> None:
    """Refuse files that were learnt on different classes or truncations, unless ``anywhere`` says on which.

    Raises:
        UsageError: they cannot be measured at the same latents.
    """
    for found, path in zip(files, paths, strict=True):
        if found.foreign or files[0].foreign or anywhere:
            continue
        if (found.classes, found.truncation) != (files[0].classes, files[0].truncation):
            raise UsageError(
                f"{path} was not learnt on the classes and the truncation of {paths[0]}: say what "
                "all of them are to be measured on with --class (and --truncation)"
            )


def _check_layers(files: Sequence[Directions], paths: Sequence[Path]) -> None:
    """Refuse files whose directions act at different layers.

    Raises:
        UsageError: they cannot be measured together.
    """
    for found, path in zip(files, paths, strict=True):
        if found.layers != files[0].layers:
            raise UsageError(
                f"{path} acts at layers {found.at_layers} and {paths[0]} at layers {files[0].at_layers}: say "
                "at which layers all of them are to be measured with --layers"
            )


def _labels(paths: Sequence[Path]) -> list[str]:
    """The shortest ends of the paths that tell them apart."""
    longest = max(len(path.parts) for path in paths)
    for parts in range(1, longest + 1):
        labels = ["/".join(path.parts[-parts:]) for path in paths]
        if len(set(labels)) == len(set(paths)):
            break
    return labels


def _keep(
    card: Scorecard,
    found: Directions,
    path: Path,
    generator: Generator,
    redraw: str,
    say: Callable[..., Any],
    *,
    force: bool,
) -> None:
    """Keep the scorecard beside the file, unless a better one is there, and say what became of it."""
    from biggan_directions.measured import keep_scorecard
    from biggan_directions.published.reference import place_of
    from biggan_directions.rendering import GALLERY_NAME

    kept = keep_scorecard(card, found, place_of(path), generator, force=force)
    place, earlier = kept.path, kept.earlier
    if kept.written:
        say(f"wrote {plain(str(place))}", soft_wrap=True)
        if earlier is not None and _loses(earlier, card):
            note(f"it replaces the scorecard that was there: {_described(earlier)}")
    elif earlier is not None:
        say(
            f"kept {plain(str(place))} as it was: it has {_described(earlier)}; --force replaces it",
            soft_wrap=True,
        )
    page = place_of(path).with_name(GALLERY_NAME)
    if place.exists() and page.exists() and page.stat().st_mtime < place.stat().st_mtime:
        say(
            f"{plain(str(page))} is older than the scorecard; to draw it again: {plain(redraw)}",
            soft_wrap=True,
        )


def _loses(earlier: Scorecard, card: Scorecard) -> bool:
    """Whether an earlier scorecard has figures that the new one has not."""
    kinds = [(one.model, one.classes, one.truncation, one.seed) for one in (earlier, card)]
    baselines = [{scored.solver for scored in one.sets[1:]} for one in (earlier, card)]
    return earlier.latents > card.latents or kinds[0] != kinds[1] or not baselines[0] <= baselines[1]


def _described(card: Scorecard) -> str:
    """What a scorecard was measured at, and beside what."""
    of = f"{Path(card.model).name}, {', '.join(card.classes[:4])}{', …' if len(card.classes) > 4 else ''}"
    baselines = "with" if len(card.sets) > 1 else "without"
    of += "" if card.layers is None else f", layers {', '.join(map(str, card.layers))}"
    return f"{card.latents} latents, {baselines} baselines (seed {card.seed}; {of})"


def _print(
    card: Scorecard,
    names: Sequence[Sequence[str]],
    agreements: Sequence[float],
    again: Sequence[Repetition],
    format: Format,
    told: Rca | None,
) -> None:
    from biggan_directions.metrics.tables import as_csv, as_latex, as_plain

    for text in card.notes:
        note(text)
    if format == "json":
        typer.echo(
            json.dumps(
                {
                    **as_plain(card, names),
                    "stability": [asdict(row) for row in again],
                    **({} if told is None else {"rca": asdict(told)}),
                },
                allow_nan=False,
            )
        )
    elif format == "csv":
        typer.echo(as_csv(card, names), nl=False)
    elif format == "latex":
        typer.echo(as_latex(card), nl=False)
    else:
        _print_table(card, names, agreements, again)
    if told is not None and format != "json":
        print_rca(told, out if format == "table" else err)


def _print_table(
    card: Scorecard,
    names: Sequence[Sequence[str]],
    agreements: Sequence[float],
    again: Sequence[Repetition],
) -> None:
    from biggan_directions.generators.chosen_layers import layers_text
    from biggan_directions.rendering.samples import listed

    scored_on = f"{plain(Path(card.model).name)} · {plain(listed(list(card.classes)))}"
    scored_on += "" if card.layers is None else f" · layers {layers_text(card.layers)}"
    out.print(
        f"[bold]{scored_on}[/bold]: {card.latents} fresh latents, {card.evaluations:,} images",
        soft_wrap=True,
    )
    own = card.sets[: len(names)]
    for scored, agreement in zip(own, agreements, strict=True):
        print_verdict(scored, card.strongest, agreement, scored.solver if len(own) > 1 else "")
    out.print()
    print_sets(card, len(own))
    for scored, called, agreement in zip(own, names, agreements, strict=True):
        out.print(f"\n[bold]{plain(scored.solver)}[/bold]")
        print_scores(scored, called, card.latents, agreement)
        print_image_factors(card, scored, called)
    out.print()
    print_words(card)
    for row in again:
        cosines = " ".join(f"{cosine:.3f}" for cosine in row.cosines)
        out.print(f"learnt again with seed {row.seed}: matched |cos| {cosines}", soft_wrap=True)
