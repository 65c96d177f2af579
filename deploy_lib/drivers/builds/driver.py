"""The run's requests about images, answered: what is built is staged once, whoever builds it.

An image that was given (--skip-build) is never built; what is checked in a build is not checked again, and an image
that no build of this release checked gets a check of its own.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from deploy_lib.drivers.builds.check import CheckPlan, plan_check
from deploy_lib.drivers.builds.cloud_build import CloudBuild
from deploy_lib.drivers.builds.findings import Explain
from deploy_lib.drivers.builds.job import BuildJob, CheckJob
from deploy_lib.drivers.builds.local import LocalBuild
from deploy_lib.drivers.builds.registry import Registry
from deploy_lib.drivers.builds.result import source_facts
from deploy_lib.drivers.clients import Clients
from deploy_lib.drivers.interface import Clock, DriverError, Tell
from deploy_lib.drivers.policy import Calls
from deploy_lib.model.answers import Built, ImportsChecked
from deploy_lib.model.release import Release
from deploy_lib.model.requests import BuildImage, CheckImports, ImportCheck
from deploy_lib.model.service import Service
from deploy_lib.source.archive import context_hash
from deploy_lib.source.model import Staged

Stage = Callable[[Release, bool], Staged]
"""The commit's build context; True when it is for Cloud Build, whose ignore file then counts."""


@dataclass(frozen=True, slots=True)
class CloudBuilds:
    """Implements drivers.interface.Builds. `state` is a directory for what was built before; `store` one for engines.

    `serving` tells the image a service runs now; `explain` why a module is not in a release's image, and
    `entrypoint` which module an image's command imports: without them less is said, and nothing else changes.
    """

    clients: Clients
    clock: Clock
    stage: Stage
    state: Path
    store: Path
    serving: Callable[[Service], str | None] = lambda service: None
    explain: Callable[[Release, Staged], Explain] = lambda release, staged: lambda module: None
    entrypoint: Callable[[Staged], str | None] = lambda staged: None
    _checked: dict[str, ImportsChecked] = field(default_factory=dict)

    def build(self, request: BuildImage, tell: Tell) -> Built:
        release = request.release
        if release.options.image:
            image = self._given(release)
            tell(f"not built: {image} is released as it is")
            return Built(image, facts={"given": True})
        job = self._job(request)
        built = self._local(request.builder).build(job, tell) if _here(request) else self._cloud().build(job, tell)
        if built.checked is not None:
            self._checked[release.id] = built.checked
        return built

    def check_imports(self, request: CheckImports, tell: Tell) -> ImportsChecked:
        release = request.release
        if release.id in self._checked:
            return self._checked[release.id]
        staged = self.stage(release, not _here(request))
        plan = self._plan(request.check, release.service, staged)
        if release.image is None and release.build_id is None:
            raise DriverError("there is no image to import in, since none was built", "start the release again")
        job = CheckJob(
            release,
            release.image or release.service.image_name,
            plan,
            staged,
            request.timeout,
            explain=self.explain(release, staged),
        )
        checked = self._local(request.builder).check(job, tell) if _here(request) else self._cloud().check(job, tell)
        self._checked[release.id] = checked
        return checked

    def _job(self, request: BuildImage) -> BuildJob:
        release = request.release
        staged = self.stage(release, not _here(request))
        source = release.service.source
        plan = self._plan(request.check, release.service, staged) if request.check else None
        return BuildJob(
            request,
            staged,
            context_hash(staged, source.args, source.target),
            plan,
            self.explain(release, staged),
            source_facts(staged),
        )

    def _plan(self, check: ImportCheck, service: Service, staged: Staged) -> CheckPlan:
        return plan_check(check, service, self.entrypoint(staged), secrets.token_hex(8))

    def _given(self, release: Release) -> str:
        wanted = release.options.image or ""
        if wanted == "serving":
            found = self.serving(release.service)
            if found is None:
                raise DriverError(
                    f"{release.service.cloud_run} serves no image yet, so there is nothing to release without a build",
                    "leave out --skip-build",
                )
            return found
        image = f"{release.service.image_name}@{wanted}" if wanted.startswith("sha256:") else wanted
        if "@sha256:" not in image:
            raise DriverError(f"{wanted} is no digest", "give --skip-build a digest: sha256:... or name@sha256:...")
        if self._registry().image_size(image) is None:
            raise DriverError(f"the registry has no image {image}", "see that name and digest are right")
        return image

    def _cloud(self) -> CloudBuild:
        return CloudBuild(Calls(self.clients, self.clock), self._registry())

    def _local(self, builder: str) -> LocalBuild:
        from deploy_lib.drivers.builds.local import open_local

        return open_local(builder, self.store, self.state, self.clock, self._registry())

    def _registry(self) -> Registry:
        return Registry(self.clients.endpoints.registry if self.clients.endpoints.local else None, self._token)

    def _token(self) -> str | None:
        """An access token of the caller's credentials, fresh for at least a few minutes."""
        from google.auth.transport.requests import Request

        credentials = self.clients.credentials
        if not credentials.valid:
            Calls(self.clients, self.clock).make(
                "get_bucket", lambda: credentials.refresh(Request()), "get an access token for the registry"
            )
        return credentials.token


def _here(request: BuildImage | CheckImports) -> bool:
    return request.builder != "cloud_build"
