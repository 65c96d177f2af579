"""A release that is guarded: its client dies under traffic, nobody types anything, and users are back.

At a local cloud as strict as production, where stale etags are refused.
"""

from __future__ import annotations

import json
import signal
from typing import Any

import pytest
from google.cloud.devtools.cloudbuild_v1 import Build, CloudBuildClient, ListBuildsRequest
from google.cloud.devtools.cloudbuild_v1.services.cloud_build.transports import CloudBuildGrpcTransport

from tests.rehearsal.cli_harness import CliHarness
from tests.rehearsal.other_client import OtherClient
from tests.rehearsal.plans import BUILT, REST, stable
from tests.waits import until

HALF = {"promote": {"percent": 50}}
BAKED = (*BUILT, {"promote": {"percent": 50, "bake": "10m"}}, *REST)
GUARD = {"with": "cloud_build", "after": "3s"}
CREATE = "google.devtools.cloudbuild.v1.CloudBuild/CreateBuild"


@pytest.fixture
def harness(strict_harness: CliHarness) -> CliHarness:
    return strict_harness


def builds_of(harness: CliHarness, tag: str) -> list[Build]:
    """Those of the service with a tag that begins so, the newest first."""
    client = CloudBuildClient(transport=CloudBuildGrpcTransport(channel=harness.cloud.channel()))
    found = next(iter(client.list_builds(ListBuildsRequest(project_id=harness.project, page_size=20)).pages)).builds
    run = f"run-us-central1.{harness.service}"
    return [build for build in found if run in build.tags and any(each.startswith(tag) for each in build.tags)]


def _kill_at_half(harness: CliHarness, **more: Any) -> str:
    """The candidate of a release whose client dies by kill -9."""
    process = harness.start(harness.config(BAKED, {"n": 1}, guard={**GUARD, **more}))
    assert process.stdout is not None
    lines: list[str] = []
    with process:
        for line in process.stdout:
            lines.append(line)
            event = json.loads(line)
            if event.get("type") == "progress" and "now serving" in event["text"]:
                break
        assert "now serving" in lines[-1], lines[-8:]
        process.send_signal(signal.SIGKILL)
    return [*harness.now][-1]


def test_killed_at_half_users_are_back(harness: CliHarness) -> None:
    old = stable(harness)
    new = _kill_at_half(harness)
    until(lambda: harness.now == {old: 100})
    assert harness.maps() == [{old: 100}, {old: 50, new: 50}, {old: 100}]
    until(lambda: builds_of(harness, "guard-")[0].status == Build.Status.SUCCESS)
    service = OtherClient(harness)
    assert not {"deploy-to-gcp/lease", "deploy-to-gcp/release"} & {*service.read().annotations}


def test_a_good_release_leaves_no_guard(harness: CliHarness) -> None:
    stable(harness)
    released = harness.release(harness.config((*BUILT, HALF, *REST), {"n": 1}, guard="cloud_build"))
    assert released.code == 0, released.errors
    [guard] = builds_of(harness, "guard-")
    assert guard.status == Build.Status.CANCELLED


def test_what_somebody_else_changed_is_left_alone(harness: CliHarness) -> None:
    old = stable(harness)
    new = _kill_at_half(harness)
    OtherClient(harness).split({old: 70, new: 30})
    until(lambda: builds_of(harness, "guard-")[0].status == Build.Status.FAILURE)
    assert harness.now == {old: 70, new: 30}


def test_without_a_guard_no_user_meets_the_candidate(harness: CliHarness) -> None:
    """The configuration asks for one, and it cannot be left."""
    old = stable(harness)
    config = harness.config((*BUILT, HALF, *REST), {"n": 1}, guard="cloud_build")
    harness.cloud.faults({"method": CREATE, "code": "PERMISSION_DENIED"})
    released = harness.release(config)
    assert (released.code, released.statuses[-1]) == (4, ("promote 50 %", "errored"))
    assert "no guard could be left" in released.stopped["reason"]
    assert harness.maps() == [{old: 100}]
