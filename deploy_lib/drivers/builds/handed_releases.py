"""Releases that Cloud Build carries out: handed over, found again by the services they are of, and followed.

What the tool prints there, one JSON event a line, is in the build's log from its start; so whoever comes back later
sees all of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from deploy_lib.drivers.builds.build_progress import BuildProgress
from deploy_lib.drivers.builds.build_result import UNDER_WAY
from deploy_lib.drivers.builds.request import run_tag, tag_of
from deploy_lib.drivers.builds.submission import Submissions, location_for
from deploy_lib.drivers.builds.tool_archive import hand_over
from deploy_lib.drivers.builds.tool_build import WORKSPACE, ToolOrder, tool_order
from deploy_lib.drivers.interface import Tell
from deploy_lib.drivers.source.commit_copy import CommitCopy
from deploy_lib.model.program import Invocation
from deploy_lib.model.release import Release
from deploy_lib.model.requests import Worker
from deploy_lib.model.service import Service

if TYPE_CHECKING:
    from google.cloud.devtools.cloudbuild_v1 import Build

STEP = "release"
LONGEST = 86400.0
"""Seconds that a build may take at most: https://cloud.google.com/build/docs/build-config-file-schema#timeout"""
_REPOSITORY, _STATE, _TAG = "repository", "state", "on-cloud-build"


@dataclass(frozen=True, slots=True)
class HandOver:
    """Releases of one commit that go together. `words` follow the command that is carried out.

    `config` is the configuration and `config_name` what it is called there; `copy` is the commit.
    """

    releases: Sequence[Release]
    config: bytes = field(repr=False)
    config_name: str
    copy: CommitCopy
    words: tuple[str, ...]
    program: Invocation
    worker: Worker


@dataclass(frozen=True, slots=True)
class HandedBuild:
    """One that carries out releases. `code` is the exit code of the command, None while it runs and where none came."""

    id: str
    under_way: bool
    releases: tuple[str, ...]
    status: str
    code: int | None
    page: str | None
    build: Build = field(repr=False)


@dataclass(frozen=True, slots=True)
class HandedReleases:
    """All methods raise DriverError, and Interrupted from the clock."""

    submissions: Submissions

    def hand_over(self, request: HandOver) -> HandedBuild:
        """The build, which goes on without this client from here on."""
        first = request.releases[0]
        location = location_for(self.submissions.calls, first.service, request.worker)
        files = {f"{_REPOSITORY}/{path}": content for path, content in request.copy.files.items()}
        archive = hand_over(location.bucket, {**files, request.config_name: request.config})
        where = ("--config", f"{WORKSPACE}/{request.config_name}", "--repo", f"{WORKSPACE}/{_REPOSITORY}")
        order = ToolOrder(
            ("deploy", *where, "--state", f"{WORKSPACE}/{_STATE}", "--output", "json", *request.words),
            STEP,
            (_TAG, *(tag for each in request.releases for tag in (run_tag(each.service), _tag(each.id)))),
            first.service.project,
            archive,
            request.program,
            LONGEST,
            request.worker,
            repository=_REPOSITORY,
            environment=request.copy.environment,
        )
        return self._told(self.submissions.submit(location, _tag(first.id), tool_order(order)))

    def newest(self, service: Service, worker: Worker) -> HandedBuild | None:
        """The newest build that carries out, or carried out, a release of that service."""
        location = location_for(self.submissions.calls, service, worker)
        found = self.submissions.list(location, f'tags="{_TAG}" AND tags="{run_tag(service)}"')
        return self._told(found[0]) if found else None

    def follow(
        self, handed: HandedBuild, service: Service, worker: Worker, line: Callable[[str], None], tell: Tell
    ) -> HandedBuild:
        """The build once it has ended; `line` takes each line of the command's output from the first one on."""
        location = location_for(self.submissions.calls, service, worker)
        progress = BuildProgress(self.submissions.calls, self.submissions)
        before = f"{STEP}: "

        def take(text: str) -> None:
            if text.startswith(before):
                line(text.removeprefix(before))
            else:
                tell(text)

        log = progress.log(handed.build, take)
        return self._told(progress.wait(location, handed.build, log, tell))

    def _told(self, build: Build) -> HandedBuild:
        releases = tuple(tag.removeprefix(_tag("")) for tag in build.tags if tag.startswith(_tag("")))
        step = next((step for step in build.steps if step.id == STEP), None)
        status, page = build.status.name, BuildProgress(self.submissions.calls, self.submissions).page(build)
        ran = step is not None and step.status.name in ("SUCCESS", "FAILURE")
        code = step.exit_code if step is not None and ran else None
        return HandedBuild(build.id, status in UNDER_WAY, releases, status, code, page, build)


def _tag(release_id: str) -> str:
    return tag_of("handed", release_id)
