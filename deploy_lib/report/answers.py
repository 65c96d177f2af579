"""What was answered to the requests of a step: of each that was made, else as they were counted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from deploy_lib.model.answers import Attempt
from deploy_lib.model.counting import counted
from deploy_lib.model.details import Counted
from deploy_lib.model.journal import Judged
from deploy_lib.report.formatting import WHOSE, milliseconds

SHOWN = 12  # of those that differ; a service that answers otherwise each time is not told more by more


@dataclass(frozen=True, slots=True)
class Answer:
    """Equal answers, one after another. `at` is when the first was asked for, None where they are only counted."""

    text: str
    at: datetime | None = None
    times: int = 1
    good: bool = True

    def __str__(self) -> str:
        return f"{self.text} ({self.times} times)" if self.times > 1 else self.text


def read(judged: Judged) -> tuple[Answer, ...]:
    """In order; empty for a step that asked nothing."""
    if judged.details is None:
        return ()
    attempts = judged.details.requests_made()
    if attempts:
        return tuple(_made(attempts, judged.at - timedelta(seconds=judged.seconds)))[-SHOWN:]
    return tuple(_counted(each) for each in judged.details.requests_counted() if each.figures.requests)


def _made(attempts: tuple[Attempt, ...], began: datetime) -> Iterator[Answer]:
    same: Answer | None = None
    slowest = 0.0
    for attempt in attempts:
        what = _words(attempt)
        if same is not None and same.text == what:
            same, slowest = replace(same, times=same.times + 1), max(slowest, attempt.seconds)
            continue
        if same is not None:
            yield _with_time(same, slowest)
        same = Answer(what, began + timedelta(seconds=attempt.at), good=not attempt.problem)
        slowest = attempt.seconds
    if same is not None:
        yield _with_time(same, slowest)


def _words(attempt: Attempt) -> str:
    status = f"status {attempt.status}" if attempt.status is not None else "no answer"
    problem = "" if attempt.problem in ("", status) else f": {attempt.problem}"
    return f"{status}{problem}"


def _with_time(answer: Answer, slowest: float) -> Answer:
    limit = "at most " if answer.times > 1 else ""
    return replace(answer, text=f"{answer.text}, after {limit}{milliseconds(slowest)}")


def _counted(each: Counted) -> Answer:
    figures = each.figures
    failed = f"{figures.errors} of {counted(figures.requests, 'request')} failed"
    refused = f", {figures.refused} refused" if figures.refused else ""
    return Answer(f"{each.role}, {WHOSE[each.whose]}: {failed}{refused}", good=not figures.errors)
