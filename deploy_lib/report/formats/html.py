"""One self-contained HTML file: no script, no font, no picture from elsewhere, so it opens anywhere and for ever."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from deploy_lib.report import words
from deploy_lib.report.drawings import latency, split, steps
from deploy_lib.report.model import Report

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = Path(__file__).resolve().parents[1] / "templates"


def write(report: Report) -> str:
    template = _environment().get_template("report.html.j2")
    return template.render(
        report=report,
        about=report.subject,
        words=words,
        steps_drawing=steps.draw(report),
        split_drawing=split.draw(report),
        latency_drawing=latency.draw(report),
        colours=split.colours(report),
    )


@cache
def _environment() -> Environment:
    """Everything that is put into the page is escaped, unless a drawing made it."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
