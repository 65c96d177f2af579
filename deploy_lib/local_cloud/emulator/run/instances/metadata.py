"""One instance's metadata server: serves its code at a socket that was opened in its network.

One question after the other: they are answered in less than a millisecond, and only the instance itself asks.
"""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Mapping

from ....metadata_server import respond
from ....worker import start_worker, unheard
from ...wire import tokens

METADATA_NAME = "metadata.google.internal"
_PATIENCE = 1.0  # seconds for one question to arrive
_LONGEST = 16 * 1024  # bytes of its head


class MetadataServer:
    """Serves from its making until `close`. `about` is what `respond` is told."""

    def __init__(self, listener: socket.socket, about: Mapping[str, str]) -> None:
        self._listener, self._about = listener, dict(about)
        start_worker(self._serve, f"metadata-{about['instance'][:8]}", unheard)

    def _sign(self, audience: str) -> str:
        """Of the account that the revision runs as, known at the local cloud alone."""
        account = self._about["account"]
        return tokens.identity_token(account, audience) if audience else tokens.access_token(account)

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # ends the wait for the next one
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection, contextlib.suppress(OSError):
                connection.settimeout(_PATIENCE)
                head = _read_head(connection)
                connection.sendall(respond(head, self._about, time.time(), self._sign))


def _read_head(connection: socket.socket) -> str:
    head = b""
    while b"\r\n\r\n" not in head and len(head) < _LONGEST:
        data = connection.recv(4096)
        if not data:
            break
        head += data
    return head.decode("latin-1")
