"""Asks a PostgreSQL database one question at a time, in its own protocol: so the example needs no driver.

A real service takes a driver. This one knows only what an example needs: no TLS, no password or one in clear text, and
answers as text. https://www.postgresql.org/docs/current/protocol-message-formats.html
"""

from __future__ import annotations

import socket
import struct
from typing import BinaryIO
from urllib.parse import unquote, urlsplit

_TIMEOUT = 10.0  # seconds
_VERSION = 196608  # 3.0
_PASSWORD = 3


class DatabaseError(Exception):
    """What the database answers instead of rows, in its own words."""


def ask(url: str, question: str) -> list[list[str | None]]:
    """The rows that `question` gives, every value as text. `url` is postgresql://USER[:PASSWORD]@HOST:PORT/DATABASE.

    Raises DatabaseError, and OSError when the database cannot be reached.
    """
    parts = urlsplit(url)
    user, name = unquote(parts.username or "postgres"), parts.path.strip("/") or "postgres"
    with socket.create_connection((parts.hostname or "127.0.0.1", parts.port or 5432), _TIMEOUT) as connection:
        head = b"".join(word.encode() + b"\0" for word in ("user", user, "database", name)) + b"\0"
        connection.sendall(struct.pack("!II", len(head) + 8, _VERSION) + head)
        with connection.makefile("rb") as stream:
            _read(stream, connection, unquote(parts.password or ""))
            connection.sendall(_message(b"Q", question.encode() + b"\0"))
            rows = _read(stream, connection, "")
        connection.sendall(_message(b"X", b""))
    return rows


def _read(stream: BinaryIO, connection: socket.socket, password: str) -> list[list[str | None]]:
    """Until it is ready for the next question."""
    rows: list[list[str | None]] = []
    error = ""
    while True:
        head = stream.read(5)
        if len(head) < 5:
            raise DatabaseError(error or "the database closed the connection")
        kind, body = head[:1], stream.read(struct.unpack("!I", head[1:])[0] - 4)
        if kind == b"R" and (wanted := struct.unpack("!I", body[:4])[0]):
            if wanted != _PASSWORD:
                raise DatabaseError(f"the database asks for authentication of kind {wanted}")
            connection.sendall(_message(b"p", password.encode() + b"\0"))
        elif kind == b"D":
            rows.append(_row(body))
        elif kind == b"E":
            fields = {text[:1]: text[1:].decode() for text in body.split(b"\0") if text}
            error = fields.get(b"M", "unknown error")
        elif kind == b"Z":
            if error:
                raise DatabaseError(error)
            return rows


def _row(body: bytes) -> list[str | None]:
    values: list[str | None] = []
    at = 2
    for _ in range(struct.unpack("!H", body[:2])[0]):
        (length,) = struct.unpack("!i", body[at : at + 4])
        at += 4
        values.append(None if length < 0 else body[at : at + length].decode())
        at += max(length, 0)
    return values


def _message(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("!I", len(body) + 4) + body
