"""Serve the live page, which has a slider for every direction."""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from biggan_directions.commands.completion import complete_class, complete_directions
from biggan_directions.commands.opening import (
    at_layers,
    facts_of,
    generator_of,
    load_for,
    newest,
    note_other_weights,
    open_directions,
    options_of,
    subject,
)
from biggan_directions.commands.options import Device, OfLayers, OfModel, Placed
from biggan_directions.commands.terminal import err, out
from biggan_directions.errors import UsageError

if TYPE_CHECKING:
    from biggan_directions.directions import Directions
    from biggan_directions.generators import Generator


def has_desktop(environment: Mapping[str, str], platform: str) -> bool:
    """Whether the user sees a browser that this machine opens: there is a screen, and no ssh connection.

    >>> has_desktop({"DISPLAY": ":0"}, "linux"), has_desktop({"DISPLAY": ":0", "SSH_TTY": "x"}, "linux")
    (True, False)
    """
    if any(name in environment for name in ("SSH_CONNECTION", "SSH_TTY")):
        return False
    return platform in {"darwin", "win32"} or any(
        environment.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY")
    )


def explore(
    path: Annotated[
        Path | None,
        typer.Argument(
            help="File of directions, or published:NAME. Default: the newest under outputs/.",
            autocompletion=complete_directions,
        ),
    ] = None,
    class_name: Annotated[
        str | None,
        typer.Option(
            "--class",
            help="Class to start with. Default: the first in the file.",
            autocompletion=complete_class,
        ),
    ] = None,
    model: OfModel = None,
    search_space: Placed = "all",
    layers: OfLayers = None,
    truncation: Annotated[
        float | None, typer.Option(help="Truncation to start with. Default: the one in the file.")
    ] = None,
    device: Device = "auto",
    host: Annotated[
        str, typer.Option(help="Address to listen on; any other opens the page to the network.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on; 0 takes a free one.")] = 8642,
    browser: Annotated[
        bool | None, typer.Option(help="Open the page in a browser. Default: only on a desktop.")
    ] = None,
) -> None:
    """Move images along all directions with sliders in the browser."""
    if any(find_spec(needed) is None for needed in ("starlette", "uvicorn")):
        raise UsageError("explore needs starlette and uvicorn: pip install 'biggan-directions[explore]'")
    from biggan_directions.explore import server
    from biggan_directions.explore.gate import is_loopback
    from biggan_directions.explore.session import Session
    from biggan_directions.published.reference import content_sha256, named_set
    from biggan_directions.runs.naming import rename

    path = path or newest()
    found = open_directions(path, model, search_space)
    name, classes = subject(found, path, model, None if class_name is None else [class_name])
    with server.listen(host, port) as listening:
        first = load_for(found, name, classes and classes[:1], truncation, device)
        note_other_weights(found, path, first)
        found = at_layers(found, first, layers)

        def of_class(wanted: str, at: float) -> Generator:
            return generator_of(name, [wanted], at, device)

        def name_in_file(names: dict[int, str]) -> tuple[Directions, str]:
            renamed = rename(path, names, expected=found.directions)
            return renamed.at(found.layers), content_sha256(path)

        session = Session(
            found,
            of_class,
            path=str(path),
            first=first,
            table=facts_of(name).classes,
            options=options_of(model, search_space, device, layers),
            sha256=content_sha256(path),
            rename=name_in_file if named_set(path) is None else None,
        )
        token, launch = secrets.token_urlsafe(24), secrets.token_urlsafe(24)
        if not is_loopback(host):
            err.print(
                f"note: --host {host} opens this page to every machine that can reach this one. Anyone who "
                "has the address with its token can use the page, and the connection is not encrypted. On "
                "another machine, open the address with this machine's name as its host",
                markup=False,
                soft_wrap=True,
            )
        out.print(server.address_of(listening, host, f"token={token}"), markup=False, soft_wrap=True)
        err.print("press Ctrl-C to stop the server", soft_wrap=True)
        if has_desktop(os.environ, sys.platform) if browser is None else browser:
            import webbrowser

            webbrowser.open(server.address_of(listening, host, f"launch={launch}"))
        server.make_server(session, host=host, token=token, launch=launch).run(sockets=[listening])
