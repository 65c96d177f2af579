"""The releases of a service, the oldest at the left: how long each took, and by its colour how it ended."""

from __future__ import annotations

from collections.abc import Iterator

from markupsafe import Markup

from deploy_lib.report.blocks import Columns
from deploy_lib.report.formats.charts import canvas

_LEFT, _RIGHT, _TOP, _BODY = 58.0, 10.0, 8.0, 150.0
_WIDEST = 28.0  # of a bar
KEY = {"live": "good", "rejected": "bad", "other": "unsure"}


def draw(chart: Columns, title: str, width: float) -> Markup | None:
    """None when the time of no release is known."""
    if not any(bar.seconds for bar in chart.bars):
        return None
    return canvas.drawing(width, _TOP + _BODY + 26, title, _parts(chart, width))


def _parts(chart: Columns, width: float) -> Iterator[Markup]:
    top = max(bar.seconds or 0.0 for bar in chart.bars)
    for tick, written in canvas.times(top, 4):
        y = _TOP + _BODY * (1 - tick / top)
        yield canvas.line(_LEFT, y, width - _RIGHT, y)
        yield canvas.label(_LEFT - 6, y + 4, written, "end", "axis")
    room = (width - _LEFT - _RIGHT) / len(chart.bars)
    thick = min(_WIDEST, room * 0.7)
    for number, bar in enumerate(chart.bars):
        tall = max(2.0, max(0.0, bar.seconds or 0.0) / top * _BODY)
        x = _LEFT + room * number + (room - thick) / 2
        yield canvas.box(x, _TOP + _BODY - tall, thick, tall, f"bar {bar.tone}", bar.note)
    y = _TOP + _BODY + 18
    yield canvas.label(_LEFT, y, chart.bars[0].label, "start", "axis")
    if len(chart.bars) > 1:
        yield canvas.label(width - _RIGHT, y, chart.bars[-1].label, "end", "axis")
