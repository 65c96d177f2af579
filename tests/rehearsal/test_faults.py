"""Every method a release calls, with every way in which it can fail: live, restored, or not found out and as before.

What passes by itself costs time only. What does not ends the release with a sentence and a remedy, and nobody's
traffic moved.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.rehearsal.cli_harness import CliHarness, CommandResult, Cue
from tests.rehearsal.clocks import Hurried
from tests.rehearsal.plans import when
from tests.rehearsal.shared_service import SharedService

UP = ({"canary": {"ready_within": "5m"}}, {"probe": {"attempts": 10, "need": 2, "every": "20ms"}})
ON = ({"promote": {"percent": 10}}, {"promote": {"percent": 100}}, {"verify": {"within": "5m"}})
REUSED = ({"build": {"timeout": "10m"}}, *UP, *ON)
BUILT = ({"build": {"timeout": "10m"}}, {"import_check": None}, *UP, *ON)

GET, UPDATE = "google.cloud.run.v2.Services/GetService", "google.cloud.run.v2.Services/UpdateService"
CREATE = "google.cloud.run.v2.Services/CreateService"
REVISION = "google.cloud.run.v2.Revisions/GetRevision"
OPERATION = "google.longrunning.Operations/GetOperation"
LOG = "google.logging.v2.LoggingServiceV2/ListLogEntries"
_BUILDS = "google.devtools.cloudbuild.v1.CloudBuild/"
ASK, LOOK, SEARCH = f"{_BUILDS}CreateBuild", f"{_BUILDS}GetBuild", f"{_BUILDS}ListBuilds"
READ, SEND, BUCKETS, BUCKET = (
    "storage.objects.get",
    "storage.objects.insert",
    "storage.buckets.list",
    "storage.buckets.get",
)
OF_BUILDS = (ASK, LOOK, READ, SEND, BUCKETS, BUCKET)
METHODS = (GET, UPDATE, REVISION, OPERATION, LOG, SEARCH, *OF_BUILDS)

PASSES = ("UNAVAILABLE", "DEADLINE_EXCEEDED", "INTERNAL", "RESOURCE_EXHAUSTED", "ABORTED")
STAYS = ("PERMISSION_DENIED", "NOT_FOUND")
LIVE, RESTORED, HELD, UNKNOWN = 0, 1, 3, 4


def release(
    shared: SharedService, method: str, state: Path, cue: Cue | None = None, hurry: float = 10.0
) -> CommandResult:
    """An image of its own only where the method has to do with building one."""
    if method in OF_BUILDS:
        shared.commit()
    config = shared.config(BUILT if method in OF_BUILDS else REUSED)
    result = shared.harness.release(config, state=state, cue=cue, clock=Hurried(hurry))
    shared.fired = shared.harness.cloud.fired()
    shared.harness.cloud.clear_faults()
    return result


def assert_told(result: CommandResult) -> None:
    """Why it could not be found out, and what to type; never how the tool was made."""
    said = result.stopped["reason"]
    assert "could not" in said and said.endswith(")"), said
    assert result.stopped["next_commands"]
    assert "Traceback" not in result.errors and "fault of this tool" not in result.errors


def test_these_are_all_methods(shared: SharedService, another: Callable[[], CliHarness], tmp_path: Path) -> None:
    cloud = shared.harness.cloud
    before = cloud.last_call()
    assert release(shared, ASK, tmp_path / "one").code == LIVE
    assert another().release(shared.config(REUSED)).code == LIVE
    once, tidying = "storage.buckets.insert", "storage.objects.delete"  # a removal that fails is told, and no more
    assert {*cloud.calls(before)} - {once, tidying} <= {*METHODS, CREATE}


@pytest.mark.parametrize(
    ("method", "code"),
    [
        (method, code)
        for row, method in enumerate(METHODS)
        for column, code in enumerate(PASSES)
        if (row + column) % 2 == 0 or (method, code) == (ASK, "ABORTED")
    ],
)
def test_a_fault_that_passes_costs_time_only(shared: SharedService, method: str, code: str, tmp_path: Path) -> None:
    more = {"retry_delay": 0.2} if code == "RESOURCE_EXHAUSTED" else {}
    shared.harness.cloud.faults({"method": method, "code": code, **more})
    result = release(shared, method, tmp_path)
    end = UNKNOWN if (method, code) == (ASK, "ABORTED") else LIVE  # nobody knows what came of it, so nobody repeats it
    assert result.code == end, f"{result.errors} {result.stopped}"
    assert shared.fired == [1]
    shared.assert_well(live=end == LIVE)


REFUSED_ONCE = {
    GET: (LIVE, LIVE),  # the first look only asks who deploys; the lease reads again
    UPDATE: (UNKNOWN, UNKNOWN),
    REVISION: (UNKNOWN, LIVE),
    OPERATION: (LIVE, LIVE),
    LOG: (LIVE, LIVE),
    SEARCH: (UNKNOWN, UNKNOWN),
    ASK: (UNKNOWN, UNKNOWN),
    LOOK: (UNKNOWN, UNKNOWN),
    READ: (UNKNOWN, LIVE),
    SEND: (UNKNOWN, UNKNOWN),
    BUCKETS: (LIVE, UNKNOWN),
    BUCKET: (LIVE, LIVE),
}
"""How the release ends by method, for PERMISSION_DENIED and for NOT_FOUND."""
OF_THE_LEASE = {READ: 2, SEND: 1, BUCKETS: 1}
"""Calls of a method before the first that counts: the lease asks first, and goes on without an object."""
OF_BOTH_FACES = {UPDATE: 2}
"""A write that v1 refuses is tried by v2, which refuses it too."""


@pytest.mark.parametrize("code", STAYS)
@pytest.mark.parametrize("method", METHODS)
def test_a_refusal_is_not_repeated(shared: SharedService, method: str, code: str, tmp_path: Path) -> None:
    times = OF_BOTH_FACES.get(method, 1)
    shared.harness.cloud.faults({"method": method, "code": code, "skip": OF_THE_LEASE.get(method, 0), "times": times})
    result = release(shared, method, tmp_path)
    end = REFUSED_ONCE[method][STAYS.index(code)]
    assert result.code == end, f"{result.errors} {result.stopped}"
    assert shared.fired == [times]
    if end == UNKNOWN:
        assert_told(result)
    shared.assert_well(live=end == LIVE)


@pytest.mark.parametrize("method", [GET, UPDATE, REVISION, OPERATION, LOG, *OF_BUILDS])
def test_an_answer_that_is_lost_is_settled_by_looking(shared: SharedService, method: str, tmp_path: Path) -> None:
    shared.harness.cloud.faults({"method": method, "code": "UNAVAILABLE", "after": True, "times": 2})
    result = release(shared, method, tmp_path)
    assert result.code == LIVE, result.errors
    shared.assert_well(live=True)


@pytest.mark.parametrize("method", [GET, REVISION, SEARCH])
def test_a_read_that_lags_behind_misleads_nobody(shared: SharedService, method: str, tmp_path: Path) -> None:
    cue = when("build", lambda: shared.harness.cloud.faults({"method": method, "stale": True, "times": 5}))
    result = release(shared, method, tmp_path, cue)
    assert result.code == LIVE, f"{result.errors} {result.stopped}"
    shared.assert_well(live=True)


@pytest.mark.parametrize("method", [GET, UPDATE, REVISION, SEARCH, ASK, SEND])
def test_a_slow_answer_is_waited_for(shared: SharedService, method: str, tmp_path: Path) -> None:
    shared.harness.cloud.faults({"method": method, "delay": 0.5, "times": 2})
    result = release(shared, method, tmp_path)
    assert result.code == LIVE, result.errors
    shared.assert_well(live=True)


@pytest.mark.parametrize(
    ("method", "code", "hurry"),
    [
        pytest.param(GET, "UNAVAILABLE", 30.0, id="nothing can be read"),
        pytest.param(UPDATE, "UNAVAILABLE", 30.0, id="nothing can be written"),
        pytest.param(ASK, "UNAVAILABLE", 10.0, id="no build is taken"),
        pytest.param(LOOK, "DEADLINE_EXCEEDED", 10.0, id="no build can be followed"),
        pytest.param(SEND, "INTERNAL", 200.0, id="nothing can be uploaded"),
    ],
)
def test_patience_has_an_end(shared: SharedService, method: str, code: str, hurry: float, tmp_path: Path) -> None:
    shared.harness.cloud.faults({"method": method, "code": code, "times": 0})
    result = release(shared, method, tmp_path, hurry=hurry)
    assert result.code == UNKNOWN, f"{result.errors} {result.stopped}"
    assert_told(result)
    shared.assert_well(live=False)


@pytest.mark.parametrize(
    ("method", "code"), [(GET, "PERMISSION_DENIED"), (UPDATE, "PERMISSION_DENIED"), (UPDATE, "UNAVAILABLE")]
)
def test_a_cloud_that_fails_before_the_first_promotion_leaves_the_old_map(
    harness: CliHarness, method: str, code: str, tmp_path: Path
) -> None:
    """No traffic has moved, so there is nothing to restore, though nothing could be restored either."""
    result = failing_from("promote", harness, method, code, tmp_path)
    assert result.code == UNKNOWN, f"{result.errors} {result.stopped}"
    assert_told(result)
    assert harness.maps() == harness.maps()[:1]
    [old] = harness.now
    unread = "not known: could not read the service" if method == GET else ""
    assert result.stopped["serving"].startswith(unread or old)
    assert result.stopped["serving"].endswith(f"last seen: {old} 100 %" if unread else f"{old} 100 %")


@pytest.mark.parametrize(
    ("method", "code"), [(GET, "PERMISSION_DENIED"), (UPDATE, "PERMISSION_DENIED"), (UPDATE, "UNAVAILABLE")]
)
def test_a_cloud_that_fails_with_traffic_moved_is_left_to_a_person(
    harness: CliHarness, method: str, code: str, tmp_path: Path
) -> None:
    result = failing_from("promote 100 %", harness, method, code, tmp_path)
    assert result.code == HELD, f"{result.errors} {result.stopped}"
    assert "restoring did not succeed" in result.stopped["reason"]
    assert len(result.stopped["next_commands"]) == 3
    assert sorted(harness.now.values()) == [10, 90], "as the last line says, or says that it does not know"
    rolled = harness.command("rollback", harness.config(REUSED, {"n": 1}), "--force")
    assert rolled.code == LIVE, rolled.errors
    assert harness.now == harness.maps()[0]


def failing_from(label: str, harness: CliHarness, method: str, code: str, state: Path) -> CommandResult:
    """A second release; the method fails for good from the first time that such a step is asked."""
    assert harness.release(harness.config(REUSED)).code == LIVE
    armed: list[bool] = []
    clock = Hurried(30, calm=True)

    def cue(event: dict[str, Any]) -> None:
        if event["type"] == "asked" and event["label"].startswith(label) and not armed:
            armed.append(True)
            harness.cloud.faults({"method": method, "code": code, "times": 0})
            clock.hurry()

    result = harness.release(harness.config(REUSED, {"n": 1}), state=state, cue=cue, clock=clock)
    harness.cloud.clear_faults()
    return result
