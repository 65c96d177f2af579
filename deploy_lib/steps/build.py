"""build: the commit's staged context becomes one image, known by its digest from then on.

When the plan has an `import_check`, it runs inside the same build and the image is pushed only when it passes;
the verdict on the imports belongs to that step, so a build whose imports fail still counts as built here.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

from pydantic import Field

from deploy_lib.model.answers import Built
from deploy_lib.model.evidence import BuildTrouble
from deploy_lib.model.findings import errors
from deploy_lib.model.release import Release, Status
from deploy_lib.model.requests import BuildImage, ImportCheck
from deploy_lib.steps.kind import Duration, Kind, Settings, Verdict

BuilderName = Literal["cloud_build", "docker", "podman", "namespaces"]


class BuildSettings(Settings):
    builder: BuilderName = Field("cloud_build", alias="with", description="who builds")
    timeout: Duration = Field(1200.0, gt=0, le=86400, description="the build must end within this time")
    cache: bool = Field(False, description="reuse the layers of the last image from the registry")
    machine_type: str | None = Field(None, description="Cloud Build machine type, e.g. E2_HIGHCPU_8")
    worker_pool: str | None = Field(None, description="Cloud Build private pool, projects/P/locations/L/workerPools/N")
    service_account: str | None = Field(None, description="the account the build runs as")
    logging: Literal["GCS_ONLY", "CLOUD_LOGGING_ONLY", "LEGACY"] = Field("GCS_ONLY", description="where logs go")
    check: ImportCheck | None = Field(None, exclude=True, description="filled in from the plan's import_check")

    @property
    def cloud(self) -> dict[str, Any]:
        """Where and as whom Cloud Build works, as fields of a request."""
        return {name: getattr(self, name) for name in ("machine_type", "worker_pool", "service_account", "logging")}


def ask(settings: BuildSettings, release: Release) -> BuildImage:
    return BuildImage(
        release,
        builder=release.options.builder,
        timeout=settings.timeout,
        cache=settings.cache,
        rebuild=release.options.rebuild,
        check=settings.check,
        **settings.cloud,
    )


def judge(settings: BuildSettings, release: Release, answer: Built) -> Verdict:
    grown = replace(release, image=answer.image, build_id=answer.build_id, context_hash=answer.context_hash)
    facts: dict[str, object] = {
        **answer.facts,
        "build_id": answer.build_id,
        "image": answer.image,
        "reused": answer.reused,
        "log_url": answer.log_url,
    }
    if answer.image:
        how = "found, built before from the same context" if answer.reused else "built"
        if answer.facts.get("given"):
            how = "released without a build"
        return Verdict(Status.PASSED, f"{how}: {short(answer.image)}", grown, facts=facts)
    facts["log_tail"] = list(answer.log_tail)
    if answer.checked and answer.checked.ran and errors(answer.checked.findings):
        return Verdict(Status.PASSED, "built, and not pushed because its imports fail", grown, facts=facts)
    trouble = answer.trouble or BuildTrouble("FAILURE", detail="the build pushed no image and gave no reason")
    facts["trouble"] = {"status": trouble.status, "kind": trouble.kind, "step": trouble.step, "detail": trouble.detail}
    return Verdict(_status(trouble), _reason(trouble, settings), grown, facts=facts)


def _status(trouble: BuildTrouble) -> Status:
    """The builder's own failures say nothing about the commit."""
    return Status.ERRORED if trouble.status in ("INTERNAL_ERROR", "EXPIRED", "CANCELLED") else Status.FAILED


def _reason(trouble: BuildTrouble, settings: BuildSettings) -> str:
    if trouble.status == "TIMEOUT":
        return f"the build did not end within {settings.timeout:.0f} s; raise build.timeout or see its log"
    where = f" in step {trouble.step}" if trouble.step else ""
    return f"the build failed{where}: {trouble.detail or trouble.kind or trouble.status}"


def short(image: str) -> str:
    """name@sha256:1234567 -- enough to tell images apart on a screen."""
    name, _, digest = image.partition("@")
    return f"{name.rsplit('/', 1)[-1]}@{digest[:19]}"


def label(settings: BuildSettings) -> str:
    return "" if settings.builder == "cloud_build" else settings.builder


KIND = Kind("build", BuildSettings, ask, judge, Built, label=label)
