"""The last line of a release: what serves now, and what a person can type next. Pure over the journal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

from deploy_lib.model.answers import LeaseEnded
from deploy_lib.model.journal import Adopted, Asked, Entry, Judged, LeaseHeld, RestoreAnswered, RestoreAsked
from deploy_lib.model.outcome import Outcome
from deploy_lib.model.release import Release
from deploy_lib.plan import Plan


def last_seen(entries: Sequence[Entry]) -> str:
    """What is known of the traffic where the cloud itself cannot be asked, as the end of a sentence."""
    untouched = False
    for entry in reversed(entries):
        if isinstance(entry, Judged):
            untouched = entry.untouched
        if isinstance(entry, RestoreAnswered) and entry.now is not None:
            return f"last seen: {entry.now}"
        if isinstance(entry, RestoreAsked):
            return f"it was asked to go back to: {entry.target}"
        seen = entry.details.traffic_seen() if isinstance(entry, Judged) and entry.details else None
        if seen is not None:
            return "last seen: " + (", ".join(f"{name} {share} %" for name, share in seen.shares.items()) or "nothing")
        if isinstance(entry, Asked) and entry.moves_traffic and not untouched:
            return f"it was asked to serve: {entry.target}"
        if isinstance(entry, LeaseHeld | Adopted) and entry.release.before is not None:
            return f"last seen: {entry.release.before}"
    return "this release did not touch the service"


def next_commands(
    plan: Plan,
    release: Release,
    outcome: Outcome,
    *,
    resumed: bool = False,
    lost: bool = False,
    conflict: bool = False,
    gone: bool = False,
    on_hold: bool = False,
) -> tuple[str, ...]:
    """Commands to choose from, in the order a person should consider them.

    `lost`: somebody took the service over. `conflict`: somebody changed it, and a plain `resume` would meet that again.
    `gone`: somebody deleted it. `on_hold`: it is busy because a person wants it to stay as it is.
    """
    program = plan.program
    match outcome:
        case Outcome.HELD if lost:
            return (
                program.command("status", note="who has the service, and what serves"),
                program.command("deploy", note="release again, from what serves"),
            )
        case Outcome.HELD if gone:
            return (
                program.command("deploy", note="make the service again, as if for the first time"),
                program.command("status", note="see that it is gone"),
            )
        case Outcome.HELD:
            accept = program.command("resume", "--accept", note="go on with the release, from the traffic as it is now")
            return (
                accept if conflict else program.command("resume", note="ask again and go on"),
                program.command("rollback", note="put back what served before"),
                program.command("status", note="leave it, and see what serves"),
            )
        case Outcome.READY:
            file = plan.path or "its file"
            first = "give it the users" if plan.promotes else f"once promote and verify stand in {file}"
            return (
                program.command("resume", note=first),
                program.command("rollback", note="give it up; users stay where they are"),
            )
        case Outcome.BUSY:
            name = "resume" if resumed else "deploy"
            over = (program.command("resume", "--force", note="take the service over and go on"),) if resumed else ()
            back = program.command("rollback", "--force", note="take the service over and put back what served before")
            end = program.command("hold", "--release", note="end the hold, if it is yours or its time is over")
            return (
                program.command(name, "--wait", "10m", note="queue behind it"),
                program.command("status", note="who has the service, and what serves"),
                *over,
                end if on_hold else back,
            )
        case Outcome.UNKNOWN:
            return (program.command("resume"), program.command("status"))
        case Outcome.INTERRUPTED:
            return (program.command("deploy", note="start again"),)
        case Outcome.REJECTED:
            return (program.command("report", release.id),)
        case Outcome.LIVE:
            return ()
        case _:
            assert_never(outcome)


def tag_words(plan: Plan, release: Release, ended: LeaseEnded) -> str:
    """Where a candidate that was not wanted can be looked at, and what it costs."""
    if ended.url:
        return (
            f"{ended.candidate} keeps its tag {ended.tag} until the next release, so that it can be looked at: "
            f"{ended.url}; it has no minimum instances that would cost"
        )
    look = plan.program.command("report", release.id)
    return f"{ended.candidate} lost its tag {ended.tag}, so that no instance of it is kept running; look at it: {look}"
