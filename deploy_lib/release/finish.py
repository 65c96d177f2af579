"""The end of a release: its cause is looked for, the service is given back, and the last line says what serves now."""

from __future__ import annotations

from deploy_lib.decide import Finish
from deploy_lib.drivers.interface import DriverError, Interrupted
from deploy_lib.model.image_names import digest_of
from deploy_lib.model.journal import Stopped
from deploy_lib.model.journal_queries import (
    image_is_to_blame,
    is_diagnosed,
    is_resumed,
    last_lease,
    last_refusal,
    last_verdict,
    last_verdicts,
    verdicts,
)
from deploy_lib.model.outcome import Outcome
from deploy_lib.model.release import Status
from deploy_lib.model.requests import EndLease
from deploy_lib.model.serving import Serving
from deploy_lib.release.context import ReleaseContext
from deploy_lib.release.explain import explain
from deploy_lib.release.final_message import last_seen, tag_words
from deploy_lib.release.guarded import end_guard
from deploy_lib.release.last_line import serving_now
from deploy_lib.release.lease import give_back, words_of_known_bad
from deploy_lib.release.next_commands import next_commands
from deploy_lib.release.run_step import taken_over


def finish(context: ReleaseContext, move: Finish) -> Stopped:
    """Records the last entry, and returns it."""
    held = last_lease(context.entries) is not None
    lost = move.outcome is Outcome.HELD and held and bool(_taken_over(context))
    known = _image_known_bad(context)
    if move.outcome.wants_a_cause and not (lost or known):
        _explain(context)
    verdict, refused = last_verdict(context.entries), last_refusal(context.entries)
    if move.outcome in (Outcome.REJECTED, Outcome.INTERRUPTED, Outcome.UNKNOWN):
        _tell_what_stays(context)
    if held:
        _give_back(context, move)
        end_guard(context)
    serving = serving_now(context.drivers.services, context.release.service, last_seen(context.entries))
    commands = next_commands(
        context.plan,
        context.release,
        move.outcome,
        resumed=is_resumed(context.entries),
        lost=lost,
        conflict=verdict is not None and verdict.conflict,
        waits=verdict is not None and verdict.status is Status.WAITING,
        gone=serving == str(Serving(exists=False)),
        on_hold=refused is not None and refused.on_hold,
        frozen=refused is not None and refused.frozen,
        known_bad=known,
    )
    stopped = Stopped(context.now(), move.outcome, move.reason, serving, commands)
    context.record(stopped)
    return stopped


def _image_known_bad(context: ReleaseContext) -> bool:
    """What failed before was not tried again, so there is nothing new to find a cause for."""
    verdict, refused = last_verdict(context.entries), last_refusal(context.entries)
    digest = digest_of((verdict.release if verdict else context.release).image)
    reasons = [each.reason for each in (verdict, refused) if each is not None]
    return digest is not None and words_of_known_bad(digest) in reasons


def _tell_what_stays(context: ReleaseContext) -> None:
    """What no restoring of traffic takes back."""
    for judged in last_verdicts(context.entries):
        stays = judged.details.left_behind() if judged.details and judged.status is Status.PASSED else ""
        if stays:
            context.tell(stays)


def unless_elsewhere(context: ReleaseContext, move: Finish) -> Finish:
    """Only what is seen serving is called live, in the traffic as it is now; verify may have seen it a while ago.

    Raises Interrupted: who asks to stop while it is read back is not answered that all is well.
    """
    if move.outcome is not Outcome.LIVE:
        return move
    last = last_verdict(context.entries)
    confirms = last is not None and context.plan.steps[last.step].position.confirms
    verified = last is not None and confirms and last.status is Status.PASSED
    try:
        serving = context.drivers.services.read_serving(context.release.service)
    except DriverError as problem:
        if verified:
            return move
        return Finish(Outcome.UNKNOWN, f"{move.reason}; whether it serves could not be read back: {problem}")
    if serving.now.shares() == {context.release.candidate: 100}:
        return move
    by = _taken_over(context)
    why = f"; {by}" if by else ""
    return Finish(Outcome.HELD, f"{context.release.candidate} does not have all traffic{why}; serving: {serving}")


def _taken_over(context: ReleaseContext) -> str:
    """By whom; at the end nothing more is to be stopped."""
    try:
        return taken_over(context)
    except Interrupted:
        return ""


def _give_back(context: ReleaseContext, move: Finish) -> None:
    to_blame = move.outcome is Outcome.REJECTED and image_is_to_blame(context.entries)
    request = EndLease(context.release, move.outcome, move.reason, to_blame)
    ended = give_back(context.drivers.services, request, context.tell)
    if ended is not None and ended.candidate:
        context.tell(tag_words(ended))


def _explain(context: ReleaseContext) -> None:
    """The cause of the step that failed last, written down once."""
    if is_diagnosed(context.entries):
        return
    try:
        diagnosed = explain(
            context.drivers,
            context.diagnose,
            verdicts(context.entries),
            context.evidence,
            context.release,
            context.tell,
        )
    except Interrupted:  # no diagnosis after a second Ctrl-C
        return
    if diagnosed is not None:
        context.record(diagnosed)
