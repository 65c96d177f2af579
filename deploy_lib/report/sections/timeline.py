"""What happened, in the order it was written down, in words; and where the clocks of the journal disagree."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, tzinfo

from deploy_lib.model import journal
from deploy_lib.model.journal import Entry
from deploy_lib.model.release import Status
from deploy_lib.report.model import Moment
from deploy_lib.steps.kind import format_duration

SKEW = 1.0  # seconds that two entries may go backwards before it is worth saying

_TONES = {
    Status.PASSED: "good",
    Status.FAILED: "bad",
    Status.ERRORED: "unsure",
    Status.INCONCLUSIVE: "unsure",
    Status.SKIPPED: "plain",
}
_SAYS = {
    Status.PASSED: "passed",
    Status.FAILED: "failed",
    Status.ERRORED: "could not find out",
    Status.INCONCLUSIVE: "is unclear",
    Status.SKIPPED: "was skipped",
}


def read(entries: Sequence[Entry], zone: tzinfo, ends: Sequence[datetime] = ()) -> tuple[Moment, ...]:
    """The moments in the order of the journal; `ends` of the container stand where their times put them."""
    if not entries:
        return ()
    begin = entries[0].at
    moments = [
        Moment(entry.at, entry.at.astimezone(zone), (entry.at - begin).total_seconds(), text, tone)
        for entry in entries
        for text, tone in _told(entry)
    ]
    for at, text in _crashes(ends):
        place = next((number for number, moment in enumerate(moments) if moment.at > at), len(moments))
        after = (at - begin).total_seconds()
        moments.insert(place, Moment(at, at.astimezone(zone), after, text, "bad"))
    return tuple(moments)


def skew(entries: Sequence[Entry]) -> str | None:
    """A clause about times that go backwards, as happens when another machine takes a release up."""
    worst = 0.0
    for index in range(1, len(entries)):
        worst = max(worst, (entries[index - 1].at - entries[index].at).total_seconds())
    if worst <= SKEW:
        return None
    most = format_duration(worst)
    return f"times in the journal go backwards by up to {most}: clocks disagree, so durations may be wrong"


def _crashes(ends: Sequence[datetime]) -> Iterator[tuple[datetime, str]]:
    known = sorted(ends)
    if known:
        yield known[0], "the container ended for the first time"
    if len(known) > 1:
        yield known[-1], f"the container had ended {len(known)} times"


def _told(entry: Entry) -> Iterator[tuple[str, str]]:
    match entry:
        case journal.Started():
            again = "resumed" if entry.resumed else "started"
            who = f" by {entry.holder}" if entry.holder else ""
            yield f"{again}{who}: commit {entry.release.commit[:12]}", "plain"
        case journal.LeaseHeld():
            before = entry.release.before
            serves = "this is its first release" if entry.release.first else f"it serves {before}"
            yield f"the service is leased to this release; {serves}", "plain"
        case journal.LeaseRefused():
            yield f"the lease was not given: {entry.reason}", "unsure" if entry.errored else "bad"
        case journal.Adopted():
            yield f"taken up from the service's own record at step {entry.step + 1}", "plain"
        case journal.Asked():
            if entry.moves_traffic and entry.target:
                yield f"{entry.label}: asked for {entry.target}", "plain"
        case journal.Judged():
            yield f"{entry.label} {_SAYS[entry.status]}: {entry.reason}", _TONES[entry.status]
        case journal.ReleaseInterrupted():
            yield entry.by if entry.errored else f"interrupted by {entry.by}", "unsure"
        case journal.Withdrawn():
            yield f"taken back: {entry.why}", "bad"
        case journal.GoingBack():
            yield f"going back to {entry.target}: {entry.why}; it was {entry.now}", "plain"
        case journal.RestoreAsked():
            yield f"restoring {entry.target}", "plain"
        case journal.RestoreAnswered():
            now = "not known what serves" if entry.now is None else f"now {entry.now}"
            said = f"restored: {entry.now}" if entry.whole else f"restoring failed: {entry.reason}; {now}"
            yield said, "good" if entry.whole else "bad"
        case journal.Diagnosed():
            yield f"cause: {entry.cause.sentence}", "plain"
        case journal.Stopped():
            yield f"ended {entry.outcome.value}; serving {entry.serving}", entry.outcome.words.tone
