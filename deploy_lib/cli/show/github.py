"""GitHub Actions: findings and endings become annotations on the pull request, beside the plain lines."""

from __future__ import annotations

import re

from deploy_lib.cli.show.plain import Plain
from deploy_lib.cli.show.printer import Printer
from deploy_lib.model.findings import Finding, Severity
from deploy_lib.model.journal import Diagnosed, Entry, Judged, Stopped
from deploy_lib.model.shell_commands import shown_fix
from deploy_lib.printable import Printable, shown

Place = tuple[str, int | None]


class GitHub:
    """Writes workflow commands (docs.github.com, "Workflow commands for GitHub Actions") between the lines."""

    def __init__(self, printer: Printer, services: tuple[str, ...]) -> None:
        self._printer = printer
        self._plain = Plain(printer, services)
        self._places: dict[str, Place] = {}
        self._annotated: dict[str, list[str]] = {}

    def entry(self, service: str, entry: Entry) -> None:
        if isinstance(entry, Stopped) and not entry.outcome.is_good:
            title = _property(f"{service} {entry.outcome.words.notice}")
            where = _where(*self._places.get(service, (None, None)))
            self._printer.put(f"::error {where}title={title}::{_data(self._why(service, entry))}")
        self._plain.entry(service, entry)
        if isinstance(entry, Judged):
            for finding in entry.findings:
                self._printer.put(annotation(finding))
                self._annotated.setdefault(service, []).append(finding.message)
                if finding.severity is Severity.ERROR and finding.file:
                    self._places.setdefault(service, (finding.file, finding.line))
        if isinstance(entry, Diagnosed) and entry.cause.chain:
            last = entry.cause.chain[-1]
            self._places.setdefault(service, (last.file, last.line))

    def _why(self, service: str, stopped: Stopped) -> str:
        """The reason; of one that is an annotation already, the step and what serves."""
        step, _, rest = stopped.reason.partition(": ")
        annotated = rest and any(rest in each or each in rest for each in self._annotated.get(service, ()))
        return f"{step}; serving: {stopped.serving}" if annotated else stopped.reason

    def line(self, service: str, text: str) -> None:
        self._plain.line(service, text)

    def stopping(self, by: str) -> None:
        self._plain.stopping(by)

    def close(self) -> None:
        self._plain.close()


def annotation(finding: Finding) -> str:
    """One `::error file=...,line=...::message` line, which does what it says and nothing else."""
    level = {"error": "error", "warning": "warning"}.get(finding.severity.value, "notice")
    where = _where(finding.file, finding.line)
    fix = f"\nfix: {shown_fix(finding.fix)}" if finding.fix else ""
    return f"::{level} {where}title={_property(finding.code)}::{_data(finding.message + fix)}"


def configuration_annotation(problem: str) -> str:
    """The same of a problem in a configuration, "file:line:column: message" or "file: message"."""
    found = re.match(r"(.+?)(?::(\d+))?(?::\d+)?: ", problem)
    where = _where(found[1], int(found[2]) if found[2] else None) if found else ""
    message = problem[found.end() :] if found else problem
    return f"::error {where}title=configuration::{_data(Printable().text(message))}"


def _where(file: str | None, line: int | None) -> str:
    return (f"file={_property(file)}," if file else "") + (f"line={line}," if file and line else "")


def _data(text: str) -> str:
    return shown(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
