"""build: the commit's staged context becomes one image, known by its digest from then on.

When the plan has an `import_check`, it runs inside the same build and the image is pushed only when it passes;
the verdict on the imports belongs to that step, so a build whose imports fail still counts as built here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Literal

from pydantic import Field, WithJsonSchema, model_validator
from pydantic.json_schema import SkipJsonSchema

from deploy_lib.model.answers import Built
from deploy_lib.model.details import Inventory, Reported
from deploy_lib.model.evidence import BuildEnd, BuildTrouble
from deploy_lib.model.findings import errors
from deploy_lib.model.image import BuiltImage, InsideImage
from deploy_lib.model.image_names import short
from deploy_lib.model.release import Builder, Release, Status
from deploy_lib.model.requests import ImportCheck, Worker
from deploy_lib.model.service import Service
from deploy_lib.steps.kind import Duration, Kind, Settings, Usual, Verdict
from deploy_lib.steps.known_bad import BadCase
from deploy_lib.steps.position import Position

BuilderName = Annotated[Builder, WithJsonSchema({"enum": [each.value for each in Builder], "type": "string"})]


class BuildSettings(Settings):
    builder: BuilderName = Field(Builder.CLOUD_BUILD, alias="with", description="who builds")
    timeout: Duration = Field(1200.0, gt=0, le=86400, description="the build must end within this time")
    cache: bool = Field(False, description="reuse the layers of the last image, without a tag of their own")
    machine_type: str | None = Field(None, description="Cloud Build machine type, e.g. E2_HIGHCPU_8")
    worker_pool: str | None = Field(None, description="Cloud Build private pool, projects/P/locations/L/workerPools/N")
    region: str | None = Field(
        None, description="where Cloud Build builds without a private pool; default: its global location"
    )
    service_account: str | None = Field(None, description="the account the build runs as")
    logging: Literal["GCS_ONLY", "CLOUD_LOGGING_ONLY", "LEGACY"] = Field("GCS_ONLY", description="where logs go")
    check: SkipJsonSchema[ImportCheck | None] = Field(None, exclude=True, description="the plan's import_check")

    @property
    def worker(self) -> Worker:
        return Worker(self.machine_type, self.worker_pool, self.service_account, self.logging, self.region)

    @model_validator(mode="after")
    def _in_one_place(self) -> BuildSettings:
        if self.region and self.worker.location != self.region:
            raise ValueError(f"region {self.region} is not where the private pool is ({self.worker.location})")
        return self


def builder_of(settings: BuildSettings | None) -> Builder:
    """Who builds under a plan with that step, or without one."""
    return settings.builder if settings else Builder.CLOUD_BUILD


@dataclass(frozen=True, slots=True)
class BuildDetails(Reported):
    """`log_tail` is the end of the log of a build that pushed nothing; `given`: the image was named, not built."""

    image: str | None = None
    build_id: str | None = None
    reused: bool = False
    given: bool = False
    log_url: str | None = None
    log_tail: tuple[str, ...] | None = None
    trouble: BuildTrouble | None = None
    contents: BuiltImage = BuiltImage()

    def inventory(self) -> Inventory:
        image, inside = self.contents, self.contents.inside
        base = f"{image.stand_in} (a stand-in made on this machine)" if image.stand_in else image.base
        return Inventory(
            base=base,
            base_digest=image.base_digest,
            python=inside.python,
            image_size=image.size,
            files=image.manifest if image.manifest is not None else inside.files,
            packages=inside.distributions,
        )

    def image_seen(self) -> InsideImage:
        return self.contents.inside

    def build_trouble(self) -> BuildTrouble | None:
        return replace(self.trouble, build_id=self.build_id or "") if self.trouble else None

    def build_log(self) -> tuple[str, ...] | None:
        return self.log_tail


@dataclass(frozen=True, slots=True)
class BuildImage:
    """Build the commit's staged context, check its imports when the settings have a check, push only when it passes."""

    release: Release
    settings: BuildSettings

    @property
    def builder(self) -> Builder:
        """As the command line or the plan names it."""
        return self.release.options.builder


def ask(settings: BuildSettings, release: Release) -> BuildImage:
    return BuildImage(release, settings)


def judge(settings: BuildSettings, release: Release, answer: Built) -> Verdict:
    grown = replace(release, image=answer.image, build_id=answer.build_id, context_hash=answer.context_hash)
    details = BuildDetails(
        answer.image,
        answer.build_id,
        reused=answer.reused,
        given=answer.given,
        log_url=answer.log_url,
        contents=answer.contents,
    )
    if answer.image:
        how = "found, built before from the same context" if answer.reused else "built"
        if answer.given:
            how = "released without a build"
        return Verdict(Status.PASSED, f"{how}: {short(answer.image)}", grown, details=details)
    if answer.refused:
        return Verdict(Status.FAILED, f"not built: {answer.refused.message}", grown, (answer.refused,), details)
    details = replace(details, log_tail=answer.log_tail)
    if answer.checked and answer.checked.ran and errors(answer.checked.findings):
        return Verdict(Status.PASSED, "built, and not pushed because its imports fail", grown, details=details)
    trouble = answer.trouble or BuildTrouble(BuildEnd.FAILURE, detail="the build pushed no image and gave no reason")
    return Verdict(_status(trouble), _reason(trouble, settings), grown, details=replace(details, trouble=trouble))


_NO_VERDICT = (BuildEnd.INTERNAL_ERROR, BuildEnd.EXPIRED, BuildEnd.CANCELLED)


def _status(trouble: BuildTrouble) -> Status:
    """The builder's failures say nothing about the commit."""
    return Status.ERRORED if trouble.status in _NO_VERDICT else Status.FAILED


def _reason(trouble: BuildTrouble, settings: BuildSettings) -> str:
    if trouble.status is BuildEnd.TIMEOUT:
        return f"the build did not end within {settings.timeout:.0f} s; raise build.timeout or see its log"
    where = f" in step {trouble.step}" if trouble.step else ""
    return f"the build failed{where}: {trouble.detail or trouble.kind or trouble.status}"


def label(settings: BuildSettings) -> str:
    return "" if settings.builder is Builder.CLOUD_BUILD else settings.builder


def describe(request: BuildImage) -> str:
    source = request.release.service.source
    checked = ", checked by an import in the image before it is pushed" if request.settings.check else ""
    return f"builds {source.dockerfile} over {source.context} with {request.builder}{checked}"


def offers(settings: BuildSettings, service: Service) -> Worker:
    return settings.worker


def takes(settings: BuildSettings, offered: Sequence[object]) -> BuildSettings:
    """The import check runs in the build, so that the image is pushed only when it passes."""
    check = next((each for each in offered if isinstance(each, ImportCheck)), None)
    return settings.model_copy(update={"check": check})


REFERENCE = """\
# One image from the commit, known by its digest from then on.
- build:
    with: cloud_build        # cloud_build | docker | podman | namespaces
    timeout: 20m
    cache: false             # reuse the layers of the last image, without a tag of their own
    machine_type: E2_HIGHCPU_8   # Cloud Build's machine (default: Cloud Build's default)
    worker_pool: projects/my-project/locations/us-central1/workerPools/builds   # private pool
    region: us-central1      # where it builds (default: the pool's, or Cloud Build's global location)
    service_account: builder@my-project.iam.gserviceaccount.com
    logging: GCS_ONLY        # GCS_ONLY | CLOUD_LOGGING_ONLY | LEGACY
"""
KIND = Kind(
    "build",
    BuildSettings,
    ask,
    judge,
    BuildImage,
    Built,
    BuildDetails,
    usual=(Usual(40, REFERENCE, {"with": "cloud_build", "timeout": "20m"}),),
    known_bad=(BadCase("a build that pushed no image", Built(None)),),
    position=Position(once=True),
    describe=describe,
    label=label,
    offers=offers,
    takes=takes,
    of_jobs=True,
)
