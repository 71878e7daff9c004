"""Who is let in, and what they get: the real server on localhost, spoken to as a stranger might."""

import base64
import hashlib
import http.client
import json
import socket
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import torch

from biggan_directions.directions import Directions
from biggan_directions.errors import UsageError
from biggan_directions.explore import ImageRequest
from biggan_directions.explore.gate import Gate, is_loopback
from biggan_directions.explore.server import address_of, listen
from biggan_directions.generators import Generator
from biggan_directions.runs.folder import held
from tests.explore.conftest import NASTY, Live, load, make_session, serving, toybox_directions

ASKED = {"class": "car", "truncation": 1, "moves": {"0": 1}}


def speak(
    live: Live, method: str, path: str, body: bytes | None = None, **headers: str
) -> tuple[int, dict[str, str], bytes]:
    """One request with just these headers; underscores stand for hyphens."""
    connection = http.client.HTTPConnection("127.0.0.1", live.port, timeout=20)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, body, {"Authorization": f"Bearer {live.token}", **named})
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer.status, {name.lower(): value for name, value in answer.getheaders()}, content


def name(live: Live, **asked: Any) -> tuple[int, Any]:
    status, _, content = speak(live, "POST", "/api/name", json.dumps(asked).encode())
    return status, json.loads(content)


def draw(live: Live, **changes: Any) -> tuple[int, Any]:
    status, _, content = speak(live, "POST", "/api/pictures", json.dumps({**ASKED, **changes}).encode())
    return status, json.loads(content) if content else None


def test_pictures_come_as_png_with_the_command_that_makes_them(live: Live) -> None:
    status, answer = draw(live, samples=[0, 2])
    assert status == 200
    images = [base64.b64decode(url.removeprefix("data:image/png;base64,")) for url in answer["pictures"]]
    assert [image[:8] for image in images] == [b"\x89PNG\r\n\x1a\n"] * 2
    assert answer["command"].startswith("biggan-directions edit 'my directions.pt' --class car --seed 0")
    assert draw(live, samples=[0, 2], moves={})[1]["pictures"] != answer["pictures"]


def test_the_png_is_the_sessions_own(live: Live) -> None:
    asked = {**ASKED, "samples": [0, 2]}
    status, headers, content = speak(live, "POST", "/api/png", json.dumps(asked).encode())
    assert (status, headers["content-type"]) == (200, "image/png")
    assert content == make_session().png(ImageRequest.from_json(json.dumps(asked).encode()))
    assert speak(live, "POST", "/api/png", b'{"class": "moog", "truncation": 1}')[0] == 400


def test_a_name_is_written_into_the_file_and_told_from_then_on(tmp_path: Path) -> None:
    path = tmp_path / "directions.pt"
    toybox_directions().save(path)
    body = json.dumps({"direction": 2, "name": "wheels"}).encode()
    with serving(make_session(path=str(path))) as live:
        for stranger in ({"Authorization": ""}, {"Origin": "http://evil.example"}, {"Host": "evil.example"}):
            assert speak(live, "POST", "/api/name", body, **stranger)[0] == 403
        assert Directions.load(path).names[2] == ""
        assert name(live, direction=2, name="wheels") == (200, {"names": ["azimuth", NASTY, "wheels"]})
        assert Directions.load(path).names == ("azimuth", NASTY, "wheels")
        told = json.loads(speak(live, "GET", "/api/session")[2])
        assert [row["name"] for row in told["directions"]] == ["azimuth", NASTY, "wheels"]
        status, _, content = speak(live, "POST", "/api/png", json.dumps(ASKED).encode())
        assert status == 200
        assert hashlib.sha256(path.read_bytes()).hexdigest().encode() in content  # the file as it is now
        with held(tmp_path):
            status, answer = name(live, direction=2, name="turn")
        assert (status, answer["error"][:35]) == (500, "another run is writing into " + str(tmp_path)[:7])
        for asked, says in [
            ({"direction": 3, "name": "x"}, "there is no direction 3"),
            ({"direction": 0, "name": "wheels"}, "direction 2 is named 'wheels' already"),
            ({"direction": 0, "name": "12"}, "'12' is a number"),
        ]:
            status, answer = name(live, **asked)
            assert (status, says in answer["error"]) == (400, True)
        assert Directions.load(path).names == ("azimuth", NASTY, "wheels")
        assert name(live, direction=0, name="a\ud800\u202e\x1b")[1]["names"][0] == "a" + 3 * "\ufffd"
        path.unlink()
        assert name(live, direction=2, name="turn")[0] == 500
        assert list(tmp_path.iterdir()) == []


def test_names_given_at_once_are_all_kept(tmp_path: Path) -> None:
    path = tmp_path / "directions.pt"
    toybox_directions().save(path)
    with serving(make_session(path=str(path))) as live, ThreadPoolExecutor(3) as threads:
        answers = list(threads.map(lambda index: name(live, direction=index, name=f"n{index}")[0], range(3)))
    assert answers == [200] * 3
    assert Directions.load(path).names == ("n0", "n1", "n2")


@pytest.mark.parametrize(
    "path", ["/", "/api/session", "/api/schema", "/api/pictures", "/api/png", "/api/name", "/nothing"]
)
@pytest.mark.parametrize("given", ["", "Bearer", "Bearer wrong", "Bearer a-token-of-this-tesT", "Basic a:b"])
def test_nothing_is_had_without_the_token(live: Live, path: str, given: str) -> None:
    status, headers, content = speak(live, "GET", path, Authorization=given)
    assert status == 403
    assert "token" in json.loads(content)["error"]
    assert NASTY.encode() not in content
    assert headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "localhost.", "10.0.0.1", "[::2]", ""],
)
def test_another_hosts_name_is_refused_even_with_the_token(live: Live, host: str) -> None:
    status, _, content = speak(live, "GET", "/api/session", Host=host)
    assert status == 403
    assert "name" in json.loads(content)["error"]


@pytest.mark.parametrize("host", ["127.0.0.1:9000", "localhost:9000", "LOCALHOST", "[::1]:1"])
def test_this_machines_names_are_let_in_behind_any_port(live: Live, host: str) -> None:
    assert speak(live, "GET", "/api/session", Host=host)[0] == 200  # ssh -L 9000:localhost:8642


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:1", "https://localhost"])
def test_another_sites_page_is_refused_even_with_the_token(live: Live, origin: str) -> None:
    assert speak(live, "POST", "/api/pictures", json.dumps(ASKED).encode(), Origin=origin)[0] == 403
    own = f"http://127.0.0.1:{live.port}"
    assert speak(live, "POST", "/api/pictures", json.dumps(ASKED).encode(), Origin=own)[0] == 200


def test_the_page_lets_nothing_in_but_its_own_script_and_style(live: Live) -> None:
    status, headers, content = speak(live, "GET", "/?token=" + live.token, Authorization="")
    policy = headers["content-security-policy"]
    nonce = policy.partition("script-src 'nonce-")[2].partition("'")[0]
    assert status == 200
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    assert content.count(f'nonce="{nonce}"'.encode()) == content.count(b"<script") + content.count(b"<style")
    assert b"{{" not in content
    assert nonce not in speak(live, "GET", "/")[2].decode()  # another one each time
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-frame-options"] == "DENY"


def test_the_session_and_the_schema_are_told(live: Live) -> None:
    session = json.loads(speak(live, "GET", "/api/session")[2])
    assert [row["name"] for row in session["directions"]] == ["azimuth", NASTY, ""]
    assert (session["class"], len(session["classes"]), session["truncation"]) == ("car", 10, 1.0)
    described = json.loads(speak(live, "GET", "/api/schema")[2])
    schemas = described["components"]["schemas"]
    assert set(session) == set(schemas["SessionInfo"]["required"])
    assert set(session["directions"][0]) == set(schemas["DirectionInfo"]["required"])
    assert set(draw(live)[1]) == set(schemas["ImagesInfo"]["required"])


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"class": "moog"}, "mug"),
        ({"class": "x" * 300}, "text of length <= 200"),
        ({"truncation": 2}, "truncation is 2, expected a number <= 1.0"),
        ({"moves": {"9": 1}}, "no direction 9: this set has 3"),
        ({"samples": [99]}, "sample"),
    ],
)
def test_errors_come_as_words(live: Live, changes: dict[str, Any], says: str) -> None:
    status, answer = draw(live, **changes)
    assert status == 400
    assert says in answer["error"]


def test_what_is_no_request_is_answered_in_words(live: Live) -> None:
    too_large = b'{"class": "' + b"x" * 70_000
    for method, path, body, expected in [
        ("POST", "/api/pictures", b"{", 400),
        ("POST", "/api/pictures", too_large, 413),
        ("POST", "/api/name", too_large, 413),
        ("POST", "/api/png", too_large, 413),
        ("POST", "/api/name", b"{", 400),
        ("GET", "/api/name", None, 405),
        ("GET", "/api/pictures", None, 405),
        ("GET", "/../../etc/passwd", None, 404),
        ("GET", "/page.js", None, 404),
    ]:
        status, headers, content = speak(live, method, path, body)
        assert status == expected
        assert json.loads(content)["error"]
        assert headers["x-content-type-options"] == "nosniff"


_opened: list[str] = []
_watching = threading.Event()


def _note_opened(event: str, arguments: tuple[Any, ...]) -> None:
    if _watching.is_set() and event == "open":
        _opened.append(str(arguments[0]))


def test_a_request_opens_no_file_and_another_class_only_the_models(live: Live) -> None:
    def opened_by(**changes: Any) -> list[str]:
        _opened.clear()
        _watching.set()
        status, _ = draw(live, **changes)
        speak(live, "GET", "/")
        _watching.clear()
        assert status == 200
        return list(_opened)

    sys.addaudithook(_note_opened)  # for the rest of the process, asleep
    draw(live, **{"class": "rocket"})
    assert opened_by(moves={"0": -1}, seed=9, **{"class": "rocket"}) == []
    elsewhere = [path for path in opened_by(**{"class": "lamp"}) if not path.endswith("/toybox.safetensors")]
    assert elsewhere == []


class Held:
    """The toybox, which draws once it is let go."""

    def __init__(self) -> None:
        self.toybox = load("car", 1.0)
        self.begun, self.go_on = threading.Event(), threading.Event()
        self.fails = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self.toybox, name)

    def __call__(self, z: torch.Tensor, class_index: torch.Tensor | None = None) -> torch.Tensor:
        self.begun.set()
        assert self.go_on.wait(20)
        if self.fails:
            raise RuntimeError("not enough memory\nC++ frames follow")
        return self.toybox(z, class_index)


def held_load(held: Held) -> Any:
    def load_held(class_name: str, truncation: float) -> Generator:
        return held

    return load_held


def test_stale_requests_are_dropped_and_the_newest_is_drawn() -> None:
    held, answers = Held(), {}
    with serving(make_session(held_load(held))) as live:

        def ask(number: int) -> threading.Thread:
            def wait() -> None:
                answers[number] = draw(live, client="page", number=number)[0]

            thread = threading.Thread(target=wait)
            thread.start()
            return thread

        threads = {1: ask(1)}
        assert held.begun.wait(20)
        threads[5] = ask(5)
        threads[3] = ask(3)  # overtaken on another connection
        threads[3].join(20)
        for number in (6, 7, 8):
            threads[number] = ask(number)
            threads[max(n for n in threads if n < number)].join(20)  # gives its place up at once
        assert 8 not in answers
        held.go_on.set()
        for thread in threads.values():
            thread.join(20)
    assert answers == {1: 200, 3: 204, 5: 204, 6: 204, 7: 204, 8: 200}


def test_what_torch_says_reaches_the_page_in_words() -> None:
    held = Held()
    held.fails = True
    held.go_on.set()
    with serving(make_session(held_load(held))) as live:
        status, answer = draw(live)
    assert status == 500
    assert answer["error"] == "the image could not be drawn: not enough memory"


def test_the_secret_that_starts_a_browser_serves_once() -> None:
    with serving(make_session(), launch="once-only") as live:
        status, headers, _ = speak(live, "GET", "/?launch=once-only", Authorization="")
        assert (status, headers["location"]) == (303, f"/?token={live.token}")
        assert speak(live, "GET", "/?launch=once-only", Authorization="")[0] == 403


def test_without_that_secret_an_empty_one_opens_nothing(live: Live) -> None:
    assert speak(live, "GET", "/?launch=", Authorization="")[0] == 403


def test_a_port_that_is_taken_is_said_in_one_sentence(live: Live) -> None:
    with pytest.raises(UsageError, match=rf"port {live.port}: .*in use.*--port 0"):
        listen("127.0.0.1", live.port)
    with pytest.raises(UsageError, match="65535"):
        listen("127.0.0.1", 70_000)
    with pytest.raises(UsageError, match=r"no address|cannot listen"):
        listen("192.0.2.1", 0)


def test_only_this_machine_is_listened_to_unless_told() -> None:
    assert is_loopback("127.0.0.1")
    assert not is_loopback("0.0.0.0")
    with listen("0.0.0.0", 0) as everywhere:
        address = address_of(everywhere, "0.0.0.0", "token=x")
    assert address.startswith("http://127.0.0.1:")

    async def nothing(*_: Any) -> None: ...

    opened = Gate(nothing, token="t", host="0.0.0.0", names=[socket.gethostname()])
    hosts = {"10.1.2.3:80": True, f"{socket.gethostname()}:80": True, "evil.example": False}
    assert {host: opened._is_here(host) for host in hosts} == hosts
