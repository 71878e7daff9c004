"""Who is let in: by token, by name, from this machine's own page; spoken to as a stranger might."""

import json
import socket
from typing import Any

import pytest

from biggan_directions.explore.gate import Gate, is_loopback
from tests.explore.conftest import ASKED, NASTY, Live, make_session, serving


@pytest.mark.parametrize(
    "path", ["/", "/api/session", "/api/schema", "/api/images", "/api/png", "/api/name", "/nothing"]
)
@pytest.mark.parametrize("given", ["", "Bearer", "Bearer wrong", "Bearer a-token-of-this-tesT", "Basic a:b"])
def test_nothing_is_had_without_the_token(live: Live, path: str, given: str) -> None:
    status, headers, content = live.ask("GET", path, Authorization=given)
    assert status == 403
    assert "token" in json.loads(content)["error"]
    assert NASTY.encode() not in content
    assert headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "localhost.", "10.0.0.1", "[::2]", ""],
)
def test_another_hosts_name_is_refused_even_with_the_token(live: Live, host: str) -> None:
    status, _, content = live.ask("GET", "/api/session", Host=host)
    assert status == 403
    assert "name" in json.loads(content)["error"]


@pytest.mark.parametrize("host", ["127.0.0.1:9000", "localhost:9000", "LOCALHOST", "[::1]:1"])
def test_this_machines_names_are_let_in_behind_any_port(live: Live, host: str) -> None:
    assert live.ask("GET", "/api/session", Host=host)[0] == 200  # ssh -L 9000:localhost:8642


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:1", "https://localhost"])
def test_another_sites_page_is_refused_even_with_the_token(live: Live, origin: str) -> None:
    asked = json.dumps(ASKED).encode()
    assert live.ask("POST", "/api/images", asked, Origin=origin)[0] == 403
    own = f"http://127.0.0.1:{live.port}"
    assert live.ask("POST", "/api/images", asked, Origin=own)[0] == 200


def test_the_secret_that_starts_a_browser_serves_once() -> None:
    with serving(make_session(), launch="once-only") as live:
        status, headers, _ = live.ask("GET", "/?launch=once-only", Authorization="")
        assert (status, headers["location"]) == (303, f"/?token={live.token}")
        assert live.ask("GET", "/?launch=once-only", Authorization="")[0] == 403


def test_without_that_secret_an_empty_one_opens_nothing(live: Live) -> None:
    assert live.ask("GET", "/?launch=", Authorization="")[0] == 403


def test_only_this_machine_is_listened_to_unless_told() -> None:
    assert is_loopback("127.0.0.1")
    assert not is_loopback("0.0.0.0")

    async def nothing(*_: Any) -> None: ...

    opened = Gate(nothing, token="t", host="0.0.0.0", names=[socket.gethostname()])
    hosts = {"10.1.2.3:80": True, f"{socket.gethostname()}:80": True, "evil.example": False}
    assert {host: opened._is_here(host) for host in hosts} == hosts
