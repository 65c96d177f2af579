"""What may be said of users, by what could be seen of them: a log that is empty is not a service that is well."""

from __future__ import annotations

import pytest

from tests.rehearsal.cli_harness import CliHarness, CommandResult, Users
from tests.rehearsal.plans import BUILT, REST, compare, stable

EXCLUDED = {"method": "logging.sinks.requests", "lost": True, "times": 0}
LATE = {"method": "logging.sinks.requests", "delay": 3, "times": 0}
UNCOUNTED = {"method": "monitoring.points.requests", "lost": True, "times": 0}
LOG = "google.logging.v2.LoggingServiceV2/ListLogEntries"
SOON = {"log_within": "1s", "metrics_within": "60s"}
NEVER = {"log_within": "1s", "metrics_within": "2s"}


def bake(seconds: str, **more: object) -> dict[str, object]:
    return {"promote": {"percent": 50, "bake": seconds, "every": "100ms", **more}}


def said(result: CommandResult, kind: str) -> str:
    return str(next(event["reason"] for event in result.of_type("judged") if event["kind"] == kind))


def test_a_quiet_service_is_told_by_our_own_requests(harness: CliHarness) -> None:
    stable(harness)
    result = harness.release(harness.config((*BUILT, bake("2s"), *REST), {"n": 1}))
    assert result.code == 0, result.errors
    assert "no user requests; " in said(result, "promote") and " of our own, 0 failed" in said(result, "promote")
    assert "; 0 of our own" not in said(result, "promote")


@pytest.mark.slow
def test_users_are_counted(harness: CliHarness) -> None:
    stable(harness)
    with Users(f"{harness.url()}/work", rate=30):
        result = harness.release(harness.config((*BUILT, bake("2s"), *REST), {"n": 1}))
    assert result.code == 0, result.errors
    assert " requests, 0 failed; " in said(result, "promote")


@pytest.mark.slow
def test_excluded_from_the_log_users_are_counted_by_monitoring(harness: CliHarness) -> None:
    """Our own requests are fine; what users get is not, and the log shows neither."""
    stable(harness)
    harness.cloud.faults(EXCLUDED)
    with Users(f"{harness.url()}/work", rate=30):
        result = harness.release(harness.config((*BUILT, bake("60s", **SOON), *REST), {"fail_every": 1}))
    harness.cloud.clear_faults()
    assert (result.code, result.statuses[-1]) == (1, ("promote 50 %", "failed")), result.stopped
    assert "real requests: " in said(result, "promote")
    assert len(harness.now) == 1


@pytest.mark.slow
def test_a_good_release_is_seen_by_monitoring_too(harness: CliHarness) -> None:
    stable(harness)
    harness.cloud.faults(EXCLUDED)
    result = harness.release(harness.config((*BUILT, bake("1s", **SOON), *REST), {"n": 1}))
    harness.cloud.clear_faults()
    assert result.code == 0, result.stopped
    assert "by Cloud Monitoring" in said(result, "promote")


def test_blind_is_not_well(harness: CliHarness) -> None:
    stable(harness)
    harness.cloud.faults(EXCLUDED, UNCOUNTED)
    with Users(f"{harness.url()}/work", rate=30):
        result = harness.release(harness.config((*BUILT, bake("1s", **NEVER), *REST), {"fail_every": 1}))
    harness.cloud.clear_faults()
    assert (result.code, result.statuses[-1]) == (3, ("promote 50 %", "inconclusive")), result.stopped
    assert "real requests could not be seen: none of our own" in said(result, "promote")
    assert "is in the request log (is it excluded?), and Cloud Monitoring shows none" in said(result, "promote")


@pytest.mark.slow
def test_a_comparison_under_traffic_is_not_blind_either(harness: CliHarness) -> None:
    stable(harness)
    harness.cloud.faults(EXCLUDED, UNCOUNTED)
    steps = (*BUILT, {"promote": {"percent": 10}}, compare("1s", **NEVER), *REST)
    result = harness.release(harness.config(steps, {"n": 1}))
    alone = (*BUILT, {"promote": {"percent": 10}}, compare("1s", metrics=False), *REST)
    asked = harness.release(harness.config(alone, {"n": 2}))
    harness.cloud.clear_faults()
    assert (result.code, result.statuses[-1]) == (3, ("compare 1 s", "inconclusive")), result.stopped
    assert "compare.metrics: false" in said(result, "compare")
    assert asked.code == 0, asked.stopped


@pytest.mark.slow
def test_a_log_that_is_late_is_waited_for(harness: CliHarness) -> None:
    stable(harness)
    harness.cloud.faults(LATE)
    with Users(f"{harness.url()}/work", rate=30):
        result = harness.release(harness.config((*BUILT, bake("1s", log_within="60s"), *REST), {"n": 1}))
    harness.cloud.clear_faults()
    assert result.code == 0, result.stopped
    assert " requests, 0 failed; " in said(result, "promote") and "no user" not in said(result, "promote")


@pytest.mark.slow
def test_a_quota_that_is_used_up_holds_up_no_comparison(harness: CliHarness) -> None:
    stable(harness)
    steps = (*BUILT, {"promote": {"percent": 10}}, compare("4s", every="100ms", min_samples=20, **SOON), *REST)
    harness.cloud.faults({"method": LOG, "code": "RESOURCE_EXHAUSTED", "times": 0})
    before = harness.cloud.last_call()
    result = harness.release(harness.config(steps, {"n": 1}))
    readings = harness.cloud.calls(before).count(LOG)
    harness.cloud.clear_faults()
    assert result.code == 0, result.stopped
    judged = next(event for event in result.of_type("judged") if event["kind"] == "compare")
    assert judged["facts"]["candidate"]["requests"] >= 20 and judged["facts"]["reader"] == "Cloud Monitoring"
    assert any("not read again for 60 s" in event["text"] for event in result.of_type("progress"))
    assert readings <= 3, "one each of whoever reads, and no more within the minute"
