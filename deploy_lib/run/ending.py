"""The last line of a release: what serves now, and what a person can type next. Pure over the journal."""

from __future__ import annotations

from collections.abc import Sequence

from deploy_lib.model.journal import Adopted, Asked, Entry, Judged, LeaseHeld, RestoreAnswered
from deploy_lib.model.outcome import Outcome
from deploy_lib.model.release import Release, Status
from deploy_lib.model.traffic import TrafficMap
from deploy_lib.plan import Plan


def serving(entries: Sequence[Entry]) -> str:
    """What users meet now, as far as this run knows."""
    untouched = False
    for entry in reversed(entries):
        if isinstance(entry, Judged):
            untouched = entry.untouched
        if isinstance(entry, RestoreAnswered):
            return _words(entry.now) if entry.now is not None else "not known"
        if isinstance(entry, Judged) and isinstance(entry.facts.get("traffic"), dict):
            shares = entry.facts["traffic"]
            assert isinstance(shares, dict)
            return ", ".join(f"{revision} {percent} %" for revision, percent in shares.items()) or "nothing"
        if isinstance(entry, Asked) and entry.moves_traffic and not untouched:
            return f"not known; asked for: {entry.target}"
        if isinstance(entry, LeaseHeld | Adopted) and entry.release.before is not None:
            return _first_words(entries) if entry.release.first else _words(entry.release.before)
    return "unchanged; the service was not touched"


def _words(traffic: TrafficMap) -> str:
    return str(traffic)


def _first_words(entries: Sequence[Entry]) -> str:
    """A service's first revision has all traffic as soon as it is ready, whatever was asked, and else none."""
    for entry in reversed(entries):
        if isinstance(entry, Judged) and entry.kind == "canary" and entry.status is Status.PASSED:
            return f"{entry.release.candidate}, the service's first revision"
    return "nothing; the service has no revision that came up"


def next_commands(plan: Plan, release: Release, outcome: Outcome) -> tuple[str, ...]:
    """Commands to choose from, in the order a person should consider them."""
    program = plan.program
    match outcome:
        case Outcome.HELD:
            return (
                program.command("resume", note="ask again and go on"),
                program.command("rollback", note="put back what served before"),
                program.command("status", note="leave it, and see what serves"),
            )
        case Outcome.UNKNOWN:
            return (program.command("resume"), program.command("status"))
        case Outcome.INTERRUPTED:
            return (program.command("deploy", note="start again"),)
        case Outcome.REJECTED:
            return (program.command("report", release.id),)
        case _:
            return ()
