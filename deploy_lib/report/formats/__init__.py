"""One file per format, named like it: each knows the blocks and no section, and what it cannot carry no other loses."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deploy_lib.report.document import Report

FORMATS = {"text": "txt", "md": "md", "html": "html", "json": "json", "junit": "xml", "brief": None}
"""Each with the extension of its file; without one it is never kept in a separate file."""
EXTENSIONS = {name: extension for name, extension in FORMATS.items() if extension is not None}


def render(report: Report, format: str) -> str:
    """The whole report. Raises ValueError for a format that is not in FORMATS."""
    if format not in FORMATS:
        raise ValueError(f"no such format: {format!r}; one of {', '.join(FORMATS)}")
    written: str = import_module(f"{__name__}.{format}").write(report)
    return written


def file_name(report: Report, format: str) -> str:
    """report-<release id>.<extension>; an id from a journal never leads out of a directory."""
    safe = "".join(letter if letter.isalnum() or letter in "-_." else "-" for letter in report.subject.id)
    return f"report-{safe.lstrip('.') or 'unknown'}.{EXTENSIONS[format]}"
