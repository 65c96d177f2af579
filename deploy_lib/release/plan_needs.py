"""What of a plan makes a row of the table of needs count. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from deploy_lib.model.needs import When
from deploy_lib.model.release import Builder
from deploy_lib.plan import Plan
from deploy_lib.steps.build import BuildSettings, builder_of
from deploy_lib.steps.import_check import ImportCheckSettings
from deploy_lib.steps.job.settings import JobSettings


def whens(plan: Plan) -> Iterator[When]:
    """Those of releases of that plan."""
    service, build = plan.service, plan.settings(BuildSettings)
    yield When.ALWAYS
    if service.job is None:
        yield When.SERVICE
    if builder_of(build) is Builder.CLOUD_BUILD:
        yield When.BUILD
        if build_account(plan):
            yield When.BUILD_ACCOUNT
        checks = plan.settings(ImportCheckSettings)
        if checks is not None and checks.secrets == "real":
            yield When.REAL_SECRETS
    else:
        yield When.HERE
    jobs = [each.settings for each in plan.steps if isinstance(each.settings, JobSettings)]
    if jobs:
        yield When.JOB
    if service.job.run if service.job is not None else jobs:
        yield When.EXECUTION
    if any(each.service_account for each in jobs):
        yield When.JOB_ACCOUNT
    if service.secrets or any(each.secrets for each in jobs):
        yield When.SECRETS
    if service.exposure.public is not None:  # false takes away what true gave
        yield When.PUBLIC
    if service.exposure.invokers is not None:
        yield When.INVOKERS
    if service.invoke_as:
        yield When.INVOKE_AS
    if service.guard:
        yield When.GUARD
        if service.guard.service_account:
            yield When.GUARD_ACCOUNT


def any_of(plans: Iterable[Plan]) -> frozenset[When]:
    """Those of releases of any of the plans."""
    return frozenset(found for plan in plans for found in whens(plan))


def build_account(plan: Plan) -> str | None:
    """None is the project's default."""
    build = plan.settings(BuildSettings)
    named = build.service_account if build is not None else None
    return named.rpartition("/")[2] if named else None


def guard_account(plan: Plan) -> str | None:
    """None is the project's default for builds."""
    named = plan.service.guard.service_account if plan.service.guard else None
    return named or build_account(plan)
