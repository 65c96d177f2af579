"""Plain timestamped lines, for logs and for eyes that read top to bottom."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import TextIO

from deploy_lib.cli.show.words import lines_of
from deploy_lib.model.journal import Entry, Stopped


class Plain:
    """Services are told apart by a column when there are several."""

    def __init__(self, out: TextIO, services: tuple[str, ...]) -> None:
        self._out = out
        self._width = max((len(name) for name in services), default=0) if len(services) > 1 else 0
        self._lock = threading.Lock()

    def entry(self, service: str, entry: Entry) -> None:
        lines = list(lines_of(entry))
        last = len(lines) - 1 if isinstance(entry, Stopped) else -1
        for index, text in enumerate(lines):
            self._write(service, text, stamp=index != last or bool(self._width))

    def line(self, service: str, text: str) -> None:
        self._write(service, f"  {text}")

    def close(self) -> None:
        self._out.flush()

    def _write(self, service: str, text: str, *, stamp: bool = True) -> None:
        column = f"{service:<{self._width}}  " if self._width else ""
        at = f"{datetime.now(UTC):%H:%M:%S}  " if stamp else ""
        with self._lock:
            print(f"{at}{column}{text}", file=self._out, flush=True)
