"""The traffic split over time: who served what share, as coloured bands that sum to all requests."""

from __future__ import annotations

from collections.abc import Iterator

from markupsafe import Markup

from deploy_lib.report.blocks import Shares
from deploy_lib.report.formats.charts import canvas
from deploy_lib.report.formatting import time_of_day

_LEFT, _RIGHT, _TOP, _BODY = 48.0, 20.0, 8.0, 150.0
_OTHERS = 4  # colours for revisions that are neither candidate nor stable
_ORDER = {"stable": 0, "candidate": 2}  # from the bottom; others between them


def draw(chart: Shares, title: str, width: float) -> Markup | None:
    """None when it is not known who served at any time."""
    if not any(period.shares for period in chart.periods):
        return None
    return canvas.drawing(width, _TOP + _BODY + 26, title, _parts(chart, width))


def colours(chart: Shares) -> dict[str, str]:
    """Revision -> class of its colour, from the bottom of the chart to its top."""
    others = [name for name, role in chart.revisions if role == "other"]
    found = {
        name: f"other{others.index(name) % _OTHERS}" if role == "other" else role for name, role in chart.revisions
    }
    return dict(sorted(found.items(), key=lambda pair: _ORDER.get(pair[1], 1)))


def _parts(chart: Shares, width: float) -> Iterator[Markup]:
    inside = width - _LEFT - _RIGHT
    begin = chart.periods[0].after
    span = max(sum(period.seconds for period in chart.periods), 0.1)
    kinds = colours(chart)
    for percent in (0, 50, 100):
        y = _TOP + _BODY * (1 - percent / 100)
        yield canvas.line(_LEFT, y, width - _RIGHT, y)
        yield canvas.label(_LEFT - 6, y + 4, f"{percent} %", "end", "axis")
    for period in chart.periods:
        x = _LEFT + (period.after - begin) / span * inside
        length = period.seconds / span * inside
        if period.shares is None:
            yield canvas.box(x, _TOP, length, _BODY, "unknown", "not known who served")
            continue
        parts, bottom = dict(period.shares), _TOP + _BODY
        when = f"from {time_of_day(period.start)} to {time_of_day(period.end)} UTC"
        for name in (name for name in kinds if name in parts):
            tall = _BODY * parts[name] / 100
            bottom -= tall
            yield canvas.box(x, bottom, max(length, 1.0), tall, kinds[name], f"{name}: {parts[name]} % {when}")
    for tick, written in canvas.times(begin + span, canvas.ticks_wanted(width)):
        if tick >= begin:
            x = _LEFT + (tick - begin) / span * inside
            yield canvas.label(x, _TOP + _BODY + 18, written, "middle", "axis")
