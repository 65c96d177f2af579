"""What a person can type next, in the order they should consider it. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

from deploy_lib.model.outcome import Outcome
from deploy_lib.model.release import Release
from deploy_lib.model.release_history import ByHand
from deploy_lib.model.state import ServiceState
from deploy_lib.plan import Plan


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
    frozen: bool = False,
    waits: bool = False,
    known_bad: bool = False,
) -> tuple[str, ...]:
    """Commands to choose from, in the order a person should consider them.

    `lost`: somebody took the service over. `conflict`: somebody changed it, and a plain `resume` would meet that again.
    `gone`: somebody deleted it. `on_hold`: it is busy because a person wants it to stay as it is;
    `frozen`: because its configuration says so. `waits`: a step waits for a person to approve it.
    `known_bad`: its image failed in an earlier release, and was not tried again.
    """
    program = plan.program
    match outcome:
        case Outcome.HELD if lost:
            return (
                program.command("status", note="who has the service, and what serves"),
                program.same_release(note="release again, from what serves"),
            )
        case Outcome.HELD if gone:
            return (
                program.same_release(note="make the service again, as if for the first time"),
                program.command("status", note="see that it is gone"),
            )
        case Outcome.HELD if waits:
            return (
                program.command("approve", release.id, note="say yes to it"),
                program.command("resume", note="go on once that is said, or once the time for it is over"),
                program.command("rollback", note="put back what served before"),
            )
        case Outcome.HELD if plan.service.job is not None:
            again = program.same_release(note="release it again")
            back = program.command("rollback", note="give it the image of the last good update")
            return (
                again if conflict else program.command("resume", note="ask again and go on"),
                *(() if release.first else (back,)),
                program.command("status", note="leave it, and see what it is"),
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
            first = "give it the users" if plan.promotes else f"once promote and verify are in {file}"
            return (
                program.command("resume", note=first),
                program.command("rollback", note="give it up; users stay where they are"),
            )
        case Outcome.BUSY if frozen:
            return (
                program.command("status", note="until when, and what serves"),
                program.same_release("--emergency", "--why", "WHY", note="release all the same; WHY is recorded"),
            )
        case Outcome.BUSY:
            wait, queue = ("--wait", "10m"), "queue behind it"
            ways = (
                program.command("resume", *wait, note=queue) if resumed else program.same_release(*wait, note=queue),
                program.command("status", note="who has the service, and what serves"),
            )
            if on_hold:
                end = program.command("hold", "--release", note="end the hold, if it is yours or its time is over")
                return (*ways, end)
            going_on = "take the service over and go on" if resumed else "go on with that release"
            if gone and not resumed:  # no service tells of it yet, and nothing served before
                going_on = "go on with that first release, begun on this machine"
            over = program.command("resume", "--force", note=f"only if its client is gone: {going_on}")
            back = program.command("rollback", "--force", note="stop it, and put back what served before")
            return (*ways, over) if gone or plan.service.job is not None else (*ways, over, back)
        case Outcome.UNKNOWN:
            return (program.command("resume"), program.command("status"))
        case Outcome.INTERRUPTED:
            return (program.same_release(note="start again"),)
        case Outcome.REJECTED if known_bad:
            forced = program.same_release("--force", note="release that image all the same")
            return (forced, program.command("report", release.id))
        case Outcome.REJECTED:
            return (program.command("report", release.id),)
        case Outcome.LIVE:
            return ()
        case _:
            assert_never(outcome)


def after_rollback(plan: Plan, outcome: Outcome) -> tuple[str, ...]:
    """As `next_commands`, for a rollback that came to that."""
    program = plan.program
    match outcome:
        case Outcome.BUSY:
            return (
                program.command("rollback", "--wait", "10m", note="queue behind it"),
                program.command("rollback", "--force", note="take the service over"),
                program.command("status", note="who has the service, and what serves"),
            )
        case Outcome.HELD:
            return (program.command("rollback", "--force"), program.command("status"))
        case Outcome.UNKNOWN:
            return (program.command("rollback"), program.command("status"))
        case Outcome.LIVE | Outcome.READY | Outcome.REJECTED | Outcome.INTERRUPTED:
            return ()
        case _:
            assert_never(outcome)


def after_change_by_hand(plan: Plan, state: ServiceState, by_hand: ByHand) -> Iterator[str]:
    """What a person can do about what was changed by hand."""
    if by_hand.moved:
        yield plan.program_here.command(
            "rollback", "--to", "last-release", note="put back what the last good release left"
        )
    if state.unfinished:
        yield plan.program.command("resume", "--accept", note="go on with the release, from the traffic as it is now")
    else:
        yield plan.program.same_release(note=by_hand.consequence)
