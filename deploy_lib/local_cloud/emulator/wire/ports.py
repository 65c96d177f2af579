"""Listening addresses: the loopback host, and ports that are in use."""

from __future__ import annotations

import socket

HOST = "127.0.0.1"
"""All that is served is served here."""


class PortInUse(Exception):
    def __init__(self, port: int) -> None:
        super().__init__(f"port {port} on {HOST} is in use by another program")
        self.port = port


def is_free(port: int) -> bool:
    """Whether a server could listen on it, also right after another one that was killed there."""
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((HOST, port))
        except OSError:
            return False
    return True
