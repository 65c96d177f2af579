"""What users met: who served them, how many requests are known, how many failed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from deploy_lib.model.counting import counted
from deploy_lib.model.details import Figures, Whose
from deploy_lib.model.evidence import LogSource
from deploy_lib.model.journal import Entry
from deploy_lib.model.journal_queries import (
    last_diagnosis,
    last_restore,
    service_was_reached,
    verdicts,
    was_given_traffic,
)
from deploy_lib.report.facts import traffic
from deploy_lib.report.facts.subject import Subject
from deploy_lib.report.facts.traffic import Period
from deploy_lib.steps.kind import format_duration
from deploy_lib.steps.responses import is_failure

Role = Literal["candidate", "stable", "other"]


@dataclass(frozen=True, slots=True)
class Measured:
    """Requests to one revision in one step. Latencies are seconds."""

    step: str
    revision: str
    role: Role
    whose: Whose
    requests: int
    errors: int
    quantiles: tuple[tuple[str, float], ...] = ()
    attempts: tuple[tuple[float, float, bool], ...] = ()  # (since the first, seconds, good)


@dataclass(frozen=True, slots=True)
class Impact:
    """`users` is what users noticed, in sentences; what could not be learned is said among them."""

    users: tuple[str, ...]
    periods: tuple[Period, ...] = ()
    measured: tuple[Measured, ...] = ()
    revisions: tuple[tuple[str, Role], ...] = ()  # of the periods


def read(entries: Sequence[Entry], subject: Subject, until: datetime) -> Impact:
    periods = traffic.read(entries, subject, until)
    measured = (*_counted(entries, subject), *_logged(entries, subject))
    served = dict.fromkeys(name for period in periods for name, _ in period.shares or ())
    revisions = tuple((name, _role(name, subject)) for name in served)
    return Impact(tuple(_users(entries, subject, periods, measured)), periods, measured, revisions)


def _role(revision: str, subject: Subject) -> Role:
    if revision == subject.candidate:
        return "candidate"
    return "stable" if revision == subject.stable else "other"


def _users(
    entries: Sequence[Entry], subject: Subject, periods: Sequence[Period], measured: Sequence[Measured]
) -> Iterator[str]:
    if not entries:
        yield "What users met is not known: there is no journal to read it from."
        return
    if not service_was_reached(entries):
        yield "Users noticed nothing: the service was not touched."
        return
    if subject.first:
        yield from _first(subject, periods)
    elif not was_given_traffic(entries):
        kept = f"{subject.stable} kept 100 %" if _alone(periods) else "the traffic stayed as it was"
        who = f"{subject.candidate} never had traffic" if subject.candidate else "no new revision was made"
        yield f"Users noticed nothing: {who}, and {kept}; 0 requests were lost to this release."
    else:
        yield from _moved(entries, subject, periods, measured)


def _first(subject: Subject, periods: Sequence[Period]) -> Iterator[str]:
    yield "This is the service's first release, so there was no earlier revision that users could lose."
    if not any(subject.candidate in dict(period.shares or ()) for period in periods):
        yield "No revision became ready: the service still serves nothing."


def _alone(periods: Sequence[Period]) -> bool:
    return all(period.shares is not None and len(period.shares) == 1 for period in periods) and bool(periods)


def _moved(
    entries: Sequence[Entry], subject: Subject, periods: Sequence[Period], measured: Sequence[Measured]
) -> Iterator[str]:
    mine = subject.candidate or ""
    under = [(dict(period.shares)[mine], period) for period in periods if period.shares and mine in dict(period.shares)]
    if under:
        top = max(percent for percent, _ in under)
        seconds = sum(period.seconds for _, period in under)
        yield f"{mine} served up to {top} % of the requests, for {format_duration(seconds)} within this release."
    if any(period.shares is None for period in periods):
        yield "For a time this journal does not tell who served: a traffic move was asked for and has no verdict."
    known = [row for row in measured if row.role == "candidate" and row.whose is Whose.USERS and row.requests]
    if known:
        most = max(known, key=lambda row: row.requests)
        failed = f"{most.errors} of {counted(most.requests, 'request')} of users to it failed"
        rate = most.errors / most.requests
        yield f"By the platform's metrics, {failed} ({rate:.1%}); figures of the last minutes may be missing."
    else:
        yield "How many requests of users it answered is not known: no figures of real requests were read."
    last = last_restore(entries)
    if last is not None and last.whole:
        yield f"The traffic was put back: {last.now}."
    elif last is not None:
        yield f"The traffic is not put back: {last.reason}."


def _counted(entries: Sequence[Entry], subject: Subject) -> Iterator[Measured]:
    """Requests that the steps made or counted; single ones come first."""
    names = {"candidate": subject.candidate or "", "stable": subject.stable or ""}
    found = [
        Measured(
            judged.label,
            names[each.role],
            each.role,
            each.whose,
            each.figures.requests,
            each.figures.errors,
            _quantiles(each.figures),
            tuple((attempt.at, attempt.seconds, not attempt.problem) for attempt in each.attempts),
        )
        for judged in verdicts(entries)
        if judged.details
        for each in judged.details.requests_counted()
        if each.figures.requests or each.whose is Whose.SINGLE
    ]
    yield from sorted(found, key=lambda row: row.whose is not Whose.SINGLE)


def _quantiles(figures: Figures) -> tuple[tuple[str, float], ...]:
    """(p50, seconds), (p95, seconds), in order."""
    kept = [(name, value) for name, value in figures.quantiles.items() if value is not None]
    return tuple(sorted(kept, key=lambda pair: float(pair[0][1:])))


def _logged(entries: Sequence[Entry], subject: Subject) -> Iterator[Measured]:
    """Requests that the platform logged for the candidate. Those of the probe and of comparisons are among them."""
    diagnosed = last_diagnosis(entries)
    log = diagnosed.evidence.log if diagnosed else ()
    statuses = [line.status for line in log if line.source == LogSource.REQUEST and line.status is not None]
    if statuses:
        bad = sum(is_failure(status) for status in statuses)
        yield Measured("request log", subject.candidate or "", "candidate", Whose.LOG, len(statuses), bad)
