"""Releases that somebody else carries out: what is checked before they are handed over, and which go together."""

from __future__ import annotations

from collections.abc import Sequence

from deploy_lib.drivers.interface import DriverError, Source
from deploy_lib.model.release import Release, Status
from deploy_lib.plan import Plan
from deploy_lib.release.perform import read


def passes_here(plan: Plan, release: Release, source: Source) -> bool:
    """Whether the steps that need no cloud pass, with the working copy before them that the other side will not have.

    One that could not find out has not passed.
    """
    for step in plan.steps:
        if step.kind.cloud:
            continue
        try:
            answer = read(step.kind.ask(step.settings, release), source)
        except DriverError:
            return False
        if step.kind.verdict(step.settings, release, answer).status is not Status.PASSED:
            return False
    return True


def apart(plans: Sequence[Plan], *, keep: bool) -> list[list[Plan]]:
    """Those that may be released without each other, each with what has to be released beside it. Pure.

    Only with `keep` does a service stay live when another one fails, and then only where it does not come after it.
    """
    if not keep:
        return [list(plans)]
    groups: list[list[Plan]] = []
    for plan in plans:
        related = [group for group in groups if any(_linked(plan, other) for other in group)]
        joined = [each for group in related for each in group]
        groups = [group for group in groups if group not in related] + [[*joined, plan]]
    return groups


def _linked(one: Plan, other: Plan) -> bool:
    names = one.service.name, other.service.name
    return names[0] == names[1] or names[0] in other.service.after or names[1] in one.service.after
