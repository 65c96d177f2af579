#!/usr/local/bin/python3 -IS
"""Stands in for `docker`, `gsutil` and `gcloud` inside a build step.

It passes its arguments, directory, environment and input over a socket in a mounted directory, and gives back
what comes: output, errors, exit code. It runs in the step's container, so it is one file and needs the
standard library alone. When it dies, the other end sees the socket close and ends the work.

One frame is a kind (1 byte), a length (4 bytes, big endian) and that many bytes. From here: `c` the call as
JSON, `i` input, `z` end of input. To here: `i` input is wanted, `o` output, `e` errors, `x` the exit code.
"""

import contextlib
import json
import os
import signal
import socket
import struct
import sys
import threading

SOCKET = "/builder/local-cloud/commands.sock"
_HEAD = struct.Struct(">cI")
_CHUNK = 64 * 1024


def send(link: socket.socket, kind: bytes, data: bytes = b"") -> None:
    link.sendall(_HEAD.pack(kind, len(data)) + data)


def receive(link: socket.socket) -> "tuple[bytes, bytes]":
    """One frame; kind b"" when the other end is gone."""
    head = _exactly(link, _HEAD.size)
    if not head:
        return b"", b""
    kind, size = _HEAD.unpack(head)
    data = _exactly(link, size)
    return (kind, data) if len(data) == size else (b"", b"")


def _exactly(link: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        chunk = link.recv(size - len(data))
        if not chunk:
            return b""
        data += chunk
    return data


def main() -> int:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    tool = sys.argv[0].rpartition("/")[2]
    link = socket.socket(socket.AF_UNIX)
    try:
        link.connect(SOCKET)
    except OSError as error:
        print(f"{tool}: the local cloud does not answer on {SOCKET}: {error}", file=sys.stderr)
        return 125
    where = os.getcwd()  # noqa: PTH109 - pathlib would double the start-up time
    call = {"tool": tool, "args": sys.argv[1:], "cwd": where, "env": dict(os.environ)}
    send(link, b"c", json.dumps(call).encode())
    try:
        return follow(tool, link)
    except BrokenPipeError:  # whoever read our output has enough
        return 141


def follow(tool: str, link: socket.socket) -> int:
    while True:
        kind, data = receive(link)
        if kind == b"o":
            sys.stdout.buffer.write(data)
            sys.stdout.buffer.flush()
        elif kind == b"e":
            sys.stderr.buffer.write(data)
            sys.stderr.buffer.flush()
        elif kind == b"i":
            threading.Thread(target=_pass_input, args=(link,), daemon=True).start()
        elif kind == b"x":
            return int(data)
        else:
            print(f"{tool}: the local cloud ended in the middle of the command", file=sys.stderr)
            return 125


def _pass_input(link: socket.socket) -> None:
    with contextlib.suppress(OSError):  # a closed input is an empty one
        while chunk := os.read(0, _CHUNK):
            send(link, b"i", chunk)
    with contextlib.suppress(OSError):  # a closed link is seen by the main thread
        send(link, b"z")


if __name__ == "__main__":
    sys.exit(main())
