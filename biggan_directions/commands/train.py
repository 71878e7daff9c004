"""Train a generator on images."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from biggan_directions.commands.completion import complete_model
from biggan_directions.commands.curves import curves
from biggan_directions.commands.evaluating import evaluate_model
from biggan_directions.commands.opening import fetching
from biggan_directions.commands.options import Device, Json, key_values
from biggan_directions.commands.progress import note, progress_bar
from biggan_directions.commands.terminal import out, plain
from biggan_directions.distributed.launched import leads
from biggan_directions.errors import UsageError
from biggan_directions.files.escaping import shell_path

if TYPE_CHECKING:
    from biggan_directions.runs.training_run import TrainResult
    from biggan_directions.training.demand import Demand
    from biggan_directions.training.image_set import ImageSet
    from biggan_directions.training.regulariser import RegulariserSettings

_SEEN = (
    "the model was trained on other pictures, or with another --held-out, so that it may have seen those "
    "that it is judged by"
)


def train(
    pictures: Annotated[
        Path, typer.Argument(help="Folder with a subfolder of images per class, of idx files, or an .npz.")
    ],
    to: Annotated[
        Path | None, typer.Option("--out", help="Folder for the model and the run's state.")
    ] = None,
    evaluate: Annotated[
        Path | None, typer.Option(help="Do not train: judge the model in this folder by the pictures.")
    ] = None,
    features: Annotated[
        str, typer.Option(help="Feature network of --evaluate: own (trained on the pictures), or fashion.")
    ] = "own",
    held_out: Annotated[
        float | None,
        typer.Option(
            help="Share of each class that is kept from training, for --evaluate to judge by; not of idx "
            "files that have a test set. Default: 0.1, and with --evaluate what the model was trained with."
        ),
    ] = None,
    options: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="A setting of training; may be repeated."),
    ] = None,
    resolution: Annotated[int | None, typer.Option(help="32, 64 or 128 pixels.")] = None,
    steps: Annotated[int | None, typer.Option(help="Training steps.")] = None,
    batch: Annotated[int | None, typer.Option(help="Images per step.")] = None,
    augment: Annotated[
        bool | None, typer.Option("--augment", help="Shift and cut images: for fewer than some thousands.")
    ] = None,
    source: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="MODEL",
            help="Go on with a trained network: a folder that train wrote, or weights of a BigGAN-deep, such "
            "as fashion.",
            autocompletion=complete_model,
        ),
    ] = None,
    hessian_penalty: Annotated[
        str | None,
        typer.Option(
            metavar="WEIGHT",
            help="Penalise the generator by the Hessian Penalty: λ, or auto:SHARE of its gradient norm, or "
            "auto (auto:0.1).",
        ),
    ] = None,
    orthogonal_jacobian: Annotated[
        str | None, typer.Option(metavar="WEIGHT", help="Penalise it by OroJaR's penalty, likewise.")
    ] = None,
    penalty_ramp: Annotated[
        int | None, typer.Option(help="Steps over which the penalty's weight rises from 0. Default: 0.")
    ] = None,
    penalty_layers: Annotated[
        str | None,
        typer.Option(
            metavar="NAMES",
            help="Layers whose outputs are penalised, separated by commas. Default: the first normalisation "
            "of each block and the last one.",
        ),
    ] = None,
    penalty_reduction: Annotated[
        str | None, typer.Option(help="Over activations and samples: max or mean. Default: max.")
    ] = None,
    penalty_fraction: Annotated[
        float | None, typer.Option(help="Of a batch at which the penalty is measured. Default: 0.25.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Of weights, latents and order.")] = None,
    class_names: Annotated[
        str | None, typer.Option(help="Names of the classes, separated by commas.")
    ] = None,
    skip_unreadable: Annotated[
        bool, typer.Option("--skip-unreadable", help="Leave out files that cannot be read.")
    ] = False,
    sheet_every: Annotated[int, typer.Option(help="Steps between two sheets of samples.")] = 500,
    tensorboard: Annotated[
        bool,
        typer.Option("--tensorboard", help="Write curves for TensorBoard: pip install '.[tensorboard]'."),
    ] = False,
    device: Device = "auto",
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the run that is there.")] = False,
    force: Annotated[bool, typer.Option(help="Replace the run that is there.")] = False,
    dry_run: Annotated[
        bool, typer.Option(help="Make three steps, say what training takes, and write nothing.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Train a generator on images of your own: a small BigGAN-deep, for --model."""
    from biggan_directions.distributed.starting import joined
    from biggan_directions.generators.load import choose_device
    from biggan_directions.runs.begin_from import begin_from
    from biggan_directions.runs.trained_model import trained_on
    from biggan_directions.runs.training_run import TrainRun
    from biggan_directions.training.demand import measure_demand
    from biggan_directions.training.pictures import HELD_OUT, read_parts
    from biggan_directions.training.settings import TrainSettings

    given = {"resolution": resolution, "steps": steps, "batch": batch, "augment": augment, "seed": seed}
    given = {name: value for name, value in given.items() if value is not None}
    words = key_values(options or [], "--set")
    beginning = None
    if source is not None and to is not None:
        if Path(source).is_dir() and Path(source).resolve() == to.resolve():
            raise UsageError(f"--from and --out are both {to}: choose another --out")
        with fetching(source) as progress:
            beginning = begin_from(source, progress=progress)
        given = {**{k: v for k, v in beginning.settings.items() if k not in words}, **given}
    settings = TrainSettings.of_text(words, given)
    penalty = _penalty(
        hessian_penalty,
        orthogonal_jacobian,
        ramp=penalty_ramp,
        layers=penalty_layers,
        reduction=penalty_reduction,
        fraction=penalty_fraction,
    )
    if sheet_every < 1:
        raise UsageError(f"--sheet-every must be 1 or more, got {sheet_every}")
    if (to is None) == (evaluate is None):
        wanted = "give --out FOLDER to train, or --evaluate FOLDER to judge a model"
        raise UsageError(wanted if to is None else f"{wanted}, and not both")
    chosen = choose_device(device)
    names = [name.strip() for name in class_names.split(",")] if class_names else []
    if to is None:
        if leads():
            model = Path(str(evaluate))
            known = trained_on(model)
            share = (known.held_out if known else 0.0) if held_out is None else held_out
            parts = read_parts(
                pictures,
                resolution=settings.resolution,
                names=names,
                skip_unreadable=skip_unreadable,
                held_out=share or HELD_OUT,
            )
            if known is not None and parts[0].sha256() != known.images_sha256:
                note(_SEEN)
            evaluate_model(
                model,
                parts,
                features=features,
                seed=settings.seed,
                device=device,
                as_json=as_json,
            )
        return
    with joined() as group:
        images, judging = group.together(
            lambda: read_parts(
                pictures,
                resolution=settings.resolution,
                names=names,
                skip_unreadable=skip_unreadable,
                held_out=HELD_OUT if held_out is None else held_out,
            )
        )
        if group.leads and images.skipped:
            note(_skipped(images))
        run = TrainRun(
            to,
            images,
            settings,
            group=group,
            device=group.device if group.size > 1 else chosen,
            sheet_every=sheet_every,
            penalty=penalty,
            beginning=beginning,
        )
        if dry_run:
            demand = measure_demand(run.trainer())
            if group.leads:
                _print_demand(demand, images, len(judging), as_json)
            return
        with progress_bar() as shown, curves(to / "tensorboard" if tensorboard else None, shown) as observe:
            result = run.finish(resume=resume, force=force, observe=observe)
    _print(result, images, len(judging), as_json)


def _penalty(hessian: str | None, jacobian: str | None, **given: Any) -> RegulariserSettings | None:
    """How the generator is penalised, from the flags; None where it is not."""
    from biggan_directions.training.regulariser import RegulariserSettings, weight_of

    if hessian is not None and jacobian is not None:
        raise UsageError("--hessian-penalty and --orthogonal-jacobian exclude each other: give one of them")
    chosen = {name: value for name, value in given.items() if value is not None}
    if hessian is None and jacobian is None:
        if chosen:
            raise UsageError(
                f"--penalty-{next(iter(chosen))} belongs to a penalty: add --hessian-penalty auto"
            )
        return None
    if "layers" in chosen:
        chosen["layers"] = tuple(name.strip() for name in chosen["layers"].split(","))
    if hessian is not None:
        return RegulariserSettings(kind="hessian", **weight_of(hessian), **chosen)
    if "reduction" in chosen:
        raise UsageError("--penalty-reduction belongs to --hessian-penalty: leave it out")
    return RegulariserSettings(kind="jacobian", **weight_of(str(jacobian)), **chosen)


def _skipped(images: ImageSet) -> str:
    count, shown = len(images.skipped), ", ".join(images.skipped[:5])
    return f"{count:,} files cannot be read and are left out: {shown}{', …' if count > 5 else ''}"


def _print_demand(demand: Demand, images: ImageSet, held_out: int, as_json: bool) -> None:
    facts: dict[str, Any] = {
        **asdict(demand), "images": len(images), "held_out": held_out, "classes": len(images.names)
    }  # fmt: skip
    if as_json:
        typer.echo(json.dumps(facts))
        return
    whole, last = demand.seconds + demand.statistics_seconds, demand.statistics_seconds
    out.print(
        f"would train on {len(images):,} images of {len(images.names)} classes, with {held_out:,} others to "
        "judge by: "
        f"{demand.generator_parameters:,} parameters of the generator and "
        f"{demand.discriminator_parameters:,} of the discriminator; {demand.seconds_per_step:.2f} s per "
        f"step, {_duration(whole)} in all, {_duration(last)} of them for batch statistics at the end, and "
        f"about {demand.bytes / 2**30:.1f} GB of memory",
        soft_wrap=True,
    )


def _duration(seconds: float) -> str:
    return f"{seconds / 3600:.1f} hours" if seconds >= 3600 else f"{seconds:.0f} s"


def _print(result: TrainResult, images: ImageSet, held_out: int, as_json: bool) -> None:
    if as_json:
        measures = None if result.measures is None else asdict(result.measures)
        typer.echo(json.dumps({"path": str(result.folder), "steps": result.steps, "measures": measures}))
        return
    if result.measures is None:
        out.print(f"nothing to do: {plain(str(result.folder))} has {result.steps} steps", soft_wrap=True)
        return
    folder = escape(shell_path(result.folder))
    out.print(
        f"wrote {plain(str(result.folder))}: {result.steps:,} steps on {len(images):,} images; "
        f"{held_out:,} others are left for --evaluate\n"
        f"next: biggan-directions learn --model {folder} --class {plain(images.names[0])}",
        soft_wrap=True,
    )
