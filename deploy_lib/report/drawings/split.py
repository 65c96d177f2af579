"""The traffic split over time: who served what share, as coloured bands that sum to all requests."""

from __future__ import annotations

from collections.abc import Iterator

from markupsafe import Markup

from deploy_lib.report import words as wording
from deploy_lib.report.drawings import canvas
from deploy_lib.report.model import Report

_LEFT, _RIGHT, _TOP, _BODY = 48.0, 12.0, 8.0, 150.0
_OTHERS = 4  # colours for revisions that are neither candidate nor stable


def draw(report: Report) -> Markup | None:
    """None when it is not known who served at any time."""
    periods = report.impact.periods
    if not any(period.shares for period in periods):
        return None
    return canvas.drawing(_TOP + _BODY + 26, "share of the traffic over time", _parts(report))


def colours(report: Report) -> dict[str, str]:
    """Revision -> class of its colour: the candidate's, the stable revision's, or one of the others'."""
    found: dict[str, str] = {}
    others = 0
    for period in report.impact.periods:
        for revision, _ in period.shares or ():
            if revision in found:
                continue
            if revision == report.subject.candidate:
                found[revision] = "candidate"
            elif revision == report.subject.stable:
                found[revision] = "stable"
            else:
                found[revision] = f"other{others % _OTHERS}"
                others += 1
    return dict(sorted(found.items(), key=lambda pair: _rank(pair[1])))


def _rank(kind: str) -> int:
    return {"stable": 0, "candidate": 2}.get(kind, 1)


def _parts(report: Report) -> Iterator[Markup]:
    periods = report.impact.periods
    begin, end = periods[0].start, periods[-1].end
    span = max((end - begin).total_seconds(), 0.1)
    width = canvas.WIDTH - _LEFT - _RIGHT
    origin = report.subject.started or begin
    known = colours(report)
    for percent in (0, 50, 100):
        y = _TOP + _BODY * (1 - percent / 100)
        yield canvas.line(_LEFT, y, canvas.WIDTH - _RIGHT, y)
        yield canvas.words(_LEFT - 6, y + 4, f"{percent} %", "end", "axis")
    for period in periods:
        x = _LEFT + (period.start - begin).total_seconds() / span * width
        length = (period.end - period.start).total_seconds() / span * width
        if period.shares is None:
            yield canvas.box(x, _TOP, length, _BODY, "unknown", "not known who served")
            continue
        bottom = _TOP + _BODY
        for revision, percent in sorted(period.shares, key=lambda share: _rank(known[share[0]])):
            tall = _BODY * percent / 100
            bottom -= tall
            told = f"{revision}: {percent} % from {wording.utc(period.start)} to {wording.utc(period.end)} UTC"
            yield canvas.box(x, bottom, max(length, 1.0), tall, known[revision], told)
    late = (begin - origin).total_seconds()
    for tick in canvas.ticks(late + span):
        if tick >= late:
            x = _LEFT + (tick - late) / span * width
            yield canvas.words(x, _TOP + _BODY + 18, canvas.clock(tick), "middle", "axis")
