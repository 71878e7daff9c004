"""The toybox's true directions as a file's, and a live page on localhost that serves them."""

import http.client
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import pytest
import torch

from biggan_directions import Directions, load_generator
from biggan_directions.explore import Session
from biggan_directions.explore.server import address_of, listen, make_server
from biggan_directions.generators import Generator, ImageClass
from biggan_directions.generators.classes.class_table import ClassTable
from biggan_directions.generators.weights.catalog import find_model
from biggan_directions.generators.weights.download import file_sha256
from biggan_directions.runs.naming import rename
from biggan_directions.toybox import true_directions

NASTY = '<img src=x onerror="document.title=1"> & "quoted"'

ASKED = {"class": "car", "truncation": 1, "moves": {"0": 1}}

Load: TypeAlias = Callable[[str, float], Generator]


def toybox_directions() -> Directions:
    """Three of the true directions; one has a name that is markup, one has none."""
    return Directions(
        directions=true_directions()[1][[0, 2, 4]].float(),
        names=("azimuth", NASTY, ""),
        effect=torch.tensor([0.2, 0.04, float("nan")]),
        penalty=torch.tensor([0.1, float("nan"), 0.3]),
        model={"name": "toybox", "resolution": 64, "z_dim": 32, "weights_sha256": "of the true ones"},
        classes=(ImageClass(4, "car"),),
        truncation=1.0,
        seed=0,
    )


def load(class_name: str, truncation: float) -> Generator:
    return load_generator("toybox", class_name, truncation=truncation, device="cpu")


def make_session(
    load: Load = load, *, path: str = "my directions.pt", table: ClassTable | None = None
) -> Session:
    """A session of :func:`toybox_directions`; where they are saved at ``path``, they can be named."""
    file, found = Path(path), toybox_directions()

    def name_in_file(names: dict[int, str]) -> tuple[Directions, str]:
        return rename(file, names, expected=found.directions), file_sha256(file)

    return Session(
        found,
        load,
        path=path,
        first=load("car", 1.0),
        table=table or find_model("toybox").classes,
        sha256=file_sha256(file) if file.is_file() else "not saved",
        rename=name_in_file,
    )


class Watched:
    """The toybox, which calls ``before`` with the number of images that it is about to draw."""

    def __init__(self, before: Callable[[int], object], **changed: Any) -> None:
        self.toybox, self.before = load("car", 1.0), before
        vars(self).update(changed)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.toybox, name)

    def __call__(self, z: torch.Tensor, class_index: torch.Tensor | None = None) -> torch.Tensor:
        self.before(len(z))
        return self.toybox(z, class_index)


@dataclass(frozen=True)
class Live:
    """A server that runs."""

    port: int
    token: str

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/?token={self.token}"

    def ask(
        self, method: str, path: str, body: bytes | None = None, **headers: str
    ) -> tuple[int, dict[str, str], bytes]:
        """One request with just these headers; underscores stand for hyphens."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, {"Authorization": f"Bearer {self.token}", **named})
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, content

    def post(self, path: str, **asked: Any) -> tuple[int, Any]:
        """Status and answer of a request to ``/api/PATH``."""
        status, _, content = self.ask("POST", f"/api/{path}", json.dumps(asked).encode())
        return status, json.loads(content) if content else None

    def draw(self, **changes: Any) -> tuple[int, Any]:
        """Status and answer of a request for images."""
        return self.post("images", **{**ASKED, **changes})


@contextmanager
def serving(session: Session, *, launch: str | None = None) -> Iterator[Live]:
    """Serve in a thread, the real thing, on a free port."""
    with listen("127.0.0.1", 0) as listening:
        assert address_of(listening, "127.0.0.1", "token=x").startswith("http://127.0.0.1:")
        live = Live(listening.getsockname()[1], "a-token-of-this-test")
        server = make_server(session, host="127.0.0.1", token=live.token, launch=launch)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield live
        finally:
            server.should_exit = True
            thread.join(10)
            assert not thread.is_alive()


@pytest.fixture(scope="module")
def live() -> Iterator[Live]:
    with serving(make_session()) as running:
        yield running
