"""The steps over time: one bar for each, where it stood and how long it took."""

from __future__ import annotations

from collections.abc import Iterator

from markupsafe import Markup

from deploy_lib.report import words as wording
from deploy_lib.report.drawings import canvas
from deploy_lib.report.model import Report, StepRow

_LEFT, _RIGHT, _ROW, _TOP = 130.0, 64.0, 26.0, 8.0


def draw(report: Report) -> Markup | None:
    """None when no step ran."""
    rows = [step for step in report.steps if step.began is not None]
    if not rows:
        return None
    end = max(report.subject.seconds or 0.0, *(_end(step) for step in rows), 0.1)
    height = _TOP + _ROW * len(report.steps) + 24
    return canvas.drawing(height, "the steps of the release over time", _parts(report, end, height))


def _parts(report: Report, end: float, height: float) -> Iterator[Markup]:
    width = canvas.WIDTH - _LEFT - _RIGHT
    for tick in canvas.ticks(end):
        x = _LEFT + tick / end * width
        yield canvas.line(x, _TOP, x, height - 20)
        yield canvas.words(x, height - 6, canvas.clock(tick), "middle", "axis")
    for number, step in enumerate(report.steps):
        y = _TOP + number * _ROW
        yield canvas.words(_LEFT - 8, y + 17, canvas.shortened(step.label, 18), "end")
        if step.began is None:
            yield canvas.words(_LEFT + 4, y + 17, "not run", "start", "axis")
            continue
        took = max(0.0, step.seconds or 0.0)
        x, length = _LEFT + step.began / end * width, max(3.0, took / end * width)
        x = min(x, _LEFT + width - 3)
        length = min(length, _LEFT + width - x)
        told = f"{step.label}: {wording.MARKS[step.status]}. {step.reason}"
        yield canvas.box(x, y + 4, length, _ROW - 8, f"bar {wording.TONES.get(step.status, 'plain')}", told)
        shown = wording.seconds(step.seconds) or "no answer"
        mark = "" if step.status == "passed" else f" {wording.MARKS[step.status]}"
        fits = x + length + 8 * len(shown + mark) < canvas.WIDTH
        if fits:
            yield canvas.words(x + length + 6, y + 17, shown + mark, "start", "axis")
        else:
            yield canvas.words(x - 6, y + 17, shown + mark, "end", "axis")


def _end(step: StepRow) -> float:
    return (step.began or 0.0) + (step.seconds or 0.0)
