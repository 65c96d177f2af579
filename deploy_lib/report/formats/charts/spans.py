"""The steps over time: one bar for each, where it stood and how long it took."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from deploy_lib.report.blocks import Spans
from deploy_lib.report.facts.steps import StepRow
from deploy_lib.report.formats.charts import canvas
from deploy_lib.report.formatting import seconds

_LEFT, _RIGHT, _ROW, _TOP = 130.0, 64.0, 26.0, 8.0
_NARROW_LEFT, _NARROW_RIGHT, _NARROW_ROW = 6.0, 20.0, 38.0


@dataclass(frozen=True, slots=True)
class _Layout:
    """`narrow`: what a step is called, and took, stands above its bar."""

    width: float
    end: float  # seconds at the right end

    @property
    def narrow(self) -> bool:
        return self.width <= canvas.NARROW

    @property
    def left(self) -> float:
        return _NARROW_LEFT if self.narrow else _LEFT

    @property
    def right(self) -> float:
        """The right end of the bars."""
        return self.width - (_NARROW_RIGHT if self.narrow else _RIGHT)

    @property
    def row(self) -> float:
        return _NARROW_ROW if self.narrow else _ROW

    def x(self, seconds: float) -> float:
        return self.left + seconds / self.end * (self.right - self.left)


def draw(chart: Spans, title: str, width: float) -> Markup | None:
    """None when no step ran."""
    ends = [step.began + (step.seconds or 0.0) for step in chart.steps if step.began is not None]
    if not ends:
        return None
    layout = _Layout(width, max(*ends, 0.1))
    height = _TOP + layout.row * len(chart.steps) + 24
    return canvas.drawing(width, height, title, _parts(chart.steps, layout, height))


def _parts(steps: Sequence[StepRow], layout: _Layout, height: float) -> Iterator[Markup]:
    for tick, written in canvas.times(layout.end, canvas.ticks_wanted(layout.width)):
        x = layout.x(tick)
        yield canvas.line(x, _TOP, x, height - 20)
        yield canvas.label(x, height - 6, written, "start" if layout.narrow and not tick else "middle", "axis")
    for number, step in enumerate(steps):
        y = _TOP + number * layout.row
        yield from (_above(step, layout, y) if layout.narrow else _beside(step, layout, y))


def _above(step: StepRow, layout: _Layout, y: float) -> Iterator[Markup]:
    yield canvas.label(layout.left, y + 13, canvas.shortened(step.label, 26))
    yield canvas.label(layout.width - 2, y + 13, "not run" if step.began is None else _took(step), "end", "axis")
    if step.began is not None:
        yield _bar(step, layout, y + 18)[0]


def _beside(step: StepRow, layout: _Layout, y: float) -> Iterator[Markup]:
    yield canvas.label(layout.left - 8, y + 17, canvas.shortened(step.label, 18), "end")
    if step.began is None:
        yield canvas.label(layout.left + 4, y + 17, "not run", "start", "axis")
        return
    bar, x, end = _bar(step, layout, y + 4)
    yield bar
    shown = _took(step)
    if end + 8 * len(shown) < layout.width:
        yield canvas.label(end + 6, y + 17, shown, "start", "axis")
    else:
        yield canvas.label(x - 6, y + 17, shown, "end", "axis")


def _bar(step: StepRow, layout: _Layout, y: float) -> tuple[Markup, float, float]:
    """The bar, where it begins, and where it ends."""
    words, began = step.words, step.began or 0.0
    x = min(layout.x(began), layout.right - 3)
    length = min(max(3.0, layout.x(began + max(0.0, step.seconds or 0.0)) - layout.x(began)), layout.right - x)
    title = f"{step.label}: {words.mark}. {step.reason}"
    return canvas.box(x, y, length, _ROW - 8, f"bar {words.tone}", title), x, x + length


def _took(step: StepRow) -> str:
    return " ".join(filter(None, (seconds(step.seconds), "" if step.words.tone == "good" else step.words.mark)))
