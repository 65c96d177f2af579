"""Where a server says it listens, and how that fits the port Cloud Run asked for.

Cloud Run sends requests to $PORT on the container's outer address (8080 unless the service names another), so a
server on 127.0.0.1 or on another port runs well and is never reached.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from deploy_lib.diagnose.log_rows import PLATFORM, PhysicalLine
from deploy_lib.model.service import DEFAULT_PORT

_WORD = re.compile(r"listen|running on|serving|started|server at|starting", re.IGNORECASE)
_ADDRESS = re.compile(
    r"(?:https?://|tcp://|\bon |\bat |address[ =:]+|\(')?(?<![\w.])(\[?::1?\]?|localhost|(?:\d{1,3}\.){3}\d{1,3}|\*)"
    r"(?::|', | port )(\d{2,5})\b"
)
_PORT_ONLY = re.compile(r"(?:listening|serving|running|started|server)\b.{0,40}?\bport[ :=]+(\d{2,5})\b", re.IGNORECASE)
_EXPECTED = re.compile(r"PORT=(\d{2,5})|on port (\d{2,5})\b")
_LOOPBACK = ("127.", "localhost", "::1", "[::1]")


@dataclass(frozen=True, slots=True)
class Listening:
    """`host` is "" when the line names only a port. `row` is the index of the line."""

    host: str
    port: int
    at: datetime | None
    row: int
    text: str

    @property
    def loopback(self) -> bool:
        """Whether only this container can reach the address."""
        return self.host.startswith(_LOOPBACK)


def found(rows: Sequence[PhysicalLine]) -> Listening | None:
    """The last place a server said it listens."""
    last: Listening | None = None
    for number, row in enumerate(rows):
        text = row.text
        if row.source in PLATFORM or len(text) > 400 or not _WORD.search(text):
            continue
        match = _ADDRESS.search(text)
        if match:
            last = Listening(match[1], int(match[2]), row.at, number, text)
            continue
        alone = _PORT_ONLY.search(text)
        if alone:
            last = Listening("", int(alone[1]), row.at, number, text)
    return last


def expected(port: int | None, messages: Sequence[str]) -> int:
    """The port Cloud Run waits for: as configured, as its message says, or its default."""
    if port:
        return port
    for message in messages:
        match = _EXPECTED.search(message)
        if match:
            return int(match[1] or match[2])
    return DEFAULT_PORT
