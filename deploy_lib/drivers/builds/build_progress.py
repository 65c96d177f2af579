"""A build of Cloud Build that is under way: its page, its log as it grows, and its end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from deploy_lib.drivers.builds import build_result
from deploy_lib.drivers.builds.log import BuildLog
from deploy_lib.drivers.builds.submission import BuildLocation, Submissions
from deploy_lib.drivers.call_budget import REFUSED_FOR
from deploy_lib.drivers.errors import ApiError, is_quota
from deploy_lib.drivers.interface import DriverError, Tell
from deploy_lib.drivers.lean_import import import_meanwhile
from deploy_lib.drivers.policy import Calls
from deploy_lib.drivers.storage import Bucket

if TYPE_CHECKING:
    from google.cloud.devtools.cloudbuild_v1 import Build

_FIRST_PAUSE, _LONGEST_PAUSE, _GROWTH = 0.2, 5.0, 1.3
"""Seconds between two looks at a build: its log says when it has ended, and a project may ask 60 times a minute."""
_LOG_EVERY = 1.0  # seconds between two readings of its log, which no such quota counts
_IN_QUEUE = 3600.0
"""Seconds that a build may wait before it runs, unless it says otherwise:
https://cloud.google.com/build/docs/api/reference/rest/v1/projects.builds (queueTtl)"""
_FOUND_WITHIN = 180.0  # seconds in which one look at a build is tried again while a quota is used up


@dataclass(frozen=True, slots=True)
class BuildProgress:
    """All methods raise DriverError; `wait` also Interrupted."""

    calls: Calls
    submissions: Submissions

    def page(self, build: Build) -> str | None:
        """Google's page of the build; a local cloud has none, though it names one as Google would."""
        return None if self.calls.clients.endpoints.local else build.log_url or None

    def wait(self, location: BuildLocation, build: Build, log: BuildLog, tell: Tell) -> Build:
        """The build once it has ended; its log is followed meanwhile.

        A quota that is used up ends neither the build nor the wait: that goes on for as long as the build may take.
        """
        import_meanwhile()
        clock, budget = self.calls.clock, self.calls.clients.budgets.builds
        pause, next_look, end_shown = _FIRST_PAUSE, clock.monotonic(), False
        until = next_look + _longest(build)
        while True:
            now = clock.monotonic()
            if now >= next_look and budget.may_call(now):
                found = self._look(location, build, tell, until)
                if found is not None and found.status.name not in build_result.UNDER_WAY:
                    log.follow(ended=True)
                    return found
                next_look, pause = clock.monotonic() + pause, min(_LONGEST_PAUSE, pause * _GROWTH)
            log.follow()
            if log.ended and not end_shown:
                end_shown, pause, next_look = True, _FIRST_PAUSE, now
                continue
            now = clock.monotonic()
            pause_now = next_look - now if budget.may_call(now) else _LOG_EVERY
            clock.sleep(min(_LOG_EVERY, max(_FIRST_PAUSE, pause_now)))

    def get(self, location: BuildLocation, build_id: str, tell: Tell) -> Build:
        """The build as it is now; a quota that is used up is waited out."""
        from google.cloud.devtools.cloudbuild_v1 import Build

        clock, budget = self.calls.clock, self.calls.clients.budgets.builds
        until = clock.monotonic() + _FOUND_WITHIN
        while True:
            if budget.may_call(clock.monotonic()):
                found = self._look(location, Build(id=build_id), tell, until)
                if found is not None:
                    return found
            clock.sleep(_FIRST_PAUSE)

    def _look(self, location: BuildLocation, build: Build, tell: Tell, until: float) -> Build | None:
        """None where a quota is used up: nobody asks for a minute. Raises ApiError, of a quota after `until`."""
        clock = self.calls.clock
        try:
            return self.submissions.get(location, build.id)
        except ApiError as problem:
            if not is_quota(problem) or clock.monotonic() >= until:
                raise
            pause = self.calls.clients.budgets.builds.refused(clock.monotonic(), problem.retry_after)
            tell(f"{problem.reason}; not asked again for {pause:.0f} s, and the build goes on")
            return None

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


def _longest(build: Build) -> float:
    """Seconds from now on in which the build surely ends."""
    in_queue = build.queue_ttl.total_seconds() or _IN_QUEUE
    return float(build.timeout.total_seconds() + in_queue + REFUSED_FOR)
