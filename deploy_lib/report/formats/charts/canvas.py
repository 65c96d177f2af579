"""SVG elements as safe markup, and scales with round numbers. Coordinates are user units; 1 is about a pixel."""

from __future__ import annotations

import math
from collections.abc import Iterable

from markupsafe import Markup

from deploy_lib.report.formatting import DAYS, HOURS

WIDTH, NARROW = 720.0, 320.0
"""Of a drawing on a page, and of the same on a phone: letters shrink with a picture, so a phone has one of its own."""
_UNITS = ((120.0, 1, "s"), (HOURS, 60, "min"), (DAYS, 3600, "h"), (math.inf, 86400, "day"))
"""Below how many seconds a time is told in which unit, of so many seconds."""


def drawing(width: float, height: float, title: str, parts: Iterable[Markup]) -> Markup:
    """A whole picture that scales with the page; `title` is what a screen reader says of it."""
    inside = Markup("").join(parts)
    return Markup('<svg viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>').format(
        _n(width), _n(height), title, inside
    )


def box(x: float, y: float, width: float, height: float, kind: str, title: str = "") -> Markup:
    text = Markup("<title>{}</title>").format(title) if title else Markup("")
    shape = Markup('<rect x="{}" y="{}" width="{}" height="{}" class="{}">{}</rect>')
    return shape.format(_n(x), _n(y), _n(max(width, 0.0)), _n(height), kind, text)


def line(x1: float, y1: float, x2: float, y2: float, kind: str = "grid") -> Markup:
    shape = Markup('<line x1="{}" y1="{}" x2="{}" y2="{}" class="{}"/>')
    return shape.format(_n(x1), _n(y1), _n(x2), _n(y2), kind)


def label(x: float, y: float, text: str, anchor: str = "start", kind: str = "") -> Markup:
    shape = Markup('<text x="{}" y="{}" text-anchor="{}" class="{}">{}</text>')
    return shape.format(_n(x), _n(y), anchor, kind, text)


def ticks(top: float, wanted: int = 5) -> list[float]:
    """Round values from 0 up to at most `top`, about as many as wanted.

    >>> ticks(47.0), ticks(0.9)
    ([0.0, 10.0, 20.0, 30.0, 40.0], [0.0, 0.2, 0.4, 0.6, 0.8])
    """
    if top <= 0:
        return [0.0]
    rough = top / wanted
    size = 10.0 ** math.floor(math.log10(rough))
    step = next(size * factor for factor in (1, 2, 5, 10) if size * factor >= rough)
    return [round(step * number, 10) for number in range(int(top / step + 1e-9) + 1)]


def ticks_wanted(width: float) -> int:
    """As many as there is room for their texts."""
    return 5 if width > NARROW else 3


def times(top: float, wanted: int = 5) -> list[tuple[float, str]]:
    """Round times from 0 up to at most `top`, in seconds, each as it is written: all in the unit in which
    `top` is told.

    >>> times(90.0, 2), times(150.0, 3)
    ([(0.0, '0 s'), (50.0, '50 s')], [(0.0, '0 min'), (60.0, '1 min'), (120.0, '2 min')])
    """
    unit, name = next((unit, name) for limit, unit, name in _UNITS if top < limit)
    marks = ticks(top / unit, wanted)
    return [(value * unit, f"{value:g} {name}{'s' * (name == 'day' and value != 1)}") for value in marks]


def shortened(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"


def _n(value: float) -> str:
    return f"{value:.1f}".rstrip("0").rstrip(".")
