"""A small HTTP server on localhost that serves files, and misbehaves where a test asks it to."""

import hashlib
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HUB_ROUTE = re.compile(r"^/(?P<repo>[^/]+/[^/]+)/resolve/(?P<revision>[^/]+)/(?P<name>[^/]+)$")


@dataclass
class FileServer:
    """What is served, how it misbehaves, and what was asked of it."""

    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    """Body by path; a path that is absent is a 404."""
    commit: str = "0" * 40
    """What it calls the revision of a file at a Hub address."""
    linked_etag: str = ""
    """What it calls a large file at a Hub address, in place of its checksum."""
    ranges: bool = True
    """Whether it understands Range."""
    most_of_a_range: int = 10**9
    """However much is asked for by Range, it sends no more than this."""
    range_shift: int = 0
    """However much is asked for by Range, what it sends begins this many bytes later."""
    etags: bool = True
    etag: str = ""
    """What it calls every version of every file, in place of a checksum."""
    content_type: str = ""
    break_after: list[int] = field(default_factory=list)
    """For each of the next requests of a body: close the connection after this many bytes of it."""
    stall_after: list[int] = field(default_factory=list)
    """For each of the next requests of a body: send no more after this many bytes of it."""
    statuses: list[int] = field(default_factory=list)
    """For each of the next requests: answer with this instead."""
    pause_s: float = 0.0
    closing: threading.Event = field(default_factory=threading.Event)
    requests: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)

    def asked(self, ending: str = "/file") -> list[str | None]:
        """What was asked for by Range in each request of the body of a path that ends like this."""
        got = (headers for verb, path, headers in self.requests if verb == "GET" and path.endswith(ending))
        return [headers.get("Range") for headers in got]


def _handler(server: FileServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: object) -> None:
            pass

        def do_HEAD(self) -> None:
            self._answer(with_body=False)

        def do_GET(self) -> None:
            self._answer(with_body=True)

        def _answer(self, *, with_body: bool) -> None:
            server.requests.append((self.command, self.path, dict(self.headers)))
            if server.statuses:
                self._end(server.statuses.pop(0), {"Content-Length": "0"})
                return
            body = server.files.get(self.path)
            if body is None:
                self._end(404, {"Content-Length": "0"})
                return
            digest = hashlib.sha256(body).hexdigest()
            headers = {"ETag": server.etag or f'"{digest}"'} if server.etags else {}
            if server.content_type:
                headers["Content-Type"] = server.content_type
            if hub := HUB_ROUTE.match(self.path):
                headers["X-Repo-Commit"] = server.commit
                if not hub["name"].endswith(".json"):
                    headers |= {
                        "X-Linked-Etag": f'"{server.linked_etag or digest}"',
                        "X-Linked-Size": str(len(body)),
                    }
            status, first, end = 200, 0, len(body)
            if server.ranges and (asked := re.match(r"bytes=(\d+)-$", self.headers.get("Range", ""))):
                if self.headers.get("If-Range") in {None, headers.get("ETag")}:
                    status, first = 206, int(asked[1]) + server.range_shift
                    end = min(end, first + server.most_of_a_range)
                    headers["Content-Range"] = f"bytes {first}-{end - 1}/{len(body)}"
                if first >= len(body):
                    self._end(416, {"Content-Range": f"bytes */{len(body)}", "Content-Length": "0"})
                    return
            self._end(status, {**headers, "Content-Length": str(end - first)})
            if with_body:
                self._send(body[first:end])

        def _send(self, body: bytes) -> None:
            threading.Event().wait(server.pause_s)
            if server.break_after:
                self.wfile.write(body[: server.break_after.pop(0)])
                self.wfile.flush()
                self.close_connection = True
                self.connection.shutdown(2)
                return
            if server.stall_after:
                self.wfile.write(body[: server.stall_after.pop(0)])
                server.closing.wait()
                return
            self.wfile.write(body)

        def _end(self, status: int, headers: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()

    return Handler


class _QuietServer(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away in the middle is what some tests are about."""


@contextmanager
def serve(**settings: object) -> Iterator[FileServer]:
    """A server for the length of a with block."""
    server = FileServer(**settings)  # type: ignore[arg-type]
    http = _QuietServer(("127.0.0.1", 0), _handler(server))
    server.url = f"http://127.0.0.1:{http.server_address[1]}"
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.closing.set()
        http.shutdown()
        http.server_close()
        thread.join()
