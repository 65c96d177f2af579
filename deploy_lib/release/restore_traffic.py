"""Putting traffic back with far more patience than anything else has: users may be on a sick revision until then."""

from __future__ import annotations

from collections.abc import Callable

from deploy_lib.drivers.interface import DriverError, Interrupted, Tell
from deploy_lib.drivers.polling import polls
from deploy_lib.model.answers import Restored
from deploy_lib.model.journal import Entry, RestoreAnswered, RestoreAsked
from deploy_lib.model.requests import RestoreTraffic
from deploy_lib.plan import Plan
from deploy_lib.release.lease import Deployer
from deploy_lib.steps.probe import ProbeSettings
from deploy_lib.steps.verify import VerifySettings

RETRIES_FOR = 300.0  # seconds
SAY_AGAIN_EVERY = 15.0  # seconds


def asks_main_url(plan: Plan) -> bool:
    """Whether what was put back is asked: not where verify, or else probe, rests on what Cloud Run reports."""
    chosen = plan.settings(VerifySettings) or plan.settings(ProbeSettings)
    return chosen is None or chosen.via == "url"


def restore(
    drivers: Deployer,
    request: RestoreTraffic,
    why: str,
    record: Callable[[Entry], object],
    tell: Tell,
    *,
    stopping: bool = False,
) -> None:
    """Asks for it and records what came of it. Raises Interrupted as `put_back` does."""
    record(RestoreAsked(drivers.clock.now(), request.target, why))
    try:
        answer = put_back(drivers, request, tell, stopping=stopping)
        answered = RestoreAnswered(drivers.clock.now(), answer.complete, answer.now, answer.reason)
    except DriverError as problem:
        answered = RestoreAnswered(drivers.clock.now(), False, None, problem.with_remedy)
    record(answered)


def put_back(drivers: Deployer, request: RestoreTraffic, tell: Tell, *, stopping: bool = False) -> Restored:
    """What came of it, asked again for as long as that may help.

    The first request to stop is answered with a word and not followed while the traffic is being moved, since half of
    a restore helps nobody; `stopping` says that this is not the first. Raises Interrupted for the next one, and for
    any that comes while there is nothing to do but wait; and DriverError when asking again cannot help.
    """
    clock, last_reason, reported_at = drivers.clock, "", 0.0
    for waited in polls(clock, RETRIES_FOR):
        try:
            return drivers.services.restore(request, tell)
        except Interrupted:
            if stopping or last_reason:
                raise
            stopping = True
            tell("the traffic is put back first (again to stop at once)")
        except DriverError as problem:
            left = min(problem.may_pass_within, RETRIES_FOR) - waited
            if left <= 0:
                raise
            if problem.reason != last_reason or waited - reported_at >= SAY_AGAIN_EVERY:
                last_reason, reported_at = problem.reason, waited
                tell(f"the traffic is not back yet: {last_reason}; trying again for {left:.0f} s (Ctrl-C stops that)")
    raise AssertionError("the last turn returns or raises")
