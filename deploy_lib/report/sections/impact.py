"""What users met: who served them, how many requests are known, how many failed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from deploy_lib.model.journal import Adopted, Asked, Entry, LeaseHeld, RestoreAnswered
from deploy_lib.report.model import Impact, Measured, Period, Subject
from deploy_lib.report.sections import traffic
from deploy_lib.report.sections.subject import diagnosis, verdicts
from deploy_lib.steps.kind import counted, spoken
from deploy_lib.steps.responses import is_failure

_SIDES = (
    ("stable", "stable", "paired"),
    ("candidate", "candidate", "paired"),
    ("real_stable", "stable", "real"),
    ("real_candidate", "candidate", "real"),
)


def read(entries: Sequence[Entry], subject: Subject, until: datetime) -> Impact:
    periods = traffic.read(entries, until)
    measured = (*_probed(entries, subject), *_compared(entries, subject), *_logged(entries, subject))
    return Impact(tuple(_users(entries, subject, periods, measured)), periods, measured)


def _users(
    entries: Sequence[Entry], subject: Subject, periods: Sequence[Period], measured: Sequence[Measured]
) -> Iterator[str]:
    if not entries:
        yield "What users met is not known: there is no journal to read it from."
        return
    if not any(isinstance(entry, LeaseHeld | Adopted) for entry in entries):
        yield "Users noticed nothing: the service was not touched."
        return
    moved = any(isinstance(entry, Asked) and entry.moves_traffic for entry in entries)
    moved = moved or any(isinstance(entry, Adopted) and entry.moved for entry in entries)
    if subject.first:
        yield from _first(subject, periods)
    elif not moved:
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
        seconds = sum((period.end - period.start).total_seconds() for _, period in under)
        yield f"{mine} served up to {top} % of the requests, for {spoken(seconds)} within this release."
    if any(period.shares is None for period in periods):
        yield "For a time it is not known who served: the answer to a traffic move did not come."
    known = [row for row in measured if row.role == "candidate" and row.whose == "real" and row.requests]
    if known:
        most = max(known, key=lambda row: row.requests)
        failed = f"{most.errors} of {counted(most.requests, 'request')} of users to it failed"
        rate = most.errors / most.requests
        yield f"By the platform's metrics, {failed} ({rate:.1%}); figures of the last minutes may be missing."
    else:
        yield "How many requests of users it answered is not known: no figures of real requests were read."
    last = next((entry for entry in reversed(entries) if isinstance(entry, RestoreAnswered)), None)
    if last is not None and last.whole:
        yield f"The traffic was put back: {last.now}."
    elif last is not None:
        yield f"The traffic is not put back: {last.reason}."


def _probed(entries: Sequence[Entry], subject: Subject) -> Iterator[Measured]:
    for judged in verdicts(entries):
        attempts = judged.facts.get("attempts")
        if judged.kind != "probe" or not isinstance(attempts, list | tuple):
            continue
        known = [attempt for attempt in attempts if isinstance(attempt, Mapping)]
        seen = tuple((_number(a.get("at")), _number(a.get("seconds")), not a.get("problem")) for a in known)
        bad = sum(not good for _, _, good in seen)
        yield Measured(judged.label, subject.candidate or "", "candidate", "probe", len(seen), bad, (), seen)


def _compared(entries: Sequence[Entry], subject: Subject) -> Iterator[Measured]:
    names = {"candidate": subject.candidate or "", "stable": subject.stable or ""}
    for judged in verdicts(entries):
        if judged.kind not in ("compare", "promote"):
            continue
        for key, role, whose in _SIDES:
            side = judged.facts.get(key)
            if isinstance(side, Mapping) and _number(side.get("requests")):
                requests, errors = int(_number(side.get("requests"))), int(_number(side.get("errors")))
                yield Measured(judged.label, names[role], role, whose, requests, errors, _quantiles(side))


def _quantiles(side: Mapping[str, object]) -> tuple[tuple[str, float], ...]:
    """(p50, seconds), (p95, seconds): every key of the kind, in order."""
    found = [(key, value) for key, value in side.items() if key[:1] == "p" and key[1:].replace(".", "").isdigit()]
    kept = [(key, float(value)) for key, value in found if isinstance(value, int | float)]
    return tuple(sorted(kept, key=lambda pair: float(pair[0][1:])))


def _logged(entries: Sequence[Entry], subject: Subject) -> Iterator[Measured]:
    """Requests that the platform logged for the candidate. Those of the probe and of comparisons are among them."""
    diagnosed = diagnosis(entries)
    log = diagnosed.evidence.log if diagnosed else ()
    statuses = [line.status for line in log if line.source == "request" and line.status is not None]
    if statuses:
        bad = sum(is_failure(status) for status in statuses)
        yield Measured("request log", subject.candidate or "", "candidate", "log", len(statuses), bad)


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
