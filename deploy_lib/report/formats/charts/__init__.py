"""Charts of a report as inline SVG: plain shapes and text, coloured by the page's style sheet. One file per chart."""

from __future__ import annotations

from typing import NamedTuple

from markupsafe import Markup

from deploy_lib.report.blocks import Bars, Figure, Shares, Spans
from deploy_lib.report.formats.charts import bars, shares, spans


class Drawn(NamedTuple):
    """`key` says what the colours mean: name -> class of its colour."""

    picture: Markup
    key: dict[str, str]


def draw(figure: Figure) -> Drawn | None:
    """None when nothing in it can be drawn."""
    key: dict[str, str] = {}
    match figure.chart:
        case Spans() as chart:
            picture = spans.draw(chart, figure.title)
        case Shares() as chart:
            picture, key = shares.draw(chart, figure.title), shares.colours(chart)
        case Bars() as chart:
            picture, key = bars.draw(chart, figure.title), {"stable": "stable", "candidate": "candidate"}
    return Drawn(picture, key) if picture is not None else None
