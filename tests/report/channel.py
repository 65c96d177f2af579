"""A chat channel to send to: a small server on loopback that keeps what it was told."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@contextmanager
def channel(
    status: int = 200, headers: dict[str, str] | None = None, delay: float = 0.0
) -> Iterator[tuple[str, list[bytes]]]:
    """A server that takes messages; its address with a secret path, and the bodies it got."""
    got: list[bytes] = []
    release = threading.Event()

    class Taker(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append(self.rfile.read(int(self.headers["Content-Length"])))
            release.wait(delay)
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    with _serving(Taker) as url:
        try:
            yield f"{url}/services/pl4nted-path", got
        finally:
            release.set()


@dataclass(frozen=True, slots=True)
class Asked:
    """One POST that a service got."""

    path: str
    token: str
    body: dict[str, Any]


@contextmanager
def service(*answers: dict[str, Any], status: int = 200) -> Iterator[tuple[str, list[Asked]]]:
    """Another kind of server: an API of JSON that gives these answers in turn, the last one for ever."""
    got: list[Asked] = []

    class Answers(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            answer = json.dumps(answers[min(len(got), len(answers) - 1)]).encode()
            got.append(Asked(self.path, self.headers.get("Authorization", ""), body))
            self.send_response(status)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with _serving(Answers) as url:
        yield url, got


@contextmanager
def _serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """The URL of a server in a thread."""
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()
