"""A release that has a guard: one is left before the candidate gets users, and ended with the release."""

from __future__ import annotations

from deploy_lib.drivers.interface import DriverError, Interrupted
from deploy_lib.model.journal_queries import was_given_traffic
from deploy_lib.model.requests import LeaveGuard, Worker
from deploy_lib.release.context import ReleaseContext
from deploy_lib.steps.build import BuildSettings


def leave_guard(context: ReleaseContext) -> str:
    """Why nobody watches though the configuration asks for it; empty where somebody does, or nobody has to.

    A first release has none: there is nothing to put back. Raises Interrupted.
    """
    if context.plan.service.guard is None or context.release.first:
        return ""
    try:
        context.drivers.guards.leave(_request(context), context.tell)
    except DriverError as problem:
        return f"no guard could be left, and the candidate gets no users without one: {problem.with_remedy}"
    return ""


def end_guard(context: ReleaseContext) -> None:
    """One that cannot be ended ends by itself, when it sees what has become of the release."""
    if context.plan.service.guard is None or not was_given_traffic(context.entries):
        return
    try:
        context.drivers.guards.end(_request(context))
    except (DriverError, Interrupted) as problem:
        context.tell(f"the guard could not be ended, and ends by itself: {problem}")


def _request(context: ReleaseContext) -> LeaveGuard:
    build = context.plan.settings(BuildSettings)
    return LeaveGuard(context.release, context.plan.path, context.plan.program, build.worker if build else Worker())
