"""One JSON event per line: each journal entry as it is written, and each line of progress."""

from __future__ import annotations

import json
import threading
from typing import TextIO

from deploy_lib.journal import encode
from deploy_lib.model.journal import Entry, Stopped


class Events:
    """Every event has "service" and "type"; the last of a service is "stopped" and carries "exit_code"."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._lock = threading.Lock()

    def entry(self, service: str, entry: Entry) -> None:
        event = {"service": service, **json.loads(encode(entry))}
        if isinstance(entry, Stopped):
            event["exit_code"] = entry.outcome.exit_code
        self._write(event)

    def line(self, service: str, text: str) -> None:
        self._write({"service": service, "type": "progress", "text": text})

    def close(self) -> None:
        self._out.flush()

    def _write(self, event: dict[str, object]) -> None:
        with self._lock:
            print(json.dumps(event), file=self._out, flush=True)
