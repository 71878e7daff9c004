"""Access control of the live page: only a browser with the token, at the address of this server."""

from __future__ import annotations

import hmac
import ipaddress
import json
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})

_HEADERS = {
    b"cache-control": b"no-store",
    b"cross-origin-opener-policy": b"same-origin",
    b"cross-origin-resource-policy": b"same-origin",
    b"referrer-policy": b"no-referrer",  # the page's address holds the token
    b"x-content-type-options": b"nosniff",
    b"x-frame-options": b"DENY",
}


class Gate:
    """Answers unauthorised requests with 403 and a reason, before their body is read.

    It refuses requests with

    - a ``Host`` that is not this server's: another site's name that resolves to this machine (DNS rebinding);
    - an ``Origin`` that is not this server's: another site's page in the same browser;
    - no token, or a wrong one: another user or program of this machine. The token is sent as
      ``Authorization: Bearer`` or, for the page itself, in the address. There is no cookie, because other
      ports of this machine would receive it as well.

    ``launch`` is a second secret that can be used once and redirects to the page. It is needed because the
    command that starts a browser is in the list of processes, which other users of this machine may read.

    Args:
        app: the application to protect.
        token: the secret that every request must contain.
        host: the address that the server listens on.
        launch: the secret that can be used once.
        names: further names of this machine, if the server listens to the network.
    """

    def __init__(
        self, app: ASGIApp, *, token: str, host: str, launch: str | None = None, names: Collection[str] = ()
    ) -> None:
        self._app, self._token = app, token.encode()
        self._launch = None if launch is None else launch.encode()
        self._names = _LOOPBACK_NAMES | {host.lower()} | {name.lower() for name in names}
        self._any_address = not is_loopback(host)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it with the reason for refusing it."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", []), *_HEADERS.items()]
            await send(message)

        async def answer(status: int, headers: Mapping[bytes, bytes], body: bytes) -> None:
            length = (b"content-length", str(len(body)).encode())
            start = {"type": "http.response.start", "status": status, "headers": [*headers.items(), length]}
            await with_headers(start)
            await with_headers({"type": "http.response.body", "body": body})

        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        headers: dict[bytes, bytes] = dict(scope["headers"])
        refusal = self._stranger(headers)
        if refusal is None and self._launches(scope["query_string"]):
            await answer(303, {b"location": b"/?token=" + self._token}, b"")
            return
        refusal = refusal or self._unknown(headers, scope["query_string"])
        if refusal is None:
            await self._app(scope, receive, with_headers)
        else:
            await answer(403, {b"content-type": b"application/json"}, json.dumps({"error": refusal}).encode())

    def _launches(self, query: bytes) -> bool:
        """Whether the request has the launch secret, which this call uses up."""
        given = parse_qs(query).get(b"launch", [b""])[0]
        if self._launch is None or not hmac.compare_digest(given, self._launch):
            return False
        self._launch = None
        return True

    def _stranger(self, headers: Mapping[bytes, bytes]) -> str | None:
        """The reason if a request is not for this server or not from its page."""
        host = headers.get(b"host", b"").decode("latin-1")
        if not self._is_here(host):
            return "the host name is not this server's: open the address that biggan-directions printed."
        origin = headers.get(b"origin")
        if origin is not None and origin.decode("latin-1").lower() != f"http://{host}".lower():
            return "the request comes from another site's page."
        return None

    def _unknown(self, headers: Mapping[bytes, bytes], query: bytes) -> str | None:
        """The reason if a request has no valid token."""
        kind, _, given = headers.get(b"authorization", b"").partition(b" ")
        if kind.lower() != b"bearer":
            given = parse_qs(query).get(b"token", [b""])[0]
        if not hmac.compare_digest(given, self._token):
            return (
                "the token is missing or is not this server's: open the address that biggan-directions "
                "printed when it was last started."
            )
        return None

    def _is_here(self, host: str) -> bool:
        """Whether ``Host`` names this machine; any IP address does if the server listens to the network.

        IP addresses cannot be used for DNS rebinding.
        """
        name = _without_port(host)
        return name in self._names or (self._any_address and _is_address(name))


def is_loopback(host: str) -> bool:
    """Whether a server that listens on ``host`` can be reached only from this machine.

    >>> is_loopback("127.0.0.1"), is_loopback("localhost"), is_loopback("0.0.0.0")
    (True, True, False)
    """
    return host.lower() == "localhost" or (_is_address(host) and ipaddress.ip_address(host).is_loopback)


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _without_port(host: str) -> str:
    """The host name of a ``Host`` header.

    >>> _without_port("LocalHost:8642"), _without_port("[::1]:8642")
    ('localhost', '::1')
    """
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.partition(":")[0].lower()
