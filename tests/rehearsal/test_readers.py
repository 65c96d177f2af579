"""What may be said of users, by what could be seen of them: a log that is empty is not a service that is well."""

from __future__ import annotations

import pytest

from tests.rehearsal.scripts import BUILT, REST, compare, stable
from tests.rehearsal.theatre import Played, Theatre, Users

EXCLUDED = {"method": "logging.sinks.requests", "lost": True, "times": 0}
LATE = {"method": "logging.sinks.requests", "delay": 3, "times": 0}
UNCOUNTED = {"method": "monitoring.points.requests", "lost": True, "times": 0}
LOG = "google.logging.v2.LoggingServiceV2/ListLogEntries"
SOON = {"log_within": "1s", "metrics_within": "60s"}
NEVER = {"log_within": "1s", "metrics_within": "2s"}


def bake(seconds: str, **more: object) -> dict[str, object]:
    return {"promote": {"percent": 50, "bake": seconds, "every": "100ms", **more}}


def said(played: Played, kind: str) -> str:
    return str(next(event["reason"] for event in played.of_type("judged") if event["kind"] == kind))


def test_a_quiet_service_is_told_by_our_own_requests(theatre: Theatre) -> None:
    stable(theatre)
    played = theatre.release(theatre.config((*BUILT, bake("2s"), *REST), {"n": 1}))
    assert played.code == 0, played.errors
    assert "no user requests; " in said(played, "promote") and " of our own, 0 failed" in said(played, "promote")
    assert "; 0 of our own" not in said(played, "promote")


@pytest.mark.slow
def test_users_are_counted(theatre: Theatre) -> None:
    stable(theatre)
    with Users(f"{theatre.url()}/work", rate=30):
        played = theatre.release(theatre.config((*BUILT, bake("2s"), *REST), {"n": 1}))
    assert played.code == 0, played.errors
    assert " requests, 0 failed; " in said(played, "promote")


@pytest.mark.slow
def test_excluded_from_the_log_users_are_counted_by_monitoring(theatre: Theatre) -> None:
    """Our own requests are fine; what users get is not, and the log shows neither."""
    stable(theatre)
    theatre.cloud.faults(EXCLUDED)
    with Users(f"{theatre.url()}/work", rate=30):
        played = theatre.release(theatre.config((*BUILT, bake("60s", **SOON), *REST), {"fail_every": 1}))
    theatre.cloud.clear_faults()
    assert (played.code, played.statuses[-1]) == (1, ("promote 50 %", "failed")), played.stopped
    assert "real requests: " in said(played, "promote")
    assert len(theatre.now) == 1


@pytest.mark.slow
def test_a_good_release_is_seen_by_monitoring_too(theatre: Theatre) -> None:
    stable(theatre)
    theatre.cloud.faults(EXCLUDED)
    played = theatre.release(theatre.config((*BUILT, bake("1s", **SOON), *REST), {"n": 1}))
    theatre.cloud.clear_faults()
    assert played.code == 0, played.stopped
    assert "by Cloud Monitoring" in said(played, "promote")


def test_blind_is_not_well(theatre: Theatre) -> None:
    stable(theatre)
    theatre.cloud.faults(EXCLUDED, UNCOUNTED)
    with Users(f"{theatre.url()}/work", rate=30):
        played = theatre.release(theatre.config((*BUILT, bake("1s", **NEVER), *REST), {"fail_every": 1}))
    theatre.cloud.clear_faults()
    assert (played.code, played.statuses[-1]) == (3, ("promote 50 %", "inconclusive")), played.stopped
    assert "real requests could not be seen: none of our own" in said(played, "promote")
    assert "is in the request log (is it excluded?), and Cloud Monitoring shows none" in said(played, "promote")


@pytest.mark.slow
def test_a_comparison_under_traffic_is_not_blind_either(theatre: Theatre) -> None:
    stable(theatre)
    theatre.cloud.faults(EXCLUDED, UNCOUNTED)
    steps = (*BUILT, {"promote": {"percent": 10}}, compare("1s", **NEVER), *REST)
    played = theatre.release(theatre.config(steps, {"n": 1}))
    alone = (*BUILT, {"promote": {"percent": 10}}, compare("1s", metrics=False), *REST)
    asked = theatre.release(theatre.config(alone, {"n": 2}))
    theatre.cloud.clear_faults()
    assert (played.code, played.statuses[-1]) == (3, ("compare 1 s", "inconclusive")), played.stopped
    assert "compare.metrics: false" in said(played, "compare")
    assert asked.code == 0, asked.stopped


@pytest.mark.slow
def test_a_log_that_is_late_is_waited_for(theatre: Theatre) -> None:
    stable(theatre)
    theatre.cloud.faults(LATE)
    with Users(f"{theatre.url()}/work", rate=30):
        played = theatre.release(theatre.config((*BUILT, bake("1s", log_within="60s"), *REST), {"n": 1}))
    theatre.cloud.clear_faults()
    assert played.code == 0, played.stopped
    assert " requests, 0 failed; " in said(played, "promote") and "no user" not in said(played, "promote")


@pytest.mark.slow
def test_a_quota_that_is_used_up_holds_up_no_comparison(theatre: Theatre) -> None:
    stable(theatre)
    steps = (*BUILT, {"promote": {"percent": 10}}, compare("4s", every="100ms", min_samples=20, **SOON), *REST)
    theatre.cloud.faults({"method": LOG, "code": "RESOURCE_EXHAUSTED", "times": 0})
    before = theatre.cloud.last_call()
    played = theatre.release(theatre.config(steps, {"n": 1}))
    readings = theatre.cloud.calls(before).count(LOG)
    theatre.cloud.clear_faults()
    assert played.code == 0, played.stopped
    judged = next(event for event in played.of_type("judged") if event["kind"] == "compare")
    assert judged["facts"]["candidate"]["requests"] >= 20 and judged["facts"]["reader"] == "Cloud Monitoring"
    assert any("not read again for 60 s" in event["text"] for event in played.of_type("progress"))
    assert readings <= 3, "one each of whoever reads, and no more within the minute"
