"""A port that cannot be had, told so that a person knows what to change."""

from __future__ import annotations


class PortInUse(Exception):
    def __init__(self, port: int) -> None:
        super().__init__(f"port {port} on 127.0.0.1 is in use by another program")
        self.port = port
