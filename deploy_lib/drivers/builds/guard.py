"""The guard of a release as a build of Cloud Build: found by its tag, left once, ended with the release."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from deploy_lib.config.one_file import as_one_file
from deploy_lib.config.problems import ConfigError
from deploy_lib.drivers.builds.build_result import UNDER_WAY
from deploy_lib.drivers.builds.request import run_tag, tag_of
from deploy_lib.drivers.builds.submission import Submissions, location_for
from deploy_lib.drivers.builds.tool_archive import hand_over
from deploy_lib.drivers.builds.tool_build import WORKSPACE, ToolOrder, tool_order
from deploy_lib.drivers.interface import DriverError, Tell
from deploy_lib.model.requests import LeaveGuard

_CONFIG = "config.yaml"


@dataclass(frozen=True, slots=True)
class CloudGuard:
    """Implements drivers.interface.Guards."""

    submissions: Submissions

    def leave(self, request: LeaveGuard, tell: Tell) -> None:
        """Does nothing where one watches already; one that has ended is told, and followed by another.

        One that was cancelled is not told of: that is how `end` ends it, and the release was resumed since.
        """
        release, worker = request.release, request.worker
        service, guard = release.service, release.service.guard
        if guard is None:
            return
        location, tag = location_for(self.submissions.calls, service, worker), tag_of("guard", release.id)
        earlier = self.submissions.list(location, f'tags="{tag}"')
        if any(build.status.name in UNDER_WAY for build in earlier):
            return
        for build in earlier[:1]:
            if build.status.name != "CANCELLED":
                tell(f"the guard of this release, build {build.id}, ended: {build.status.name}; another one is started")
        try:
            config = as_one_file(Path(request.config))
        except ConfigError as problem:  # somebody is editing it
            raise DriverError(f"the configuration can no longer be read: {problem.problems[0]}") from problem
        archive = hand_over(location.bucket, {_CONFIG: config})
        words = ("guard", release.id, "--config", f"{WORKSPACE}/{_CONFIG}", "--service", service.name)
        asked_as = tag_of("guarding", f"{release.id}-{len(earlier)}")  # where the answer is lost, it is found by this
        order = ToolOrder(
            (*words, "--region", service.region),
            "guard",
            (tag, asked_as, tag_of("service", service.name), run_tag(service)),
            service.project,
            archive,
            request.program,
            guard.lasts,
            replace(worker, service_account=guard.service_account or worker.service_account),
            guard.image,
        )
        build = self.submissions.submit(location, asked_as, tool_order(order))
        tell(f"build {build.id} watches from now on: it puts the traffic back if this client dies")

    def end(self, request: LeaveGuard) -> None:
        """It sees by itself that the release has ended; ended at once, it costs no more."""
        service = request.release.service
        tag = tag_of("guard", request.release.id)
        location = location_for(self.submissions.calls, service, request.worker)
        for build in self.submissions.list(location, f'tags="{tag}"'):
            if build.status.name in UNDER_WAY:
                self.submissions.cancel(location, build.id)
