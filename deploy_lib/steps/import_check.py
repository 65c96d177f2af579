"""import_check: the entrypoint is imported inside the image just built, as the image would run it.

The build step already ran the check; this step reads what it said. An image that was not built in this release
gets a check of its own.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from deploy_lib.model.answers import ImportsChecked
from deploy_lib.model.findings import errors
from deploy_lib.model.release import Release, Status
from deploy_lib.model.requests import CheckImports, ImportCheck
from deploy_lib.steps.kind import Duration, Kind, Settings, Verdict, counted, spoken


class ImportCheckSettings(Settings):
    also: tuple[str, ...] = Field((), description="packages whose every module is imported too")
    all: bool = Field(False, description="import every first-party module of the image")
    timeout: Duration = Field(60.0, gt=0, description="one module may take this long")
    budget: Duration | None = Field(None, description="report imports slower than this")
    on_other_errors: Literal["auto", "fail", "warn"] = Field(
        "auto",
        description="what an error at import does that is not an ImportError, e.g. a missing variable. auto: it fails, "
        "except that what needs the network or real credentials, which the check does not have, warns. fail: all fail. "
        "warn: all warn",
    )
    secrets: Literal["placeholders", "real"] = Field("placeholders", description="what secret variables hold")
    cloud: dict[str, Any] = Field({}, exclude=True, description="filled in from the plan's build")


def wanted(settings: ImportCheckSettings, entrypoint: str | None) -> ImportCheck:
    """The check as the build carries it."""
    return ImportCheck(
        entrypoint=entrypoint,
        also=settings.also,
        all=settings.all,
        timeout=settings.timeout,
        budget=settings.budget,
        on_other_errors=settings.on_other_errors,
        real_secrets=settings.secrets == "real",
    )


def ask(settings: ImportCheckSettings, release: Release) -> CheckImports:
    check = wanted(settings, release.service.entrypoint)
    return CheckImports(release, check, builder=release.options.builder, **settings.cloud)


def judge(settings: ImportCheckSettings, release: Release, answer: ImportsChecked) -> Verdict:
    facts = {**answer.facts, "targets": answer.targets, "seconds": answer.seconds}
    if not answer.ran:
        return Verdict(Status.ERRORED, f"the import check gave no result: {answer.why_not}", release, facts=facts)
    if not answer.targets:
        return Verdict(Status.FAILED, "no module was imported, so nothing was checked", release, facts=facts)
    stopping = errors(answer.findings)
    if stopping:
        more = f" (and {counted(len(stopping) - 1, 'more problem')})" if len(stopping) > 1 else ""
        return Verdict(Status.FAILED, stopping[0].message + more, release, answer.findings, facts)
    reason = f"{counted(answer.targets, 'module')} imported in the image in {spoken(answer.seconds)}"
    return Verdict(Status.PASSED, reason, release, answer.findings, facts)


KIND = Kind("import_check", ImportCheckSettings, ask, judge, ImportsChecked)
