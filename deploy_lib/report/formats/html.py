"""One self-contained HTML file: no script, no font, no picture from elsewhere, so it opens anywhere and for ever."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from deploy_lib.report.blocks import Block, pieces, plain
from deploy_lib.report.document import Renderable
from deploy_lib.report.formats.charts import draw
from deploy_lib.report.formatting import day

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = Path(__file__).parent / "templates"


def write(report: Renderable) -> str:
    return _environment().get_template("report.html.j2").render(report=report)


def _kind(block: Block) -> str:
    """The macro that shows it."""
    return type(block).__name__.lower()


@cache
def _environment() -> Environment:
    """Everything that is put into the page is escaped, unless a chart made it."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"pieces": pieces, "plain": plain, "kind": _kind, "draw": draw, "day": day}
    return environment
