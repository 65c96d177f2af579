"""What a step did is taken back, since the release has failed after it: asked, judged as the step is, written down."""

from __future__ import annotations

from typing import Any

from deploy_lib.drivers.interface import Interrupted, Tell
from deploy_lib.model.answers import CallFailed
from deploy_lib.model.journal import TakeBackAsked, TakenBack
from deploy_lib.model.journal_queries import asked_to_stop
from deploy_lib.model.release import Status
from deploy_lib.release.context import ReleaseContext
from deploy_lib.release.observe import Answered, until_judged
from deploy_lib.release.perform import Answer, perform


def take_back(context: ReleaseContext, index: int) -> None:
    """Asks for it and records what came of it; what was begun before is found again.

    The first request to stop is answered with a word: half of it helps nobody. Raises Interrupted for the next one;
    what was begun goes on, and `resume` finds it.
    """
    step, clock = context.plan.steps[index], context.drivers.clock
    if not context.record(TakeBackAsked(clock.now(), index, step.label)):
        return
    stopping = asked_to_stop(context.entries)
    while True:
        try:
            found = _asked(context, index)
            break
        except Interrupted:
            if stopping:
                raise
            stopping = True
            context.tell(f"{step.label} is taken back first (again to stop at once)")
    verdict = found.verdict
    if isinstance(verdict, CallFailed):
        reason = f"{verdict.reason} ({verdict.remedy})" if verdict.remedy else verdict.reason
        context.record(TakenBack(clock.now(), index, step.label, False, reason))
        return
    context.record(TakenBack(clock.now(), index, step.label, verdict.status is Status.PASSED, verdict.reason))


def _asked(context: ReleaseContext, index: int) -> Answered:
    step = context.plan.steps[index]

    def ask(request: Any, tell: Tell) -> Answer | CallFailed:
        return perform(request, context.drivers, tell)

    request = step.kind.take_back(step.settings, context.release)
    return until_judged(step.kind, step.settings, context.release, request, ask, context.drivers.clock, context.tell)
