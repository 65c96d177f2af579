"""The steps over time: one bar for each, where it stood and how long it took."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from markupsafe import Markup

from deploy_lib.report.blocks import Spans
from deploy_lib.report.facts.steps import StepRow
from deploy_lib.report.formats.charts import canvas
from deploy_lib.report.formatting import seconds

_LEFT, _RIGHT, _ROW, _TOP = 130.0, 64.0, 26.0, 8.0
_WIDTH = canvas.WIDTH - _LEFT - _RIGHT


def draw(chart: Spans, title: str) -> Markup | None:
    """None when no step ran."""
    ends = [step.began + (step.seconds or 0.0) for step in chart.steps if step.began is not None]
    if not ends:
        return None
    height = _TOP + _ROW * len(chart.steps) + 24
    return canvas.drawing(height, title, _parts(chart.steps, max(*ends, 0.1), height))


def _parts(steps: Sequence[StepRow], end: float, height: float) -> Iterator[Markup]:
    for tick in canvas.ticks(end):
        x = _LEFT + tick / end * _WIDTH
        yield canvas.line(x, _TOP, x, height - 20)
        yield canvas.label(x, height - 6, canvas.clock(tick), "middle", "axis")
    for number, step in enumerate(steps):
        y = _TOP + number * _ROW
        yield canvas.label(_LEFT - 8, y + 17, canvas.shortened(step.label, 18), "end")
        if step.began is None:
            yield canvas.label(_LEFT + 4, y + 17, "not run", "start", "axis")
        else:
            yield from _bar(step, step.began / end * _WIDTH, max(0.0, step.seconds or 0.0) / end * _WIDTH, y)


def _bar(step: StepRow, begin: float, length: float, y: float) -> Iterator[Markup]:
    words = step.words
    x = min(_LEFT + begin, _LEFT + _WIDTH - 3)
    length = min(max(3.0, length), _LEFT + _WIDTH - x)
    yield canvas.box(x, y + 4, length, _ROW - 8, f"bar {words.tone}", f"{step.label}: {words.mark}. {step.reason}")
    shown = (seconds(step.seconds) or "no answer") + ("" if words.tone == "good" else f" {words.mark}")
    if x + length + 8 * len(shown) < canvas.WIDTH:
        yield canvas.label(x + length + 6, y + 17, shown, "start", "axis")
    else:
        yield canvas.label(x - 6, y + 17, shown, "end", "axis")
