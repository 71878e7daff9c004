"""What the process that runs are forked from has loaded: imports alone, no thread, nothing drawn."""

import torch._dynamo  # noqa: F401  # Adam's optimizer imports it when it is made

import biggan_directions.checkpoint
import biggan_directions.cli
import biggan_directions.directions
import biggan_directions.generators.load
import biggan_directions.learning
import biggan_directions.rendering
import biggan_directions.scoring
import biggan_directions.toybox.weights  # noqa: F401
