"""What the process that runs are forked from has loaded: imports alone, no thread, nothing drawn."""

import torch._dynamo  # noqa: F401  # Adam's optimizer imports it when it is made
from typer.main import get_command

import biggan_directions.cli
import biggan_directions.distributed.starting
import biggan_directions.generators.biggan.architecture
import biggan_directions.generators.biggan_deep.architecture
import biggan_directions.generators.load
import biggan_directions.runs.per_class
import biggan_directions.runs.render
import biggan_directions.runs.stability
import biggan_directions.toybox.packed

get_command(biggan_directions.cli.app)  # typer imports pydantic where it is installed
