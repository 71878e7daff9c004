"""What holds for all tests."""

import os
import signal
from pathlib import Path

import pytest
import torch

from tests.support.checkpoints import write_checkpoint

# Nets here are small: a second thread costs more than it gains, and pytest runs a process for each core.
os.environ.setdefault("OMP_NUM_THREADS", "1")
torch.set_num_threads(1)

# A job in the background of a script is started deaf to Ctrl-C, and so would be what tests stop by it.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def net(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a generator of three classes that draws at once, with random weights."""
    return write_checkpoint(tmp_path_factory.mktemp("weights") / "net")
