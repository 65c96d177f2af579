"""Entries of the journal that are shown in one sentence, the same on a screen, in a log and in a report."""

from __future__ import annotations

from typing import assert_never

from deploy_lib.model.journal import (
    Adopted,
    GoingBack,
    ReleaseInterrupted,
    RestoreAnswered,
    RestoreAsked,
    Started,
    TakeBackAsked,
    TakenBack,
    Withdrawn,
)
from deploy_lib.model.outcome import Tone


def about_freeze(started: Started) -> str:
    """Why it began although a freeze is in force, or that it is an emergency all the same; empty where neither is."""
    why, freeze = started.release.options.emergency, started.freeze
    if why and not started.resumed:
        return f"an emergency ({why}): {f'{freeze}, and is overridden' if freeze else 'no freeze is in force'}"
    return f"{freeze}; that does not stop a release that is under way" if freeze else ""


InOneSentence = (
    Adopted | GoingBack | ReleaseInterrupted | RestoreAnswered | RestoreAsked | TakeBackAsked | TakenBack | Withdrawn
)


def sentence(entry: InOneSentence) -> tuple[str, Tone]:
    """What happened, in one line, and how good that is."""
    match entry:
        case Adopted():
            since = f"; the traffic is {entry.traffic}" if entry.traffic else ""
            return f"goes on at step {entry.step + 1}, from what the service itself says{since}", "plain"
        case GoingBack() if entry.there:
            return f"nothing will be moved; {entry.target} serves already: {entry.why}", "plain"
        case GoingBack():
            return f"will put back {entry.target}: {entry.why}; now it is {entry.now}", "plain"
        case ReleaseInterrupted():
            return entry.by if entry.errored else f"stopped by {entry.by}", "unsure"
        case RestoreAsked():
            return f"restoring the traffic: {entry.target}", "plain"
        case RestoreAnswered() if entry.whole:
            return f"restored: {entry.now}", "good"
        case RestoreAnswered():
            now = "not known what serves" if entry.now is None else f"now: {entry.now}"
            return f"RESTORING FAILED: {entry.reason}; {now}", "bad"
        case TakeBackAsked():
            return f"taking back what {entry.label} did", "plain"
        case TakenBack() if entry.whole:
            return f"{entry.label} was taken back: {entry.reason}", "good"
        case TakenBack():
            return f"TAKING BACK {entry.label} FAILED: {entry.reason}", "bad"
        case Withdrawn(hold=True):
            return f"held as it is: {entry.why}", "unsure"
        case Withdrawn():
            return f"taken back: {entry.why}", "bad"
        case _:
            assert_never(entry)
