"""What happened, in the order it was written down, in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from deploy_lib.model import journal
from deploy_lib.model.entry_words import about_freeze, sentence
from deploy_lib.model.journal import Entry
from deploy_lib.model.outcome import Tone
from deploy_lib.report.blocks import Column, Piece, Table
from deploy_lib.report.document import Section
from deploy_lib.report.facts import ReleaseFacts
from deploy_lib.report.formatting import time_of_day


@dataclass(frozen=True, slots=True)
class Moment:
    """`local` is the same moment in the zone of the reader; `after` is seconds since the start."""

    at: datetime
    local: datetime
    after: float
    text: str
    tone: Tone = "plain"


def read(facts: ReleaseFacts) -> tuple[Moment, ...]:
    """The moments in the order of the journal; the ends of the container stand where their times put them."""
    entries, zone = facts.entries, facts.zone
    if not entries:
        return ()
    begin = entries[0].at
    moments = [
        Moment(entry.at, entry.at.astimezone(zone), (entry.at - begin).total_seconds(), text, tone)
        for entry in entries
        for text, tone in _events(entry)
    ]
    for at, text in _crashes(facts.log.ends):
        place = next((number for number, moment in enumerate(moments) if moment.at > at), len(moments))
        after = (at - begin).total_seconds()
        moments.insert(place, Moment(at, at.astimezone(zone), after, text, "bad"))
    return tuple(moments)


def blocks(moments: Sequence[Moment]) -> Iterator[Table]:
    if not moments:
        return
    zone = moments[0].local.tzinfo
    abroad = any(moment.local.utcoffset() for moment in moments)
    local = (Column(f"Local ({zone})", "time"),) if abroad else ()
    columns = (Column("UTC", "time"), *local, Column("Since the start", "number"), Column("What"))
    yield Table(
        tuple(
            (
                time_of_day(moment.at),
                *((f"{moment.local:%H:%M:%S}",) if abroad else ()),
                f"{moment.after:+.1f} s",
                Piece(moment.text, moment.tone),
            )
            for moment in moments
        ),
        columns,
    )


def _crashes(ends: Sequence[datetime]) -> Iterator[tuple[datetime, str]]:
    known = sorted(ends)
    if known:
        yield known[0], "the container ended for the first time"
    if len(known) > 1:
        yield known[-1], f"the container had ended {len(known)} times"


def _events(entry: Entry) -> Iterator[tuple[str, Tone]]:
    match entry:
        case journal.Started():
            again = "resumed" if entry.resumed else "started"
            who = f" by {entry.holder}" if entry.holder else ""
            yield f"{again}{who}: commit {entry.release.commit[:12]}", "plain"
            if about := about_freeze(entry):
                yield about, "unsure"
        case journal.LeaseHeld():
            release = entry.release
            serves = "this is its first release" if release.first else release.begins_from
            yield f"the {release.service.kind} is leased to this release; {serves}", "plain"
            if entry.over_hold:
                yield f"overridden in an emergency: the hold of {entry.over_hold}", "unsure"
        case journal.LeaseRefused():
            yield f"the lease was not given: {entry.reason}", "unsure" if entry.errored else "bad"
        case journal.Asked():
            if entry.moves_traffic and entry.target:
                yield f"{entry.label}: asked for {entry.target}", "plain"
        case journal.Judged():
            words = entry.status.words
            yield f"{entry.label} {words.clause}: {entry.reason}", words.tone
        case journal.Diagnosed():
            yield f"cause: {entry.cause.sentence}", "plain"
        case journal.Stopped():
            yield f"ended {entry.outcome.value}; serving {entry.serving}", entry.outcome.words.tone
        case (
            journal.Adopted()
            | journal.GoingBack()
            | journal.ReleaseInterrupted()
            | journal.RestoreAsked()
            | journal.RestoreAnswered()
            | journal.TakeBackAsked()
            | journal.TakenBack()
            | journal.Withdrawn()
        ):
            yield sentence(entry)
        case _:
            assert_never(entry)


SECTION = Section("timeline", "Timeline", read, blocks, empty="No moment is recorded.")
