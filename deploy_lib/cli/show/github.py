"""GitHub Actions: findings and endings become annotations on the pull request, beside the plain lines."""

from __future__ import annotations

from deploy_lib.cli.show.plain import Plain
from deploy_lib.cli.show.printer import Printer
from deploy_lib.model.findings import Finding
from deploy_lib.model.journal import Entry, Judged, Stopped
from deploy_lib.printable import shown


class GitHub:
    """Writes workflow commands (docs.github.com, "Workflow commands for GitHub Actions") between the lines."""

    def __init__(self, printer: Printer, services: tuple[str, ...]) -> None:
        self._printer = printer
        self._plain = Plain(printer, services)

    def entry(self, service: str, entry: Entry) -> None:
        if isinstance(entry, Stopped) and not entry.outcome.is_good:
            title = _property(f"{service} {entry.outcome.words.notice}")
            self._printer.put(f"::error title={title}::{_data(entry.reason)}")
        self._plain.entry(service, entry)
        if isinstance(entry, Judged):
            for finding in entry.findings:
                self._printer.put(annotation(finding))

    def line(self, service: str, text: str) -> None:
        self._plain.line(service, text)

    def stopping(self, by: str) -> None:
        self._plain.stopping(by)

    def close(self) -> None:
        self._plain.close()


def annotation(finding: Finding) -> str:
    """One `::error file=...,line=...::message` line, which does what it says and nothing else."""
    level = {"error": "error", "warning": "warning"}.get(finding.severity.value, "notice")
    where = f"file={_property(finding.file)}," if finding.file else ""
    line = f"line={finding.line}," if finding.line else ""
    fix = f"\nfix: {finding.fix}" if finding.fix else ""
    return f"::{level} {where}{line}title={_property(finding.code)}::{_data(finding.message + fix)}"


def _data(text: str) -> str:
    return shown(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
