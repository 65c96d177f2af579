"""Every call may fail, be refused, or lose its answer; a release still ends as it should, or says what is wrong."""

from __future__ import annotations

from dataclasses import replace

import pytest

from deploy_lib.drivers.errors import ApiError
from deploy_lib.drivers.interface import DriverError
from deploy_lib.model.outcome import Outcome
from tests.drivers.cloud_run.driver_harness import DriverHarness

RUN = "google.cloud.run.v2."
PASSING = ("UNAVAILABLE", "DEADLINE_EXCEEDED", "INTERNAL", "ABORTED", "RESOURCE_EXHAUSTED")


@pytest.fixture
def ready(harness: DriverHarness) -> DriverHarness:
    harness.live()
    return harness


@pytest.mark.parametrize("code", PASSING)
def test_a_fault_that_passes_costs_time_only(ready: DriverHarness, code: str) -> None:
    for method in ("Services/GetService", "Services/UpdateService", "Revisions/GetRevision"):
        ready.cloud.faults({"method": RUN + method, "code": code, "times": 1})
    ready.cloud.faults({"method": "google.logging.v2.LoggingServiceV2/ListLogEntries", "code": code, "times": 1})
    ready.cloud.faults({"method": "google.longrunning.Operations/GetOperation", "code": code, "times": 1})
    live = ready.live({"A": code})
    assert ready.traffic() == [(live.candidate, 100, "canary")]


def test_every_answer_of_a_write_is_lost(ready: DriverHarness) -> None:
    """Settled by reading: nothing is made twice."""
    ready.cloud.faults({"method": RUN + "Services/UpdateService", "code": "UNAVAILABLE", "times": 0, "after": True})
    release, taken = ready.take(ready.release({"A": "1"}))
    assert taken.taken
    release, made = ready.create(release)
    assert made.ready
    moved = ready.move(release, 40)
    assert moved.conflict is None
    state = ready.driver.read_state(ready.service)
    assert state.unfinished is not None
    assert (state.unfinished.asked, state.unfinished.passed) == (1, 0)
    assert state.traffic.shares()[release.candidate] == 40
    assert len(state.revisions) == 2
    assert ready.restore(release, ours=(ready.target(release, 40),)).complete
    ready.end(release, Outcome.REJECTED, to_blame=True)
    assert ready.driver.read_state(ready.service).lease is None


def test_the_answer_of_create_service_is_lost(harness: DriverHarness) -> None:
    harness.cloud.faults({"method": RUN + "Services/CreateService", "code": "UNAVAILABLE", "times": 1, "after": True})
    live = harness.live()
    assert harness.traffic() == [(live.candidate, 100, "canary")]


def test_reads_that_lag_behind_are_waited_for(ready: DriverHarness) -> None:
    """Else the lease written a moment ago would seem to be gone."""
    release, _ = ready.take(ready.release({"A": "1"}))
    ready.cloud.faults({"method": RUN + "Services/GetService", "stale": True, "times": 2})
    release, made = ready.create(release)
    assert made.ready
    assert ready.cloud.fired() == [2]


def test_refused_for_good(ready: DriverHarness) -> None:
    ready.cloud.faults({"method": RUN + "Services/UpdateService", "code": "PERMISSION_DENIED", "times": 0})
    with pytest.raises(ApiError, match=r"lacks the permission run\.services\.update") as refused:
        ready.take(ready.release())
    assert "roles/run.developer" in refused.value.remedy


@pytest.mark.parametrize("method", ["google.longrunning.Operations/*", "google.logging.v2.*/*"])
def test_what_only_explains_may_be_refused(ready: DriverHarness, method: str) -> None:
    ready.cloud.faults({"method": method, "code": "PERMISSION_DENIED", "times": 0})
    live = ready.live({"A": "1"})
    assert ready.traffic() == [(live.candidate, 100, "canary")]


def test_restoring_does_not_depend_on_looking_first(ready: DriverHarness) -> None:
    release, _ = ready.create(ready.take(ready.release({"A": "1"}))[0])
    ready.move(release, 50)
    ready.cloud.faults({"method": RUN + "Revisions/*", "code": "PERMISSION_DENIED", "times": 0})
    assert ready.restore(release, ours=(ready.target(release, 50),)).complete


def test_patience_is_what_the_server_asks_for(ready: DriverHarness) -> None:
    fault = {"method": RUN + "Services/GetService", "code": "RESOURCE_EXHAUSTED", "times": 1, "retry_delay": 0.4}
    ready.cloud.faults(fault)
    began = ready.clock.monotonic()
    ready.driver.read_state(ready.service)
    assert ready.clock.monotonic() - began >= 0.4


def test_an_image_that_was_never_pushed(ready: DriverHarness) -> None:
    release, _ = ready.take(ready.release())
    wrong = release.image.partition("@")[0] + "@sha256:" + "0" * 64
    _, made = ready.create(replace(release, image=wrong))
    assert not made.ready
    assert any(each.reason == "CONTAINER_MISSING" for each in made.evidence.conditions)
    assert made.evidence.operation_message == f"Image '{wrong}' not found."
    ready.end(release, Outcome.REJECTED, to_blame=True)


def test_settings_that_cloud_run_refuses(ready: DriverHarness) -> None:
    release, _ = ready.take(ready.release(cpu="4", memory="512Mi"))
    with pytest.raises(DriverError, match="could not create the revision"):
        ready.create(release)
    ready.end(release, Outcome.UNKNOWN)
    assert ready.driver.read_state(ready.service).lease is None
