"""How a team releases, by its releases: how often, what share failed and why, how soon users were well again, and how
long a commit takes to be live. The four keys of DORA (https://dora.dev/guides/dora-metrics-four-keys/), from journals.

A rollback is a restoration and no release. One that did nothing, for somebody else deployed, counts as neither. What
one command did in several regions of a service counts once: it is good where it is in all of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from statistics import median

from deploy_lib.model.journal import Entry, Judged, RestoreAnswered, Started
from deploy_lib.model.journal_queries import last_restore, latest_release, was_given_traffic
from deploy_lib.model.outcome import Outcome
from deploy_lib.model.release import Status
from deploy_lib.model.release_history import is_rollback
from deploy_lib.model.release_ids import of_all_regions
from deploy_lib.report.facts import root_cause, subject

_COUNT = frozenset(Outcome) - {Outcome.BUSY}


@dataclass(frozen=True, slots=True)
class EndedRelease:
    """What counts of one release. Times in seconds; `lead` is from its commit to live, `restored` from the verdict that
    sent users back until they were back; None where there was no such thing, or nobody wrote it down.

    `met`: users were given some of it. `of` is what it has in common with the same release in other regions, if any.
    """

    id: str
    at: datetime
    outcome: Outcome
    cause: str = ""
    met: bool = False
    rollback: bool = False
    lead: float | None = None
    restored: float | None = None
    of: str = ""

    @property
    def failed(self) -> bool:
        """Whether it was to be live or ready, and is not."""
        return not self.outcome.is_good


@dataclass(frozen=True, slots=True)
class Spread:
    """Of times, in seconds: how many there are, their median and the longest one."""

    count: int
    median: float
    longest: float


@dataclass(frozen=True, slots=True)
class Week:
    """`monday` is its first day, in UTC."""

    monday: date
    live: int = 0
    failed: int = 0
    lead: float | None = None  # the median, in seconds
    restored: float | None = None


@dataclass(frozen=True, slots=True)
class FourKeys:
    """`per_week` counts live releases over the whole weeks from the first release to the last; `failed_share` is of all
    that ended, `met_share` of all those that users were given and that failed; None where there is nothing to count."""

    releases: int = 0
    live: int = 0
    failed: int = 0
    met: int = 0  # failed after users were given some of it
    rollbacks: int = 0
    per_week: float | None = None
    failed_share: float | None = None
    met_share: float | None = None
    causes: tuple[tuple[str, int], ...] = ()
    lead: Spread | None = None
    restored: Spread | None = None
    weeks: tuple[Week, ...] = ()


def ended_release(entries: Sequence[Entry], release_id: str) -> EndedRelease | None:
    """None for one that has not ended, and for one that has nothing to do with how well releases go."""
    about = subject.read(entries, release_id)
    if about.outcome is None or about.ended is None or about.outcome not in _COUNT:
        return None
    rollback = is_rollback(release_id)
    failed = not about.is_good
    cause = root_cause.found(entries) if failed else None
    return EndedRelease(
        release_id,
        about.ended,
        about.outcome,
        cause=(cause.kind if cause else about.outcome.value) if failed else "",
        met=failed and was_given_traffic(entries),
        rollback=rollback,
        lead=_lead(entries, about.ended) if about.outcome is Outcome.LIVE and not rollback else None,
        restored=about.seconds if rollback and not failed else _restored(entries),
        of=_in_all_regions(entries, release_id),
    )


def four_keys(ended: Iterable[EndedRelease]) -> FourKeys:
    """Of the releases of any services and projects together."""
    found = _once_for_all_regions(sorted(ended, key=lambda each: each.at))
    releases = [each for each in found if not each.rollback]
    if not found:
        return FourKeys()
    live = [each for each in releases if each.outcome is Outcome.LIVE]
    failed = [each for each in releases if each.failed]
    met = [each for each in failed if each.met]
    weeks = _weeks(found)
    return FourKeys(
        len(releases),
        len(live),
        len(failed),
        len(met),
        len(found) - len(releases),
        per_week=len(live) / len(weeks),
        failed_share=len(failed) / len(releases) if releases else None,
        met_share=len(met) / (len(met) + len(live)) if met or live else None,
        causes=tuple(Counter(each.cause for each in failed).most_common()),
        lead=_spread(each.lead for each in live),
        restored=_spread(each.restored for each in found),
        weeks=weeks,
    )


def _once_for_all_regions(ended: Sequence[EndedRelease]) -> list[EndedRelease]:
    """`ended` in order of time; each release stands where its last region ended."""
    together: dict[str | int, list[EndedRelease]] = {}
    for index, each in enumerate(ended):
        together.setdefault(each.of or index, []).append(each)
    return sorted(map(_together, together.values()), key=lambda each: each.at)


def _together(regions: Sequence[EndedRelease]) -> EndedRelease:
    """A region that was only taken back with another one does not say why it failed."""
    failed = sorted((each for each in regions if each.failed), key=lambda each: each.cause == each.outcome.value)
    first = next(iter(failed), regions[-1])
    live = all(each.outcome is Outcome.LIVE for each in regions)
    return replace(
        first,
        at=regions[-1].at,
        met=any(each.met for each in regions),
        lead=_longest(each.lead for each in regions) if live else None,
        restored=_longest(each.restored for each in regions),
    )


def _longest(times: Iterable[float | None]) -> float | None:
    return max((each for each in times if each is not None), default=None)


def _in_all_regions(entries: Sequence[Entry], release_id: str) -> str:
    release = latest_release(entries)
    return of_all_regions(release_id, release.service) if release is not None and release.service.regions else ""


def _weeks(found: Sequence[EndedRelease]) -> tuple[Week, ...]:
    """Every week from the first to the last, those without a release too."""
    monday, last = _monday(found[0].at), _monday(found[-1].at)
    weeks = []
    while monday <= last:
        week = [each for each in found if _monday(each.at) == monday]
        releases = [each for each in week if not each.rollback]
        leads, back = _spread(each.lead for each in releases), _spread(each.restored for each in week)
        live = sum(each.outcome is Outcome.LIVE for each in releases)
        failed = sum(each.failed for each in releases)
        weeks.append(Week(monday, live, failed, leads.median if leads else None, back.median if back else None))
        monday += timedelta(days=7)
    return tuple(weeks)


def _monday(at: datetime) -> date:
    return at.date() - timedelta(days=at.weekday())


def _spread(times: Iterable[float | None]) -> Spread | None:
    known = [each for each in times if each is not None and each >= 0]
    return Spread(len(known), median(known), max(known)) if known else None


def _lead(entries: Sequence[Entry], ended: datetime) -> float | None:
    """A clock that is wrong makes no time of it."""
    committed = next((entry.release.committed for entry in entries if isinstance(entry, Started)), None)
    seconds = (ended - committed).total_seconds() if committed is not None else None
    return seconds if seconds is not None and seconds >= 0 else None


def _restored(entries: Sequence[Entry]) -> float | None:
    """From the last verdict that was none of "passed" to the traffic being back, where users had met the release."""
    back: RestoreAnswered | None = last_restore(entries)
    if back is None or not back.whole or not was_given_traffic(entries):
        return None
    well = (Status.PASSED, Status.SKIPPED)
    bad = [each.at for each in entries if isinstance(each, Judged) and each.status not in well and each.at <= back.at]
    return (back.at - bad[-1]).total_seconds() if bad else None
