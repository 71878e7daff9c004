"""The server of the live page: one page and a small API, which write only the names of directions."""

from __future__ import annotations

import asyncio
import base64
import secrets
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from importlib.resources import files
from typing import TYPE_CHECKING, TypeVar

import msgspec
import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from biggan_directions.errors import BigganDirectionsError, GeneratorError, UsageError
from biggan_directions.explore.gate import Gate, is_loopback
from biggan_directions.explore.painter import Painter, Superseded
from biggan_directions.explore.request import ImageRequest, NameRequest
from biggan_directions.explore.schema import ErrorInfo, ImagesInfo, NamesInfo, schema

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request
    from starlette.types import ASGIApp

    from biggan_directions.explore.session import Session

_Drawn = TypeVar("_Drawn")
_LARGEST_BODY = 64 * 1024  # bytes; a thousand moves take some 20 kB


def build_app(session: Session, *, token: str, launch: str | None = None, host: str = "127.0.0.1") -> ASGIApp:
    """The application that serves ``session`` to clients with the ``token``.

    Args:
        session: the directions and generators to explore.
        token: required in every request.
        launch: a secret that opens the page once, in place of the token.
        host: the address that the server will listen on; it determines which host names are accepted.
    """
    page = _page()
    document = schema()
    naming = asyncio.Lock()

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        app.state.painter = Painter(lambda draw, stale: draw(stale))
        yield
        await asyncio.to_thread(app.state.painter.stop)

    async def show_page(request: Request) -> Response:
        nonce = secrets.token_urlsafe(16)
        policy = (
            f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; img-src data:; "
            "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )
        return HTMLResponse(page.replace("{{nonce}}", nonce), headers={"content-security-policy": policy})

    async def show_session(request: Request) -> Response:
        return _json(session.describe())

    async def show_schema(request: Request) -> Response:
        return _json(document)

    async def draw_images(request: Request) -> Response:
        if (answer := await _drawn(request, session.answer)) is None:
            return Response(status_code=204)
        urls = ["data:image/png;base64," + base64.b64encode(item).decode() for item in answer.images]
        return _json(
            ImagesInfo(
                images=urls,
                class_name=answer.class_name,
                truncation=answer.truncation,
                command=answer.command,
                seconds=answer.seconds,
            )
        )

    async def draw_png(request: Request) -> Response:
        if (content := await _drawn(request, session.png)) is None:
            return Response(status_code=204)
        return Response(content, media_type="image/png")

    async def name_direction(request: Request) -> Response:
        asked = NameRequest.from_json(await _body(request))
        async with naming:
            names = await asyncio.to_thread(session.rename, asked.direction, asked.name)
        return _json(NamesInfo(names=names))

    app = Starlette(
        routes=[
            Route("/", show_page),
            Route("/api/session", show_session),
            Route("/api/schema", show_schema),
            Route("/api/images", draw_images, methods=["POST"]),
            Route("/api/png", draw_png, methods=["POST"]),
            Route("/api/name", name_direction, methods=["POST"]),
        ],
        exception_handlers={BigganDirectionsError: _in_words, HTTPException: _in_words},
        lifespan=lifespan,
    )
    names = [] if is_loopback(host) else [socket.gethostname(), f"{socket.gethostname()}.local"]
    return Gate(app, token=token, launch=launch, host=host, names=names)


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens on ``host`` and ``port``; port 0 takes a free one.

    Raises:
        UsageError: the port is taken or not allowed, or this machine has no such address.
    """
    if not 0 <= port <= 65535:
        raise UsageError(f"port must be 0 to 65535, got {port}; 0 takes a free one.")
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listening = socket.socket(family, kind, protocol)
    except (OSError, UnicodeError) as error:
        raise UsageError(f"'{host}' is not an address of this machine: leave out --host.") from error
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen()
    except OSError as error:
        listening.close()
        raise UsageError(
            f"cannot listen on {host}, port {port}: {error.strerror}. "
            "Choose another --port, or --port 0 for a free one."
        ) from error
    return listening


def make_server(session: Session, *, host: str, token: str, launch: str | None = None) -> uvicorn.Server:
    """A server, to be started with ``run(sockets=[…])`` on a socket from :func:`listen`.

    Arguments as in :func:`build_app`. On an interrupt it closes all connections, then raises
    ``KeyboardInterrupt``.
    """
    config = uvicorn.Config(
        build_app(session, token=token, launch=launch, host=host),
        log_level="error",
        access_log=False,  # addresses contain the token
        server_header=False,
        proxy_headers=False,
        lifespan="on",
        timeout_graceful_shutdown=2,
    )
    return uvicorn.Server(config)


def address_of(listening: socket.socket, host: str, query: str) -> str:
    """The address to open in a browser on this machine, or on any if the server listens on one address."""
    port = listening.getsockname()[1]
    name = "127.0.0.1" if host == "0.0.0.0" else "::1" if host == "::" else host
    return f"http://{f'[{name}]' if ':' in name else name}:{port}/?{query}"


async def _drawn(
    request: Request, draw: Callable[[ImageRequest, Callable[[], bool]], _Drawn]
) -> _Drawn | None:
    """The result of ``draw`` in the painter's thread; None if the same client has sent a newer request."""
    asked = ImageRequest.from_json(await _body(request))
    painter: Painter[Callable[[Callable[[], bool]], _Drawn], _Drawn] = request.app.state.painter
    try:
        return await asyncio.wrap_future(painter.submit(asked.client, asked.number, partial(draw, asked)))
    except Superseded:
        return None
    except (RuntimeError, MemoryError) as error:  # from torch, such as out of memory
        reason = str(error).strip().partition("\n")[0] or type(error).__name__
        raise GeneratorError(f"the image could not be drawn: {reason}") from error


def _page() -> str:
    """The page with its style and script, so that the server serves no other files."""
    folder = files("biggan_directions.explore")
    page, style, script, names = (
        folder.joinpath(name).read_text("utf-8")
        for name in ("page.html", "page.css", "page.js", "direction_names.js")
    )
    return page.replace("{{style}}", style).replace("{{script}}", names + script)


async def _body(request: Request) -> bytes:
    content = bytearray()
    async for part in request.stream():
        content += part
        if len(content) > _LARGEST_BODY:
            raise HTTPException(413, f"the request is larger than {_LARGEST_BODY >> 10} kB.")
    return bytes(content)


async def _in_words(request: Request, error: Exception) -> Response:
    if isinstance(error, HTTPException):
        return _json(ErrorInfo(error=str(error.detail)), error.status_code)
    return _json(ErrorInfo(error=str(error)), 400 if isinstance(error, UsageError) else 500)


def _json(content: object, status: int = 200) -> Response:
    return Response(msgspec.json.encode(content), status, media_type="application/json")
