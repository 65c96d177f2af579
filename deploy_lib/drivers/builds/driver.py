"""The run's requests about images, answered: what is built is staged once, whoever builds it.

An image that was given (--skip-build) is never built; what is checked in a build is not checked again, and an image
that no build of this release checked gets a separate check.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from deploy_lib.drivers.builds.check import CheckPlan, plan_check
from deploy_lib.drivers.builds.check_result import foreseen
from deploy_lib.drivers.builds.cloud_build import CloudBuild
from deploy_lib.drivers.builds.findings import Explain
from deploy_lib.drivers.builds.job import BuildJob, CheckJob
from deploy_lib.drivers.builds.local import LocalBuild
from deploy_lib.drivers.builds.registry import Registry
from deploy_lib.drivers.builds.request import pushed_name
from deploy_lib.drivers.builds.source_analysis import entrypoint_of, explainer, unstartable
from deploy_lib.drivers.builds.submission import Submissions
from deploy_lib.drivers.clients import Clients
from deploy_lib.drivers.interface import Clock, DriverError, Tell
from deploy_lib.drivers.policy import Calls
from deploy_lib.model.answers import Built, ImportsChecked, LeaseTaken
from deploy_lib.model.image_names import by_digest, digest_of
from deploy_lib.model.release import Builder, Release
from deploy_lib.model.requests import ImportCheck
from deploy_lib.model.service import Service
from deploy_lib.source.archive import context_hash
from deploy_lib.source.entrypoint import start_of
from deploy_lib.source.model import MissingFileContext, Staged
from deploy_lib.steps.build import BuildImage
from deploy_lib.steps.import_check import CheckImports

StageContext = Callable[[Release, bool], Staged]
"""The commit's build context; True when it is for Cloud Build, whose ignore file then counts."""


@dataclass(frozen=True, slots=True)
class CloudBuilds:
    """Implements drivers.interface.Builds.

    `state` is a directory for engines' images and for what was built before; `store` another one for the images.
    `serving` tells the image that a service runs now. `missing_file_context` takes a commit and gives
    what can explain why a module is not in its image; without it the reason is left out. `kept` gives the variables
    that the running service has and a release keeps, None for the value of a secret.
    """

    clients: Clients
    clock: Clock
    stage: StageContext
    state: Path
    store: Path | None = None
    serving: Callable[[Service], str | None] = lambda service: None
    missing_file_context: Callable[[str], MissingFileContext] | None = None
    kept: Callable[[Service], Mapping[str, str | None]] = lambda service: {}
    _checked: dict[str, ImportsChecked] = field(default_factory=dict)

    def build(self, request: BuildImage, tell: Tell) -> Built:
        """The image of the release by its digest; `trouble` says why there is none. Raises DriverError, Interrupted."""
        release = request.release
        if release.options.image:
            image = self._given(release)
            tell(f"not built: {image} is released as it is")
            return Built(image, given=True)
        staged = self.stage(release, not _here(request))
        wrong = unstartable(staged) if request.settings.check is not None else None
        if wrong is not None:
            return Built(None, refused=wrong)
        job = self._job(request, staged)
        built = self._local(request.builder).build(job, tell) if _here(request) else self._cloud().build(job, tell)
        if built.checked is not None:
            checked = self._checked[release.id] = _without_image(built.checked)
            built = replace(built, checked=checked)
        return built

    def under_way(self, request: BuildImage) -> LeaseTaken:
        """Who builds the same service for another release; `taken` when no such build runs. Reads only.

        What another machine builds for itself cannot be seen from here.
        """
        if _here(request) or request.release.options.image:
            return LeaseTaken(True)
        return self._cloud().under_way(request)

    def check_imports(self, request: CheckImports, tell: Tell) -> ImportsChecked:
        """The import check of the release's image, made with its build or now. Raises DriverError and Interrupted."""
        release = request.release
        if release.id in self._checked:
            return self._checked[release.id]
        if release.image is None and release.build_id is None:
            raise DriverError("there is no image to import in, since none was built", "start the release again")
        staged = self.stage(release, not _here(request))
        plan, explain = self._plan(request.check, release, staged)
        image = release.image or pushed_name(release)
        job = CheckJob(request, image, plan, staged, explain)
        checked = self._local(request.builder).check(job, tell) if _here(request) else self._cloud().check(job, tell)
        self._checked[release.id] = checked
        return checked

    def _job(self, request: BuildImage, staged: Staged) -> BuildJob:
        release = request.release
        source = release.service.source
        identity, contents = context_hash(staged, source.args, source.target), foreseen(staged)
        if request.settings.check is None:
            return BuildJob(request, staged, identity, None, foreseen=contents)
        plan, explain = self._plan(request.settings.check, release, staged)
        return BuildJob(request, staged, identity, plan, explain, contents)

    def _plan(self, check: ImportCheck, release: Release, staged: Staged) -> tuple[CheckPlan, Explain]:
        start = start_of(release.service)
        entry = entrypoint_of(staged, replace(start, entrypoints=(check.entrypoint,)) if check.entrypoint else start)
        missing_file_context = partial(self.missing_file_context, release.commit) if self.missing_file_context else None
        workdir, nonce = staged.contents.workdir, secrets.token_hex(8)
        plan = plan_check(check, release.service, entry, workdir, nonce, self._kept(release.service))
        return plan, explainer(staged, entry, missing_file_context)

    def _kept(self, service: Service) -> Mapping[str, str | None]:
        try:
            return self.kept(service)
        except DriverError:  # whoever reads the service next says so
            return {}

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
        image = by_digest(release.service.image_name, wanted) if wanted.startswith("sha256:") else wanted
        if not digest_of(image):
            raise DriverError(f"{wanted} is not a digest", "give --skip-build a digest: sha256:... or name@sha256:...")
        if self._registry().image_size(image) is None:
            raise DriverError(f"the registry has no image {image}", "check that the name and the digest are right")
        return image

    def _cloud(self) -> CloudBuild:
        calls = Calls(self.clients, self.clock)
        return CloudBuild(calls, self._registry(), Submissions(calls))

    def _local(self, builder: str) -> LocalBuild:
        from deploy_lib.drivers.builds.local import open_local

        return open_local(builder, self.store or self.state, self.state, self.clock, self._registry())

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


def _without_image(checked: ImportsChecked) -> ImportsChecked:
    """What the check saw of the image is among the build's details: a journal need not hold it twice."""
    return replace(checked, inside=None)


def _here(request: BuildImage | CheckImports) -> bool:
    return request.builder is not Builder.CLOUD_BUILD
