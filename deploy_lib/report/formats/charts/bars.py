"""Latency of both revisions: each quantile of the stable revision right above the candidate's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from markupsafe import Markup

from deploy_lib.report.blocks import Bars
from deploy_lib.report.facts.users import Measured
from deploy_lib.report.formats.charts import canvas
from deploy_lib.report.formatting import WHOSE, milliseconds

_LEFT, _RIGHT = 60.0, 70.0
_HEAD, _BAR, _BETWEEN = 22.0, 13.0, 7.0

Pairs = Mapping[str, Mapping[str, Sequence[tuple[Measured, float]]]]
"""Title of a group -> name of a quantile -> each side with its seconds."""


def draw(chart: Bars, title: str, width: float) -> Markup | None:
    """None when no latency was measured."""
    pairs = _pairs(chart.measured)
    if not pairs:
        return None
    height = 4 + sum(_HEAD + _tall(names) for names in pairs.values())
    return canvas.drawing(width, height + 22, title, _parts(pairs, width, height))


def _pairs(measured: Sequence[Measured]) -> Pairs:
    """The stable side first."""
    found: dict[str, dict[str, list[tuple[Measured, float]]]] = {}
    for row in sorted(measured, key=lambda row: row.role, reverse=True):
        for name, value in row.quantiles:
            names = found.setdefault(f"{row.step}, {WHOSE[row.whose]}", {})
            names.setdefault(name, []).append((row, value))
    return found


def _tall(names: Mapping[str, Sequence[object]]) -> float:
    return sum(len(sides) * _BAR + _BETWEEN for sides in names.values())


def _parts(pairs: Pairs, width: float, height: float) -> Iterator[Markup]:
    inside = width - _LEFT - _RIGHT
    top = max(value for names in pairs.values() for sides in names.values() for _, value in sides) or 0.001
    wanted = canvas.ticks_wanted(width)
    marks = [(tick, _LEFT + tick / (top * 1000) * inside) for tick in canvas.ticks(top * 1000, wanted)]
    for tick, x in marks:
        yield canvas.label(x, height + 14, f"{tick:g} ms", "middle", "axis")
    y = 4.0
    for title, names in pairs.items():
        yield canvas.label(8, y + 14, title, "start", "axis")
        y += _HEAD
        yield from (canvas.line(x, y, x, y + _tall(names) - 4) for _, x in marks)
        for name, sides in names.items():
            yield canvas.label(_LEFT - 8, y + _BAR * len(sides) / 2 + 4, name, "end")
            for row, value in sides:
                length, shown = value / top * inside, milliseconds(value)
                note = f"{name} of the {row.role} revision, {shown} of {row.requests} {WHOSE[row.whose]}"
                yield canvas.box(_LEFT, y + 1, max(2.0, length), _BAR - 2, row.role, f"{row.step}: {note}")
                yield canvas.label(_LEFT + length + 6, y + _BAR - 3, shown, "start", "axis")
                y += _BAR
            y += _BETWEEN
