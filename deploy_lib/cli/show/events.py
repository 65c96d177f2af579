"""One JSON event per line: each journal entry as it is written, and each line of progress."""

from __future__ import annotations

import json
from typing import TextIO

from deploy_lib.cli.show.console import as_json
from deploy_lib.cli.show.entry_lines import answer_to
from deploy_lib.cli.show.printer import Printer
from deploy_lib.journal import encode
from deploy_lib.model.journal import Entry, Stopped


class Events:
    """Every event has "service" and "type"; the last of a service is "stopped" and carries "exit_code"."""

    def __init__(self, out: TextIO, services: tuple[str, ...]) -> None:
        self._printer = Printer(out)
        self._services = services

    def entry(self, service: str, entry: Entry) -> None:
        event = {"service": service, **json.loads(encode(entry))}
        if isinstance(entry, Stopped):
            event["exit_code"] = entry.outcome.exit_code
        self._printer.put(as_json(event))

    def line(self, service: str, text: str) -> None:
        self._printer.put(as_json({"service": service, "type": "progress", "text": text}), progress=True)

    def stopping(self, by: str) -> None:
        for service in self._services:
            self.line(service, answer_to(by))

    def close(self) -> None:
        self._printer.close()
