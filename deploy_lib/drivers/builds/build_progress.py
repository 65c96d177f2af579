"""A build of Cloud Build that is under way: its page, its log as it grows, and its end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from deploy_lib.drivers.builds import build_result
from deploy_lib.drivers.builds.log import BuildLog
from deploy_lib.drivers.builds.submission import BuildLocation, Submissions
from deploy_lib.drivers.interface import DriverError, Tell
from deploy_lib.drivers.policy import Calls
from deploy_lib.drivers.storage import Bucket

if TYPE_CHECKING:
    from google.cloud.devtools.cloudbuild_v1 import Build

_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 1.0  # seconds between two looks at a build


@dataclass(frozen=True, slots=True)
class BuildProgress:
    """All methods raise DriverError; `wait` also Interrupted."""

    calls: Calls
    submissions: Submissions

    def page(self, build: Build) -> str | None:
        """Google's page of the build; a local cloud has none, though it names one as Google would."""
        return None if self.calls.clients.endpoints.local else build.log_url or None

    def wait(self, location: BuildLocation, build: Build, log: BuildLog) -> Build:
        """The build once it has ended; its log is followed meanwhile."""
        pause = _FIRST_PAUSE
        while True:
            now = self.submissions.get(location, build.id)
            ended = now.status.name not in build_result.UNDER_WAY
            log.follow(ended=ended)
            if ended:
                return now
            self.calls.clock.sleep(pause)
            pause = min(_LONGEST_PAUSE, pause * 1.3)

    def log(self, build: Build, tell: Tell) -> BuildLog:
        """Its log, shown line by line as it comes; one that cannot be read is reported once and stays empty."""
        bucket = build.logs_bucket.removeprefix("gs://")
        if not bucket:
            tell(f"the build's log goes to Cloud Logging only: {self.page(build) or build.id}")
            return BuildLog(lambda offset: b"", tell)
        logs = Bucket(self.calls, bucket)
        reported: list[DriverError] = []

        def read(offset: int) -> bytes:
            try:
                return logs.read(f"log-{build.id}.txt", offset) or b""
            except DriverError as problem:
                if not reported:
                    reported.append(problem)
                    tell(f"the build's log cannot be read: {problem.reason}; see {self.page(build) or build.id}")
                return b""

        return BuildLog(read, tell)
