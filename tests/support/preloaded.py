"""What the process that runs are forked from has loaded: imports alone, no thread, nothing drawn."""

import torch._dynamo  # noqa: F401  # Adam's optimizer imports it when it is made

import biggan_directions.cli
import biggan_directions.directions
import biggan_directions.generators.biggan_deep.architecture
import biggan_directions.generators.load
import biggan_directions.learning.run
import biggan_directions.metrics.scoring
import biggan_directions.runs.checkpoint
import biggan_directions.runs.render
import biggan_directions.toybox.packed  # noqa: F401
