"""What the real server on localhost answers."""

import base64
import hashlib
import json
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from biggan_directions.directions import Directions
from biggan_directions.errors import UsageError
from biggan_directions.explore import ImageRequest
from biggan_directions.explore.server import address_of, listen
from biggan_directions.runs.folder import held
from tests.explore.conftest import ASKED, NASTY, Live, Watched, make_session, serving, toybox_directions


def test_pictures_come_as_png_with_the_command_that_makes_them(live: Live) -> None:
    status, answer = live.draw(samples=[0, 2])
    assert status == 200
    images = [base64.b64decode(url.removeprefix("data:image/png;base64,")) for url in answer["images"]]
    assert [image[:8] for image in images] == [b"\x89PNG\r\n\x1a\n"] * 2
    assert answer["command"].startswith("biggan-directions edit 'my directions.pt' --class car --seed 0")
    assert live.draw(samples=[0, 2], moves={})[1]["images"] != answer["images"]


def test_the_png_is_the_sessions_own(live: Live) -> None:
    asked = {**ASKED, "samples": [0, 2]}
    status, headers, content = live.ask("POST", "/api/png", json.dumps(asked).encode())
    assert (status, headers["content-type"]) == (200, "image/png")
    assert content == make_session().png(ImageRequest.from_json(json.dumps(asked).encode()))
    assert live.ask("POST", "/api/png", b'{"class": "moog", "truncation": 1}')[0] == 400


def test_a_name_is_written_into_the_file_and_told_from_then_on(tmp_path: Path) -> None:
    path = tmp_path / "directions.pt"
    toybox_directions().save(path)
    body = json.dumps({"direction": 2, "name": "wheels"}).encode()
    with serving(make_session(path=str(path))) as live:
        for stranger in ({"Authorization": ""}, {"Origin": "http://evil.example"}, {"Host": "evil.example"}):
            assert live.ask("POST", "/api/name", body, **stranger)[0] == 403
        assert Directions.load(path).names[2] == ""
        assert live.post("name", direction=2, name="wheels") == (200, {"names": ["azimuth", NASTY, "wheels"]})
        assert Directions.load(path).names == ("azimuth", NASTY, "wheels")
        told = json.loads(live.ask("GET", "/api/session")[2])
        assert [row["name"] for row in told["directions"]] == ["azimuth", NASTY, "wheels"]
        status, _, content = live.ask("POST", "/api/png", json.dumps(ASKED).encode())
        assert status == 200
        assert hashlib.sha256(path.read_bytes()).hexdigest().encode() in content  # the file as it is now
        with held(tmp_path):
            status, answer = live.post("name", direction=2, name="turn")
        assert (status, answer["error"][:35]) == (500, "another run is writing into " + str(tmp_path)[:7])
        for asked, says in [
            ({"direction": 3, "name": "x"}, "there is no direction 3"),
            ({"direction": 0, "name": "wheels"}, "direction 2 is named 'wheels' already"),
            ({"direction": 0, "name": "12"}, "'12' is a number"),
        ]:
            status, answer = live.post("name", **asked)
            assert (status, says in answer["error"]) == (400, True)
        assert Directions.load(path).names == ("azimuth", NASTY, "wheels")
        assert live.post("name", direction=0, name="a\ud800\u202e\x1b")[1]["names"][0] == "a" + 3 * "\ufffd"
        path.unlink()
        assert live.post("name", direction=2, name="turn")[0] == 500
        assert list(tmp_path.iterdir()) == []


def test_names_given_at_once_are_all_kept(tmp_path: Path) -> None:
    path = tmp_path / "directions.pt"
    toybox_directions().save(path)
    with serving(make_session(path=str(path))) as live, ThreadPoolExecutor(3) as threads:
        answers = list(threads.map(lambda at: live.post("name", direction=at, name=f"n{at}")[0], range(3)))
    assert answers == [200] * 3
    assert Directions.load(path).names == ("n0", "n1", "n2")


def test_the_page_lets_nothing_in_but_its_own_script_and_style(live: Live) -> None:
    status, headers, content = live.ask("GET", "/?token=" + live.token, Authorization="")
    policy = headers["content-security-policy"]
    nonce = policy.partition("script-src 'nonce-")[2].partition("'")[0]
    assert status == 200
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    assert content.count(f'nonce="{nonce}"'.encode()) == content.count(b"<script") + content.count(b"<style")
    assert b"{{" not in content
    assert nonce not in live.ask("GET", "/")[2].decode()  # another one each time
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-frame-options"] == "DENY"


def test_the_session_and_the_schema_are_told(live: Live) -> None:
    session = json.loads(live.ask("GET", "/api/session")[2])
    assert [row["name"] for row in session["directions"]] == ["azimuth", NASTY, ""]
    assert (session["class"], len(session["classes"]), session["truncation"]) == ("car", 10, 1.0)
    described = json.loads(live.ask("GET", "/api/schema")[2])
    schemas = described["components"]["schemas"]
    assert set(session) == set(schemas["SessionInfo"]["required"])
    assert set(session["directions"][0]) == set(schemas["DirectionInfo"]["required"])
    assert set(live.draw()[1]) == set(schemas["ImagesInfo"]["required"])


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
    status, answer = live.draw(**changes)
    assert status == 400
    assert says in answer["error"]


def test_what_is_no_request_is_answered_in_words(live: Live) -> None:
    too_large = b'{"class": "' + b"x" * 70_000
    for method, path, body, expected in [
        ("POST", "/api/images", b"{", 400),
        ("POST", "/api/images", too_large, 413),
        ("POST", "/api/name", too_large, 413),
        ("POST", "/api/png", too_large, 413),
        ("POST", "/api/name", b"{", 400),
        ("GET", "/api/name", None, 405),
        ("GET", "/api/images", None, 405),
        ("GET", "/../../etc/passwd", None, 404),
        ("GET", "/page.js", None, 404),
    ]:
        status, headers, content = live.ask(method, path, body)
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
        status, _ = live.draw(**changes)
        live.ask("GET", "/")
        _watching.clear()
        assert status == 200
        return list(_opened)

    sys.addaudithook(_note_opened)  # for the rest of the process, asleep
    live.draw(**{"class": "rocket"})
    assert opened_by(moves={"0": -1}, seed=9, **{"class": "rocket"}) == []
    elsewhere = [path for path in opened_by(**{"class": "lamp"}) if not path.endswith("/toybox.safetensors")]
    assert elsewhere == []


def test_stale_requests_are_dropped_and_the_newest_is_drawn() -> None:
    begun, go_on, answers = threading.Event(), threading.Event(), {}

    def hold(_: int) -> None:
        begun.set()
        assert go_on.wait(20)

    held = Watched(hold)
    with serving(make_session(lambda *_: held)) as live:

        def ask(number: int) -> threading.Thread:
            def wait() -> None:
                answers[number] = live.draw(client="page", number=number)[0]

            thread = threading.Thread(target=wait)
            thread.start()
            return thread

        threads = {1: ask(1)}
        assert begun.wait(20)
        threads[5] = ask(5)
        threads[3] = ask(3)  # overtaken on another connection
        threads[3].join(20)
        for number in (6, 7, 8):
            threads[number] = ask(number)
            threads[max(n for n in threads if n < number)].join(20)  # gives its place up at once
        assert 8 not in answers
        go_on.set()
        for thread in threads.values():
            thread.join(20)
    assert answers == {1: 200, 3: 204, 5: 204, 6: 204, 7: 204, 8: 200}


def test_what_torch_says_reaches_the_page_in_words() -> None:
    def fail(_: int) -> None:
        raise RuntimeError("not enough memory\nC++ frames follow")

    failing = Watched(fail)
    with serving(make_session(lambda *_: failing)) as live:
        status, answer = live.draw()
    assert status == 500
    assert answer["error"] == "the image could not be drawn: not enough memory"


def test_an_address_that_cannot_be_had_is_said_in_one_sentence(live: Live) -> None:
    with pytest.raises(UsageError, match=rf"port {live.port}: .*in use.*--port 0"):
        listen("127.0.0.1", live.port)
    with pytest.raises(UsageError, match="65535"):
        listen("127.0.0.1", 70_000)
    with pytest.raises(UsageError, match=r"no address|cannot listen"):
        listen("192.0.2.1", 0)
    with listen("0.0.0.0", 0) as everywhere:
        assert address_of(everywhere, "0.0.0.0", "token=x").startswith("http://127.0.0.1:")
