"""image_contents: say what the image will hold and which import will fail in it, before a build is paid for."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import Field

from deploy_lib.model.answers import SourceRead
from deploy_lib.model.counting import counted
from deploy_lib.model.details import Inventory, Reported
from deploy_lib.model.findings import Severity, errors
from deploy_lib.model.image import SourceSummary
from deploy_lib.model.release import Release, Status
from deploy_lib.steps.kind import Kind, Settings, Usual, Verdict, first_of
from deploy_lib.steps.known_bad import ONLY_ON_DISK
from deploy_lib.steps.position import OrderRule, Position


class ImageContentsSettings(Settings):
    warnings: bool = Field(False, description="also stop at warnings: lazy and guarded imports that would fail")
    undeclared: bool = Field(True, description="advise on imports that no requirements file declares")


@dataclass(frozen=True, slots=True)
class ImageContentsDetails(Reported):
    source: SourceSummary = SourceSummary()
    image_files: int = 0
    closure_modules: int = 0

    def inventory(self) -> Inventory:
        source = self.source
        return Inventory(
            base=source.base,
            python=source.python,
            context_hash=source.context_hash or None,
            image_files=self.image_files,
            files={file.path: file.blob for file in source.manifest} if source.manifest else None,
        )


@dataclass(frozen=True, slots=True)
class ReadSource:
    """What the image will hold, and which import will fail in it."""

    release: Release
    settings: ImageContentsSettings = ImageContentsSettings()


def ask(settings: ImageContentsSettings, release: Release) -> ReadSource:
    return ReadSource(release, settings)


def judge(settings: ImageContentsSettings, release: Release, answer: SourceRead) -> Verdict:
    stopping = errors(answer.findings)
    if settings.warnings:
        stopping = tuple(finding for finding in answer.findings if finding.severity is not Severity.ADVICE)
    details = ImageContentsDetails(answer.summary, answer.image_files, answer.closure_modules)
    if stopping:
        return Verdict(Status.FAILED, first_of(stopping), release, answer.findings, details)
    checked = f"{counted(answer.image_files, 'file')} in the image"
    if answer.entrypoint:
        checked += f", {counted(answer.closure_modules, 'module')} imported by {answer.entrypoint}, all there"
    else:
        checked += "; no Python entrypoint known, so imports were not followed"
    return Verdict(Status.PASSED, checked, release, answer.findings, details)


REFERENCE = """\
# What the image will hold, and which import will fail in it. Costs a second and no cloud.
- image_contents:
    warnings: false          # true: lazy and guarded imports that would fail stop the release, too
    undeclared: true         # advise on imports that no requirements file declares
"""
KIND = Kind(
    "image_contents",
    ImageContentsSettings,
    ask,
    judge,
    ReadSource,
    SourceRead,
    ImageContentsDetails,
    usual=(Usual(20, REFERENCE, {}),),
    known_bad=(ONLY_ON_DISK,),
    position=Position(not_after=OrderRule("build", "the image would already be built"), once=True),
    cloud=False,
    only_reads=True,
    of_jobs=True,
)
