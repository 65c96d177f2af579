"""One file per format. Each takes the whole report and gives text; what a format cannot carry, no other one loses."""

from __future__ import annotations

from importlib import import_module

from deploy_lib.report.model import Report

EXTENSIONS = {"text": "txt", "md": "md", "html": "html", "json": "json", "junit": "xml"}


def render(report: Report, format: str) -> str:
    """The report as text, md, html, json or junit. Raises ValueError for another format."""
    if format not in EXTENSIONS:
        raise ValueError(f"no such format: {format!r}; one of {', '.join(EXTENSIONS)}")
    name = {"json": "json_document", "md": "markdown"}.get(format, format)
    written: str = import_module(f"{__name__}.{name}").write(report)
    return written


def file_name(report: Report, format: str) -> str:
    """report-<release id>.<extension>; an id from a journal never leads out of a directory."""
    safe = "".join(letter if letter.isalnum() or letter in "-_." else "-" for letter in report.subject.id)
    return f"report-{safe.lstrip('.') or 'unknown'}.{EXTENSIONS[format]}"
