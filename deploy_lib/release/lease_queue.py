"""Queueing for a service that somebody else deploys, or that is held or frozen."""

from __future__ import annotations

from collections.abc import Callable

from deploy_lib.drivers.interface import Clock, Tell
from deploy_lib.model.answers import LeaseTaken
from deploy_lib.steps.kind import format_duration

EVERY = 2.0
"""Seconds between two looks at a lease."""
REPORT_EVERY = 30.0
"""Seconds between two lines that say who is waited for."""


def wait_for_lease(clock: Clock, wait: float, ask: Callable[[], LeaseTaken], tell: Tell) -> LeaseTaken:
    """The answer once the service is free, or the last refusal when `wait` seconds are over.

    Raises what `ask` raises, and Interrupted while it waits.
    """
    began = clock.monotonic()
    last_reason, reported_at = "", began
    while True:
        answer, now = ask(), clock.monotonic()
        left = wait - (now - began)
        if answer.taken or left <= 0:
            return answer
        reason = answer.frozen or answer.holder
        if reason != last_reason or now - reported_at >= REPORT_EVERY:
            last_reason, reported_at = reason, now
            tell(f"waiting {format_duration(left)} at most (Ctrl-C leaves): {held_by(answer)}")
        clock.sleep(min(EVERY, left))


def held_by(answer: LeaseTaken) -> str:
    """Who has the service, since when and until when; or what else is in the way."""
    since = f" since {answer.since:%H:%M:%S} UTC" if answer.since else ""
    until = f", until {answer.until:%H:%M:%S} UTC" if answer.until else ""
    if answer.frozen:
        return answer.frozen
    if answer.on_hold:
        return f"{answer.holder} blocks deployments of this service{since}{until}"
    then = ", and the service is free then" if until else ""
    renewed = f" unless renewed; if its client is dead, nobody renews it{then}" if until else ""
    if answer.holder_ended:
        renewed = f"; that process has ended on this machine, so nobody renews it{then}"
    return f"{answer.holder or 'someone'} is deploying this service{since}{until}{renewed}"
