"""GitHub Actions: findings and endings become annotations on the pull request, beside the plain lines."""

from __future__ import annotations

from typing import TextIO

from deploy_lib.cli.show.display import Display
from deploy_lib.model.findings import Finding
from deploy_lib.model.journal import Entry, Judged, Stopped


class GitHub:
    """Writes workflow commands (docs.github.com, "Workflow commands for GitHub Actions") to `out`."""

    def __init__(self, inner: Display, out: TextIO) -> None:
        self._inner = inner
        self._out = out

    def entry(self, service: str, entry: Entry) -> None:
        self._inner.entry(service, entry)
        if isinstance(entry, Judged):
            for finding in entry.findings:
                print(annotation(finding), file=self._out, flush=True)
        if isinstance(entry, Stopped) and not entry.outcome.is_good:
            title = _property(f"{service} {entry.outcome.words.notice}")
            print(f"::error title={title}::{_data(entry.reason)}", file=self._out, flush=True)

    def line(self, service: str, text: str) -> None:
        self._inner.line(service, text)

    def close(self) -> None:
        self._inner.close()


def annotation(finding: Finding) -> str:
    """One `::error file=...,line=...::message` line."""
    level = {"error": "error", "warning": "warning"}.get(finding.severity.value, "notice")
    where = f"file={_property(finding.file)}," if finding.file else ""
    line = f"line={finding.line}," if finding.line else ""
    fix = f"\nfix: {finding.fix}" if finding.fix else ""
    return f"::{level} {where}{line}title={_property(finding.code)}::{_data(finding.message + fix)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
