"""One build for one release, whatever is lost on the way between this machine and Cloud Build.

CreateBuild knows no idempotency key, so the release's tag is the key: it is looked for before a build is asked for
and after every answer that was lost, and a second build of the same release is cancelled.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from deploy_lib.drivers.builds.build_result import UNDER_WAY, WITHOUT_VERDICT
from deploy_lib.drivers.errors import ApiError
from deploy_lib.drivers.interface import Interrupted
from deploy_lib.drivers.policy import Calls
from deploy_lib.drivers.status_code import StatusCode
from deploy_lib.drivers.storage import Bucket, build_bucket
from deploy_lib.model.requests import Worker
from deploy_lib.model.service import Service

if TYPE_CHECKING:
    from google.cloud.devtools.cloudbuild_v1 import Build, CloudBuildClient

_LOOKS_AFTER_LOSS = 4
_PAUSE_AFTER_LOSS = 2.0  # seconds


@dataclass(frozen=True, slots=True)
class BuildLocation:
    """Where a project's builds run, and the bucket that takes their sources, logs and results."""

    project: str
    location: str
    bucket: Bucket

    @property
    def parent(self) -> str:
        """The resource that builds belong to, as the API takes it."""
        return f"projects/{self.project}/locations/{self.location}"


def location_for(calls: Calls, service: Service, worker: Worker) -> BuildLocation:
    """Where builds for a service run."""
    name = service.bucket or build_bucket(service.project)
    bucket = Bucket(calls, name, named=service.bucket is not None, region=service.home)
    return BuildLocation(service.project, worker.location, bucket)


@dataclass(frozen=True, slots=True)
class Submissions:
    """All methods raise DriverError, and Interrupted from the clock."""

    calls: Calls

    def submit(self, location: BuildLocation, tag: str, order: Build) -> Build:
        """The build that now runs for the release. An answer that is lost does not start a second build."""
        from google.cloud.devtools.cloudbuild_v1 import CreateBuildRequest

        request = CreateBuildRequest(parent=location.parent, project_id=location.project, build=order)
        try:
            operation = self.calls.ask("create_build", self._client.create_build, request, "submit the build")
            submitted: Build = operation.metadata.build
            return submitted
        except ApiError as problem:
            if not problem.maybe_done:
                raise
        return self._after_loss(location, tag, request)

    def _after_loss(self, location: BuildLocation, tag: str, request: object) -> Build:
        """The build may have been accepted or not: look for it, and submit again only when it never shows."""
        for _ in range(_LOOKS_AFTER_LOSS):
            found = self.asked_before(location, tag)
            if found is not None:
                return found
            self.calls.clock.sleep(_PAUSE_AFTER_LOSS)
        operation = self.calls.ask("create_build", self._client.create_build, request, "submit the build again")
        return self.asked_before(location, tag) or operation.metadata.build

    def asked_before(self, location: BuildLocation, tag: str) -> Build | None:
        """The release's build that counts; a later one that runs beside it is cancelled."""
        found = [b for b in self.list(location, f'tags="{tag}"') if b.status.name not in WITHOUT_VERDICT]
        found.sort(key=lambda build: build.create_time)
        for twin in found[1:]:
            if twin.status.name in UNDER_WAY:
                self.cancel(location, twin.id)
        return found[0] if found else None

    @contextmanager
    def cancelling(self, location: BuildLocation, tag: str) -> Iterator[None]:
        """When someone asks to stop, no build of the release is left running, whether its id is known or not."""
        try:
            yield
        except Interrupted:
            for build in self.list(location, f'tags="{tag}"'):
                if build.status.name in UNDER_WAY:
                    self.cancel(location, build.id)
            raise

    def get(self, location: BuildLocation, build_id: str) -> Build:
        """The build as it is now. Raises ApiError, also when there is none of that id."""
        from google.cloud.devtools.cloudbuild_v1 import GetBuildRequest

        name = f"{location.parent}/builds/{build_id}"
        request = GetBuildRequest(name=name, project_id=location.project, id=build_id)
        return self.calls.ask("get_build", self._client.get_build, request, f"read the build {build_id}")

    def list(self, location: BuildLocation, filter_: str) -> list[Build]:
        """Newest first, at most one page."""
        from google.cloud.devtools.cloudbuild_v1 import ListBuildsRequest

        request = ListBuildsRequest(parent=location.parent, project_id=location.project, filter=filter_, page_size=20)
        pages = self.calls.ask("list_builds", self._client.list_builds, request, "look for earlier builds")
        return sorted(next(iter(pages.pages)).builds, key=lambda build: build.create_time, reverse=True)

    def cancel(self, location: BuildLocation, build_id: str) -> None:
        """Asks Cloud Build to cancel the build; one that has ended stays as it is.

        https://cloud.google.com/build/docs/api/reference/rest/v1/projects.builds/cancel
        """
        from google.cloud.devtools.cloudbuild_v1 import CancelBuildRequest

        request = CancelBuildRequest(
            name=f"{location.parent}/builds/{build_id}", project_id=location.project, id=build_id
        )
        try:
            self.calls.ask("cancel_build", self._client.cancel_build, request, f"cancel the build {build_id}")
        except ApiError as problem:
            if problem.code is not StatusCode.FAILED_PRECONDITION:  # it ended by itself meanwhile
                raise

    @property
    def _client(self) -> CloudBuildClient:
        return self.calls.clients.builds
