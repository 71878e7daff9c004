"""The command line: registers the commands, which have one file each in ``commands``."""

from typing import Annotated

import typer

from biggan_directions.commands.classes import classes
from biggan_directions.commands.compare import compare
from biggan_directions.commands.demo import demo
from biggan_directions.commands.edit import edit
from biggan_directions.commands.explore import explore
from biggan_directions.commands.export import export
from biggan_directions.commands.inspect import inspect
from biggan_directions.commands.learn import learn
from biggan_directions.commands.models import models
from biggan_directions.commands.name import name
from biggan_directions.commands.published import published
from biggan_directions.commands.render import render
from biggan_directions.commands.score import score
from biggan_directions.commands.solvers import solvers
from biggan_directions.commands.train import train
from biggan_directions.distributed.launched import leads
from biggan_directions.version import __version__

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Find, judge and render interpretable directions in a frozen BigGAN.",
)


_SHARED = ("learn", "render", "score", "train")  # by all processes of torchrun; process 0 runs the others


@app.callback(invoke_without_command=True)
def _main(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
) -> None:
    if version:
        typer.echo(__version__)
        raise typer.Exit
    if not leads() and context.invoked_subcommand not in _SHARED:
        raise typer.Exit


for command in (learn, render, explore, inspect, score, compare, name, edit, classes, models, solvers, demo):
    app.command()(command)
app.command()(train)
app.command()(published)
app.command()(export)
