"""Latency of both revisions: each quantile as a pair of bars, and each answer to the probe as a dot."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from markupsafe import Markup

from deploy_lib.report import words as wording
from deploy_lib.report.drawings import canvas
from deploy_lib.report.model import Measured, Report

_LEFT, _RIGHT, _ROW = 190.0, 70.0, 20.0
_DOTS, _GAP = 110.0, 34.0


def draw(report: Report) -> Markup | None:
    """None when no latency was measured."""
    compared = [row for row in report.impact.measured if row.quantiles]
    probed = next((row for row in reversed(report.impact.measured) if len(row.attempts) > 1), None)
    if not compared and probed is None:
        return None
    parts: list[Markup] = []
    height = 0.0
    if compared:
        parts += _bars(compared)
        height = 12 + _ROW * sum(len(row.quantiles) for row in compared) + 6 * len(compared) + 22
    if probed is not None:
        parts += _dots(probed, height)
        height += _DOTS + _GAP + 14
    return canvas.drawing(height, "latency of the candidate and of the stable revision", parts)


def _bars(rows: Sequence[Measured]) -> Iterator[Markup]:
    top = max(value for row in rows for _, value in row.quantiles) or 0.001
    width = canvas.WIDTH - _LEFT - _RIGHT
    height = 12 + _ROW * sum(len(row.quantiles) for row in rows) + 6 * len(rows)
    for tick in canvas.ticks(top * 1000):
        x = _LEFT + tick / (top * 1000) * width
        yield canvas.line(x, 4, x, height)
        yield canvas.words(x, height + 14, f"{tick:g} ms", "middle", "axis")
    y = 8.0
    for row in rows:
        for name, value in row.quantiles:
            label = f"{name} {row.role}, {row.whose}"
            yield canvas.words(_LEFT - 8, y + 14, label, "end")
            told = f"{row.step}: {label}, {wording.milliseconds(value)} of {row.requests} requests"
            yield canvas.box(_LEFT, y + 3, max(2.0, value / top * width), _ROW - 6, row.role, told)
            shown = wording.milliseconds(value)
            yield canvas.words(_LEFT + value / top * width + 6, y + 14, shown, "start", "axis")
            y += _ROW
        y += 6


def _dots(row: Measured, above: float) -> Iterator[Markup]:
    slowest = max(seconds for _, seconds, _ in row.attempts) or 0.001
    last = max(at for at, _, _ in row.attempts) or 1.0
    left, width = 60.0, canvas.WIDTH - 60 - 24
    base = above + _GAP + _DOTS - 16
    yield canvas.words(left, above + 16, f"{row.step}: each answer of the candidate", "start", "axis")
    for tick in canvas.ticks(slowest * 1000, 3):
        y = base - tick / (slowest * 1000) * (_DOTS - 24)
        yield canvas.line(left, y, canvas.WIDTH - 24, y)
        yield canvas.words(left - 6, y + 4, f"{tick:g} ms", "end", "axis")
    for tick in canvas.ticks(last, 6):
        yield canvas.words(left + tick / last * width, base + 18, canvas.clock(tick), "middle", "axis")
    for at, seconds, good in row.attempts:
        told = f"after {at:.1f} s: {wording.milliseconds(seconds)}{'' if good else ', a bad answer'}"
        place = base - seconds / slowest * (_DOTS - 24)
        yield canvas.dot(left + at / last * width, place, "candidate" if good else "bad", told)
