"""Latency of both revisions: each quantile as a pair of bars, and each answer to the probe as a dot."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from markupsafe import Markup

from deploy_lib.report import words as wording
from deploy_lib.report.drawings import canvas
from deploy_lib.report.model import Measured, Report

_LEFT, _RIGHT = 60.0, 70.0
_HEAD, _BAR, _BETWEEN = 22.0, 13.0, 7.0
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
        height = _tall(compared) + 22
    if probed is not None:
        parts += _dots(probed, height)
        height += _DOTS + _GAP + 14
    return canvas.drawing(height, "latency of the candidate and of the stable revision", parts)


def _bars(rows: Sequence[Measured]) -> Iterator[Markup]:
    """Each quantile of the stable revision right above the candidate's, so that the eye compares the two."""
    top = max(value for row in rows for _, value in row.quantiles) or 0.001
    width = canvas.WIDTH - _LEFT - _RIGHT
    marks = [(tick, _LEFT + tick / (top * 1000) * width) for tick in canvas.ticks(top * 1000)]
    for tick, x in marks:
        yield canvas.words(x, _tall(rows) + 14, f"{tick:g} ms", "middle", "axis")
    y = 4.0
    for pair in _pairs(rows):
        first = pair[0]
        yield canvas.words(8, y + 14, f"{first.step}, {wording.WHOSE[first.whose]}", "start", "axis")
        y += _HEAD
        yield from (canvas.line(x, y, x, y + _tall(pair) - 4 - _HEAD) for _, x in marks)
        for name in dict.fromkeys(name for row in pair for name, _ in row.quantiles):
            yield canvas.words(_LEFT - 8, y + _BAR * len(pair) / 2 + 4, name, "end")
            for row in pair:
                value = dict(row.quantiles).get(name)
                if value is not None:
                    yield from _bar(row, name, value, y, value / top * width)
                y += _BAR
            y += _BETWEEN


def _bar(row: Measured, name: str, value: float, y: float, length: float) -> Iterator[Markup]:
    shown = wording.milliseconds(value)
    told = f"{row.step}: {name} of the {row.role} revision, {shown} of {row.requests} {wording.WHOSE[row.whose]}"
    yield canvas.box(_LEFT, y + 1, max(2.0, length), _BAR - 2, row.role, told)
    yield canvas.words(_LEFT + length + 6, y + _BAR - 3, shown, "start", "axis")


def _pairs(rows: Sequence[Measured]) -> list[list[Measured]]:
    """The sides of each comparison together, the stable one first."""
    found: dict[tuple[str, str], list[Measured]] = {}
    for row in rows:
        found.setdefault((row.step, row.whose), []).append(row)
    return [sorted(pair, key=lambda row: row.role, reverse=True) for pair in found.values()]


def _tall(rows: Sequence[Measured]) -> float:
    names = [
        len({name for row in pair for name, _ in row.quantiles}) * (_BAR * len(pair) + _BETWEEN)
        for pair in _pairs(rows)
    ]
    return 4 + sum(names) + _HEAD * len(names)


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
