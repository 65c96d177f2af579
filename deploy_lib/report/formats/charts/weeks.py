"""Numbers over time: one column for each week, of one colour or of several on top of each other."""

from __future__ import annotations

import math
from collections.abc import Iterator

from markupsafe import Markup

from deploy_lib.report.blocks import Weeks
from deploy_lib.report.formats.charts import canvas
from deploy_lib.report.formatting import long_duration

_LEFT, _RIGHT, _TOP, _BODY = 70.0, 12.0, 8.0, 130.0
_PER_LABEL = 80.0  # that a label under a column takes
_WIDEST = 46.0


def draw(chart: Weeks, title: str, width: float) -> Markup | None:
    """None when there is nothing to see."""
    if not any(value for series in chart.series for value in series.values):
        return None
    return canvas.drawing(width, _TOP + _BODY + 26, title, _parts(chart, width))


def colours(chart: Weeks) -> dict[str, str]:
    """Name of a series -> class of its colour; of one alone nothing need be said."""
    return {series.name: series.colour for series in chart.series} if len(chart.series) > 1 else {}


def _parts(chart: Weeks, width: float) -> Iterator[Markup]:
    count = len(chart.labels)
    top = max(sum(series.values[index] or 0.0 for series in chart.series) for index in range(count))
    marks = canvas.times(top, 4) if chart.are_times else [(tick, f"{tick:g}") for tick in canvas.ticks(top, 4)]
    for tick, written in marks:
        y = _TOP + _BODY * (1 - tick / top)
        yield canvas.line(_LEFT, y, width - _RIGHT, y)
        yield canvas.label(_LEFT - 6, y + 4, written, "end", "axis")
    room = (width - _LEFT - _RIGHT) / count
    wide, every = min(_WIDEST, room * 0.7), max(1, math.ceil(_PER_LABEL / room))
    for index, name in enumerate(chart.labels):
        middle, bottom = _LEFT + room * (index + 0.5), _TOP + _BODY
        for series in chart.series:
            value = series.values[index]
            if value:
                tall = max(1.0, value / top * _BODY)
                bottom -= tall
                note = f"{name}: {_shown(chart, value)} {series.name}"
                yield canvas.box(middle - wide / 2, bottom, wide, tall, f"bar {series.colour}", note)
        if index % every == 0:
            yield canvas.label(middle, _TOP + _BODY + 18, name, "middle", "axis")


def _shown(chart: Weeks, value: float) -> str:
    return long_duration(value) if chart.are_times else f"{value:g}"
