"""import_check: the entrypoint is imported inside the image just built, as the image would run it.

The build step already ran the check; this step reads its result. An image that was not built in this release
gets a separate check.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

from deploy_lib.model.answers import ImportsChecked
from deploy_lib.model.codes import Code
from deploy_lib.model.counting import counted
from deploy_lib.model.details import Inventory, Reported
from deploy_lib.model.findings import errors
from deploy_lib.model.image import InsideImage
from deploy_lib.model.release import Builder, Release, Status
from deploy_lib.model.requests import ImportCheck, Worker
from deploy_lib.model.service import Service
from deploy_lib.steps.kind import Duration, Kind, Settings, Usual, Verdict, first_of, format_duration
from deploy_lib.steps.known_bad import BadCase, error
from deploy_lib.steps.position import OrderRule, Position


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
    worker: SkipJsonSchema[Worker] = Field(Worker(), exclude=True, description="that of the plan's build")


def wanted(settings: ImportCheckSettings, service: Service) -> ImportCheck:
    """The check as the build carries it: of all processes of the service, the server's first."""
    others = (entrypoint.partition(":")[0] for entrypoint in service.more_entrypoints)
    return ImportCheck(
        entrypoint=service.entrypoint,
        also=tuple(dict.fromkeys((*others, *settings.also))),
        all=settings.all,
        timeout=settings.timeout,
        budget=settings.budget,
        on_other_errors=settings.on_other_errors,
        real_secrets=settings.secrets == "real",
    )


@dataclass(frozen=True, slots=True)
class ImportCheckDetails(Reported):
    """`inside` is None where the check ran in the build, whose details have it."""

    targets: int = 0
    seconds: float = 0.0
    verdict: str = ""
    inside: InsideImage | None = None

    def inventory(self) -> Inventory | None:
        inside = self.inside
        return Inventory(python=inside.python, packages=inside.distributions) if inside else None

    def image_seen(self) -> InsideImage | None:
        return self.inside


@dataclass(frozen=True, slots=True)
class CheckImports:
    """The import check's result for the image: the one made in its build, else a separate check.

    A separate check may take `timeout` seconds in all.
    """

    release: Release
    settings: ImportCheckSettings
    timeout: float = 600.0

    @property
    def check(self) -> ImportCheck:
        return wanted(self.settings, self.release.service)

    @property
    def builder(self) -> Builder:
        """As the command line or the plan names it."""
        return self.release.options.builder


def ask(settings: ImportCheckSettings, release: Release) -> CheckImports:
    return CheckImports(release, settings)


def judge(settings: ImportCheckSettings, release: Release, answer: ImportsChecked) -> Verdict:
    details = ImportCheckDetails(answer.targets, answer.seconds, answer.verdict, answer.inside)
    if not answer.ran:
        return Verdict(Status.ERRORED, f"the import check gave no result: {answer.why_not}", release, details=details)
    if not answer.targets:
        return Verdict(Status.FAILED, "no module was imported, so nothing was checked", release, details=details)
    stopping = errors(answer.findings)
    if stopping:
        return Verdict(Status.FAILED, first_of(stopping), release, answer.findings, details)
    reason = f"{counted(answer.targets, 'module')} imported in the image in {format_duration(answer.seconds)}"
    return Verdict(Status.PASSED, reason, release, answer.findings, details)


def describe(request: CheckImports) -> str:
    return f"imports {request.check.entrypoint or 'what the image starts'} in the image"


def offers(settings: ImportCheckSettings, service: Service) -> ImportCheck:
    return wanted(settings, service)


def takes(settings: ImportCheckSettings, offered: Sequence[object]) -> ImportCheckSettings:
    """An image that this release does not build is checked where and as whom the build would run."""
    worker = next((each for each in offered if isinstance(each, Worker)), Worker())
    return settings.model_copy(update={"worker": worker})


REFERENCE = """\
# The entrypoint is imported inside that image; it is pushed only when this passes.
- import_check:
    also: [app.routes]       # packages whose every module is imported too
    all: false               # true: every first-party module of the image
    timeout: 60s             # for one module
    budget: 2s               # report imports slower than this (default: none are)
    on_other_errors: auto    # errors at import that are not ImportErrors: auto (fail, but warn where only the network
                             # or credentials are missing, which the check does not have) | fail | warn
    secrets: placeholders    # what secret variables hold during the check: placeholders | real
"""
KNOWN_BAD = (
    BadCase(
        "a module that the image lacks",
        ImportsChecked(True, targets=1, findings=error(Code.MISSING_MODULE, "no module app.llm")),
    ),
    BadCase("a check that imported nothing", ImportsChecked(True, targets=0)),
    BadCase("a check without a result", ImportsChecked(False, "its output was cut")),
)

KIND = Kind(
    "import_check",
    ImportCheckSettings,
    ask,
    judge,
    CheckImports,
    ImportsChecked,
    ImportCheckDetails,
    usual=(Usual(50, REFERENCE, {}),),
    known_bad=KNOWN_BAD,
    position=Position(
        needs=OrderRule("build", "there is no image to import from before it is built"),
        not_after=OrderRule("canary", "the revision would already run"),
        once=True,
    ),
    describe=describe,
    offers=offers,
    takes=takes,
    of_jobs=True,
)
