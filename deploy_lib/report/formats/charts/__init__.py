"""Charts of a report as inline SVG: plain shapes and text, coloured by the page's style sheet. One file per chart."""

from __future__ import annotations

from typing import NamedTuple

from markupsafe import Markup

from deploy_lib.report.blocks import Bars, Columns, Figure, Shares, Spans, Weeks
from deploy_lib.report.formats.charts import bars, canvas, releases, shares, spans, weeks


class Drawn(NamedTuple):
    """`key` says what the colours mean: name -> class of its colour. `narrow` is the same for a phone."""

    picture: Markup
    narrow: Markup
    key: dict[str, str]


def draw(figure: Figure) -> Drawn | None:
    """None when nothing in it can be drawn."""
    wide, narrow = (_picture(figure, width) for width in (canvas.WIDTH, canvas.NARROW))
    return Drawn(wide, narrow, _key(figure)) if wide is not None and narrow is not None else None


def _picture(figure: Figure, width: float) -> Markup | None:
    match figure.chart:
        case Spans() as chart:
            return spans.draw(chart, figure.title, width)
        case Shares() as chart:
            return shares.draw(chart, figure.title, width)
        case Bars() as chart:
            return bars.draw(chart, figure.title, width)
        case Columns() as chart:
            return releases.draw(chart, figure.title, width)
        case Weeks() as chart:
            return weeks.draw(chart, figure.title, width)


def _key(figure: Figure) -> dict[str, str]:
    match figure.chart:
        case Spans():
            return {}
        case Shares() as chart:
            return shares.colours(chart)
        case Bars():
            return {"stable": "stable", "candidate": "candidate"}
        case Columns():
            return releases.KEY
        case Weeks() as chart:
            return weeks.colours(chart)
