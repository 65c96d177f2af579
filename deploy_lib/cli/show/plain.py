"""Plain timestamped lines, for logs and for eyes that read top to bottom."""

from __future__ import annotations

from datetime import UTC, datetime

from deploy_lib.cli.show.entry_lines import FixesOnce, answer_to
from deploy_lib.cli.show.printer import Printer
from deploy_lib.model.journal import Entry, Stopped
from deploy_lib.printable import shown


class Plain:
    """Where there are several services, a column names them."""

    def __init__(self, printer: Printer, services: tuple[str, ...]) -> None:
        self._printer = printer
        self._fixes = FixesOnce()
        self._width = max((len(name) for name in services), default=0) if len(services) > 1 else 0

    def entry(self, service: str, entry: Entry) -> None:
        lines = list(self._fixes.lines(service, entry))
        ending = isinstance(entry, Stopped)
        for index, text in enumerate(lines):
            bare = ending and index == len(lines) - 1 and not self._width
            self._write(service, text, stamp=not bare, last=ending)

    def line(self, service: str, text: str) -> None:
        self._write(service, f"  {text}", progress=True)

    def stopping(self, by: str) -> None:
        self._write("", answer_to(by))

    def close(self) -> None:
        self._printer.close()

    def _write(
        self, service: str, text: str, *, stamp: bool = True, progress: bool = False, last: bool = False
    ) -> None:
        """A text of several lines stays one piece: what follows its first line is indented like it."""
        column = f"{service:<{self._width}}  " if self._width else ""
        at = f"{datetime.now(UTC):%H:%M:%S}  " if stamp else ""
        for line in text.split("\n"):
            self._printer.put(shown(f"{at}{column}{line}"), progress=progress, last=last)
