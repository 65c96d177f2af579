"""The build that guards a release, where the answer to asking for it is lost."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from google.cloud.devtools.cloudbuild_v1 import Build

from deploy_lib.drivers.builds.guard import CloudGuard
from deploy_lib.drivers.builds.submission import Submissions
from deploy_lib.drivers.errors import ApiError
from deploy_lib.drivers.status_code import StatusCode
from deploy_lib.model.program import Invocation
from deploy_lib.model.requests import LeaveGuard
from deploy_lib.model.service import Guard
from tests.drivers.builds.samples import release_of
from tests.drivers.clocks import FakeClock

AT = datetime(2026, 3, 2, 12, tzinfo=UTC)


class LosesTheAnswer:
    """Cloud Build carries out what it is asked for, and the answer to the first build does not come."""

    def __init__(self, *builds: Build) -> None:
        self.builds = [*builds]
        self.clock = FakeClock()
        client = SimpleNamespace(create_build=None, list_builds=None, cancel_build=None)
        self.clients = SimpleNamespace(builds=client, storage=None)

    def make(self, name: str, call: Callable[[], Any], doing: str) -> int:
        """The bucket is there, and the archive in it."""
        return 7

    def ask(self, name: str, call: Any, request: Any, doing: str) -> Any:
        if name == "list_builds":
            tag = request.filter.removeprefix('tags="').removesuffix('"')
            return SimpleNamespace(
                pages=iter([SimpleNamespace(builds=[each for each in self.builds if tag in each.tags])])
            )
        if name == "cancel_build":
            next(each for each in self.builds if each.id == request.id).status = Build.Status.CANCELLED
            return None
        made = Build(request.build)
        made.id, made.status = f"b{len(self.builds)}", Build.Status.QUEUED
        made.create_time = AT + timedelta(seconds=len(self.builds))
        self.builds.append(made)
        raise ApiError(StatusCode.UNAVAILABLE, "", "could not submit the build: Google answered UNAVAILABLE")


@pytest.mark.parametrize("ended", [(), ("FAILURE",), ("TIMEOUT", "CANCELLED"), ("SUCCESS",)])
def test_a_guard_that_ended_is_not_taken_for_the_one_that_was_asked_for(tmp_path: Path, ended: tuple[str, ...]) -> None:
    """A release that is resumed has another guard, and that one watches."""
    (tmp_path / "deploy.yaml").write_text("services: {}\n")
    earlier = [
        Build(id=f"b{number}", status=status, tags=["guard-r-1"], create_time=AT + timedelta(seconds=number))
        for number, status in enumerate(ended)
    ]
    calls: Any = LosesTheAnswer(*earlier)
    lines: list[str] = []
    request = LeaveGuard(release_of("p", guard=Guard()), str(tmp_path / "deploy.yaml"), Invocation("deploy"))
    CloudGuard(Submissions(calls)).leave(request, lines.append)
    assert [each.status.name for each in calls.builds] == [*ended, "QUEUED"]
    assert lines[-1].startswith(f"build b{len(ended)} watches from now on")
