"""One file per format, named like it: each knows the blocks and no section, and what it cannot carry no other loses."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deploy_lib.report.document import Renderable

FORMATS = {"text": "txt", "md": "md", "html": "html", "json": "json", "junit": "xml", "brief": None}
"""Each with the extension of its file; without one it is never kept in a separate file."""
OF_A_SERVICE = ("text", "md", "html", "json")
"""Those that a service over time has."""
EXTENSIONS = {name: extension for name, extension in FORMATS.items() if extension is not None}


def render(document: Renderable, format: str) -> str:
    """All of it. JUnit and the brief form are a Report's alone. Raises ValueError for a format not in FORMATS."""
    if format not in FORMATS:
        raise ValueError(f"no such format: {format!r}; one of {', '.join(FORMATS)}")
    written: str = import_module(f"{__name__}.{format}").write(document)
    return written


def file_name(document: Renderable, format: str) -> str:
    """Its file in that format, such as report-<release id>.<extension>."""
    return f"{document.file}.{EXTENSIONS[format]}"
