"""``biggan-directions explore`` as a user meets it."""

import io
import json
import re
import shlex
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from biggan_directions.commands.explore import has_desktop
from biggan_directions.explore import ImageRequest
from biggan_directions.explore.server import listen
from biggan_directions.toybox import true_directions
from tests.explore.conftest import make_session, toybox_directions
from tests.support.elsewhere import typed


def fails(*arguments: str, folder: Path) -> str:
    done = typed("explore", *arguments, folder=folder)
    assert done.code == 2, done.err
    assert done.out == ""
    assert "Traceback" not in done.err
    return done.err


def test_it_prints_its_address_serves_and_ends_on_ctrl_c(tmp_path: Path) -> None:
    path = tmp_path / "outputs" / "toybox" / "car" / "directions.pt"
    toybox_directions().save(path)
    before = sorted(tmp_path.rglob("*"))
    with subprocess.Popen(
        [sys.executable, "-m", "biggan_directions", "explore", "--port", "0", "--no-browser"],
        cwd=tmp_path,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        address = process.stdout.readline().strip()
        found = re.fullmatch(r"(http://127\.0\.0\.1:[0-9]+/)\?token=([\w-]{32})", address)
        assert found is not None, process.stderr.read()
        asked = urllib.request.Request(
            found[1] + "api/images",
            json.dumps({"class": "duck", "truncation": 1, "moves": {"0": 1}}).encode(),
            {"Authorization": f"Bearer {found[2]}"},
        )
        with urllib.request.urlopen(asked, timeout=30) as answer:
            assert "--class duck" in json.load(answer)["command"]
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=20) == 130
        assert time.monotonic() - began < 10  # quiet: 1
        assert process.stdout.read() == ""
        remarks = process.stderr.read()
    assert "Ctrl-C" in remarks
    assert "Traceback" not in remarks
    assert sorted(tmp_path.rglob("*")) == before


def test_the_command_that_the_page_gives_makes_the_same_pictures(tmp_path: Path) -> None:
    path = tmp_path / "it's mine.pt"
    toybox_directions().save(path)
    asked = ImageRequest(
        class_name="duck", truncation=0.44, seed=7, samples=(0, 1, 2), moves={0: 2.0, 2: -1.5}
    )
    answer = make_session(path=str(path)).answer(asked)
    done = typed(*shlex.split(answer.command)[1:], folder=tmp_path)
    assert done.code == 0, done.err
    made = np.asarray(Image.open(tmp_path / "edit.png"))
    images = [np.asarray(Image.open(io.BytesIO(image))) for image in answer.images]
    step = (made.shape[1] - 64) // 2  # side by side, with some space between
    for place, image in enumerate(images):
        assert np.array_equal(made[:, place * step : place * step + 64], image)
    assert (tmp_path / "edit.png").read_bytes() == make_session(path=str(path)).png(asked)


def test_a_bare_matrix_is_explored_as_what_it_is_said_to_be_of(tmp_path: Path) -> None:
    torch.save(true_directions()[1], tmp_path / "true.pt")
    assert "--model" in fails("true.pt", folder=tmp_path)
    with listen("127.0.0.1", 0) as taken:
        port = str(taken.getsockname()[1])
        asked = ("true.pt", "--model", "toybox", "--class", "car", "--port", port)
        assert f"port {port}: Address already in use. Choose another --port" in fails(*asked, folder=tmp_path)
    assert "mug" in fails(*asked[:4], "moog", folder=tmp_path)


def test_without_the_extra_one_sentence_says_what_to_install(tmp_path: Path) -> None:
    code = (
        "import sys; sys.modules['uvicorn'] = None; sys.argv = ['biggan-directions', 'explore', 'x.pt']; "
        "from biggan_directions.__main__ import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.strip().endswith("pip install 'biggan-directions[explore]'")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("environment", "platform", "opens"),
    [
        ({}, "linux", False),
        ({"DISPLAY": ":0"}, "linux", True),
        ({"WAYLAND_DISPLAY": "wayland-0"}, "linux", True),
        ({"DISPLAY": "localhost:10.0", "SSH_CONNECTION": "a b"}, "linux", False),
        ({}, "darwin", True),
        ({"SSH_TTY": "/dev/pts/0"}, "darwin", False),
    ],
)
def test_a_browser_is_opened_where_somebody_sees_it(
    environment: dict[str, str], platform: str, opens: bool
) -> None:
    assert has_desktop(environment, platform) is opens
