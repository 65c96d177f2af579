"""Which release the report is about, and the entries that tell how it began and ended."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from deploy_lib.model.journal import Diagnosed, Entry, Judged, Started, Stopped
from deploy_lib.model.journal_queries import latest_release
from deploy_lib.model.outcome import Outcome
from deploy_lib.report.model import Subject


def read(entries: Sequence[Entry], release_id: str = "", *, running: bool = False) -> Subject:
    """What is known of it; with no entries, its id alone."""
    release = latest_release(entries)
    if release is None:
        return Subject(release_id)
    stopped = ending(entries)
    begun = next((entry for entry in entries if isinstance(entry, Started)), None)
    return Subject(
        id=release.id,
        service=release.service.name,
        cloud_run=release.service.cloud_run,
        project=release.service.project,
        region=release.service.region,
        commit=release.commit,
        image=release.image,
        candidate=release.candidate,
        stable=release.stable,
        holder=begun.holder if begun else "",
        outcome=stopped.outcome if stopped else None,
        first=release.first,
        started=begun.at if begun else release.started,
        ended=stopped.at if stopped else None,
        running=running and stopped is None,
    )


def ending(entries: Sequence[Entry]) -> Stopped | None:
    """How it ended; None when it was started again since, or never ended.

    To be resumed while somebody else had the service changes nothing: the ending before that counts.
    """
    busy: Stopped | None = None
    for entry in reversed(entries):
        if isinstance(entry, Stopped):
            if entry.outcome is not Outcome.BUSY:
                return entry
            busy = entry
        elif isinstance(entry, Started):
            if busy is None or not entry.resumed:
                return busy
            busy = None
    return None


def diagnosis(entries: Sequence[Entry]) -> Diagnosed | None:
    """The last one. A release that was resumed may have had several."""
    return next((entry for entry in reversed(entries) if isinstance(entry, Diagnosed)), None)


def verdicts(entries: Sequence[Entry]) -> Iterator[Judged]:
    return (entry for entry in entries if isinstance(entry, Judged))


def last_verdicts(entries: Sequence[Entry]) -> list[Judged]:
    """The last verdict on each step, in the order of the plan: a resumed release asks some steps again."""
    by_step = {judged.step: judged for judged in verdicts(entries)}
    return [by_step[step] for step in sorted(by_step)]
