"""The end of a release: its cause is looked for, the service is given back, and the last line says what serves now."""

from __future__ import annotations

from deploy_lib.decide import Finish
from deploy_lib.drivers.interface import DriverError, Interrupted
from deploy_lib.model.journal import Stopped
from deploy_lib.model.journal_queries import (
    image_is_to_blame,
    is_diagnosed,
    is_resumed,
    last_lease,
    last_refusal,
    last_verdict,
    verdicts,
)
from deploy_lib.model.outcome import Outcome
from deploy_lib.model.release import Status
from deploy_lib.model.requests import EndLease
from deploy_lib.model.serving import Serving
from deploy_lib.release.context import ReleaseContext
from deploy_lib.release.explain import explain
from deploy_lib.release.final_message import last_seen, tag_words
from deploy_lib.release.last_line import serving_now
from deploy_lib.release.lease import give_back
from deploy_lib.release.next_commands import next_commands
from deploy_lib.release.run_step import taken_over


def finish(this: ReleaseContext, move: Finish) -> Stopped:
    """Records the last entry, and returns it."""
    held = last_lease(this.entries) is not None
    lost = move.outcome is Outcome.HELD and held and bool(taken_over(this))
    if move.outcome.wants_a_cause and not lost:
        _explain(this)
    verdict, refused = last_verdict(this.entries), last_refusal(this.entries)
    if held:
        _give_back(this, move)
    serving = serving_now(this.drivers.services, this.release.service, last_seen(this.entries))
    commands = next_commands(
        this.plan,
        this.release,
        move.outcome,
        resumed=is_resumed(this.entries),
        lost=lost,
        conflict=verdict is not None and verdict.conflict,
        gone=serving == str(Serving(exists=False)),
        on_hold=refused is not None and refused.on_hold,
    )
    stopped = Stopped(this.drivers.clock.now(), move.outcome, move.reason, serving, commands)
    this.record(stopped)
    return stopped


def unless_elsewhere(this: ReleaseContext, move: Finish) -> Finish:
    """Only what is seen serving is called live, in the traffic as it is now; verify may have seen it a while ago."""
    if move.outcome is not Outcome.LIVE:
        return move
    last = last_verdict(this.entries)
    confirms = last is not None and this.plan.steps[last.step].kind.position.confirms
    verified = last is not None and confirms and last.status is Status.PASSED
    try:
        serving = this.drivers.services.read_serving(this.release.service)
    except (DriverError, Interrupted) as problem:
        if verified:
            return move
        return Finish(Outcome.UNKNOWN, f"{move.reason}; whether it serves could not be read back: {problem}")
    if serving.now.shares() == {this.release.candidate: 100}:
        return move
    by = taken_over(this)
    why = f"; {by}" if by else ""
    return Finish(Outcome.HELD, f"{this.release.candidate} does not have all traffic{why}; serving: {serving}")


def _give_back(this: ReleaseContext, move: Finish) -> None:
    to_blame = move.outcome is Outcome.REJECTED and image_is_to_blame(this.entries)
    request = EndLease(this.release, move.outcome, move.reason, to_blame)
    ended = give_back(this.drivers.services, request, this.tell)
    if ended is not None and ended.candidate:
        this.tell(tag_words(this.plan, this.release, ended))


def _explain(this: ReleaseContext) -> None:
    """The cause of the step that failed last, written down once."""
    if is_diagnosed(this.entries):
        return
    try:
        diagnosed = explain(this.drivers, this.diagnose, verdicts(this.entries), this.evidence, this.release)
    except Interrupted:  # no diagnosis after a second Ctrl-C
        return
    if diagnosed is not None:
        this.record(diagnosed)
