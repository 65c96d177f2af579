"""The server behind the shim's socket: one command of a build step per connection.

A call ends in one of two ways: the command is done, or whoever asked is gone (the step was cancelled, ran out
of time or was killed). In the second case everything started for the call is stopped at once.
"""

from __future__ import annotations

import json
import socket
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from ...worker import explain, start_worker
from .shim import receive, send

SOCKET_NAME = "commands.sock"
_LARGEST_INPUT = 64 * 1024 * 1024  # bytes of standard input kept for one `docker run -i`


class CommandFailed(Exception):
    """Ends a command with a message on its error output and an exit code."""

    def __init__(self, message: str, code: int = 1) -> None:
        super().__init__(message)
        self.message = message
        self.code = code


@dataclass(slots=True)
class ShimCall:
    """One command as the step gave it. `write` and `complain` send bytes to its two outputs."""

    tool: str
    args: Sequence[str]
    cwd: str
    env: Mapping[str, str]
    write: Callable[[bytes], None]
    complain: Callable[[bytes], None]
    read_input: Callable[[], bytes]
    gone: threading.Event = field(default_factory=threading.Event)
    _enders: list[Callable[[], None]] = field(default_factory=list)

    def say(self, line: str) -> None:
        self.write(line.encode() + b"\n")

    def note(self, line: str) -> None:
        self.complain(line.encode() + b"\n")

    def when_gone(self, end: Callable[[], None]) -> None:
        """Registers what must be stopped when nobody waits for this call any more."""
        self._enders.append(end)
        if self.gone.is_set():
            end()

    def leave(self) -> None:
        self.gone.set()
        for end in list(self._enders):
            end()


Serve = Callable[[ShimCall], int]


class ShimServer:
    """Listens in a directory of its own, to be mounted into the step. `close` ends every call and waits for it."""

    def __init__(self, serve: Serve) -> None:
        self._serve = serve
        # A socket's path may have 108 bytes, so it does not live in the state directory.
        self._directory = tempfile.TemporaryDirectory(prefix="cloud-build-")
        self.directory = Path(self._directory.name)
        self.directory.chmod(0o755)
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(self.directory / SOCKET_NAME))
        (self.directory / SOCKET_NAME).chmod(0o777)  # the step may run as any user
        self._listener.listen()
        self._lock = threading.Lock()
        self._links: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._closed = False
        self._acceptor = start_worker(self._accept, "commands of a step", lambda error: self._listener.close())

    def close(self) -> None:
        with self._lock:
            self._closed = True
            links = list(self._links)
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for link in links:
            with suppress(OSError):
                link.shutdown(socket.SHUT_RDWR)
        self._acceptor.join()
        for thread in self._threads:
            thread.join()
        self._directory.cleanup()

    def _accept(self) -> None:
        while True:
            try:
                link, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                if self._closed:
                    link.close()
                    return
                self._links.add(link)
                self._threads.append(
                    start_worker(partial(self._answer, link), "command of a step", partial(self._refuse, link))
                )

    def _answer(self, link: socket.socket) -> None:
        kind, data = b"", b""
        with suppress(OSError):  # the step is gone before it asked
            kind, data = receive(link)
        if kind == b"c":
            _carry_out(self._serve, link, json.loads(data))
        self._let_go(link)

    def _refuse(self, link: socket.socket, error: Exception) -> None:
        """What cannot be carried out is answered as Docker answers a fault of its own."""
        with suppress(OSError):
            send(link, b"e", f"{explain(error)}\n".encode())
            send(link, b"x", b"125")
        self._let_go(link)

    def _let_go(self, link: socket.socket) -> None:
        with self._lock:
            self._links.discard(link)
        with suppress(OSError):  # wakes whoever still reads; closing alone would not
            link.shutdown(socket.SHUT_RDWR)
        link.close()


def _carry_out(serve: Serve, link: socket.socket, asked: dict[str, object]) -> None:
    writing = threading.Lock()
    incoming, complete = bytearray(), threading.Event()

    def emit(kind: bytes, data: bytes) -> None:
        with writing, suppress(OSError):
            send(link, kind, data)

    def read_input() -> bytes:
        emit(b"i", b"")
        complete.wait()
        if len(incoming) > _LARGEST_INPUT:
            raise CommandFailed(f"standard input is longer than {_LARGEST_INPUT} bytes")
        return bytes(incoming)

    def listen() -> None:
        while True:
            try:
                kind, data = receive(link)
            except OSError:
                kind, data = b"", b""
            if kind == b"i" and len(incoming) <= _LARGEST_INPUT:
                incoming.extend(data)
            elif kind == b"z":
                complete.set()
            elif not kind:
                complete.set()
                call.leave()
                return

    call = ShimCall(
        tool=str(asked["tool"]),
        args=[str(arg) for arg in _sequence(asked["args"])],
        cwd=str(asked["cwd"]),
        env=_environment(asked["env"]),
        write=lambda data: emit(b"o", data),
        complain=lambda data: emit(b"e", data),
        read_input=read_input,
    )

    def leave(error: Exception) -> None:
        complete.set()
        call.leave()

    listener = start_worker(listen, "input of a command", leave)
    try:
        code = serve(call)
    except CommandFailed as failure:
        call.note(failure.message)
        code = failure.code
    emit(b"x", str(code).encode())
    with suppress(OSError):
        link.shutdown(socket.SHUT_RDWR)
    listener.join()


def _sequence(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _environment(value: object) -> dict[str, str]:
    return {str(k): str(v) for k, v in value.items()} if isinstance(value, dict) else {}
