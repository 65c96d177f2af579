"""What a service remembers, and the words for what somebody else did to its traffic."""

from __future__ import annotations

import json
import string
from datetime import UTC, datetime, timedelta

import pytest
from google.cloud import run_v2
from hypothesis import given, settings
from hypothesis import strategies as st

from deploy_lib.drivers.services import service_annotations
from deploy_lib.drivers.services.release_record import Lease, ReleaseRecord
from deploy_lib.drivers.services.traffic import (
    baseline_traffic,
    difference,
    same,
    spec_traffic,
    status_traffic,
    targets,
)
from deploy_lib.model.approval import Approval, ApprovalAsked
from deploy_lib.model.outcome import Outcome
from deploy_lib.model.traffic import TrafficMap, TrafficTarget

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
LIVE, REJECTED = Outcome.LIVE, Outcome.REJECTED
NAMES = st.text(string.ascii_lowercase, min_size=1, max_size=8)
MAPS = st.lists(
    st.builds(TrafficTarget, NAMES, st.integers(0, 100), st.none() | NAMES), max_size=4
).map(lambda found: TrafficMap(tuple(found)))  # fmt: skip
TIMES = st.datetimes(timezones=st.just(UTC))
APPROVALS = st.builds(ApprovalAsked, st.text(), TIMES, TIMES, st.none() | st.builds(Approval, NAMES, TIMES, st.text()))
RECORDS = st.builds(
    ReleaseRecord, NAMES, NAMES, st.datetimes(timezones=st.just(UTC)), MAPS, st.none() | st.text(), st.none() | NAMES,
    st.none() | NAMES, st.none() | NAMES, st.integers(0, 9), st.integers(0, 9), st.integers(0, 100), st.text(),
    st.booleans(), st.booleans(), st.text(), st.lists(APPROVALS).map(tuple),
)  # fmt: skip


@settings(max_examples=30)
@given(RECORDS, st.dictionaries(st.text(), st.text()))
def test_records_come_back_and_other_annotations_stay(record: ReleaseRecord, others: dict[str, str]) -> None:
    written = service_annotations.with_record(others, record)
    assert service_annotations.record_of(written) == record
    assert {**others, service_annotations.RELEASE: ""}.keys() == written.keys()
    assert service_annotations.with_record(written, None) == {
        k: v for k, v in others.items() if k != service_annotations.RELEASE
    }


@given(st.text() | st.just('{"releases": [1, {"id": 2}, null]}') | st.just("[]") | st.just('{"id": 1}'))
def test_an_annotation_edited_by_hand_counts_as_absent(text: str) -> None:
    broken = {service_annotations.LEASE: text, service_annotations.RELEASE: text, service_annotations.HISTORY: text}
    assert service_annotations.lease_of(broken) is None
    assert service_annotations.record_of(broken) is None
    assert service_annotations.history_of(broken) == ()
    assert service_annotations.rejected_digests(broken) == ()


def test_lease() -> None:
    lease = Lease("anna", "t", NOON, NOON + timedelta(minutes=2), "r1", "why")
    assert service_annotations.lease_of(service_annotations.with_lease({}, lease)) == lease
    assert not lease.state(NOON).expired
    assert lease.state(NOON + timedelta(minutes=2)).expired
    naive = service_annotations.with_lease({}, lease)[service_annotations.LEASE].replace("+00:00", "")
    assert service_annotations.lease_of({service_annotations.LEASE: naive}) is None


def test_history_is_short_and_newest_first_and_knows_bad_digests() -> None:
    annotations: dict[str, str] = {}
    for number, (digest, outcome) in enumerate(
        [("old", LIVE)] * 9 + [("a", LIVE), ("b", REJECTED), ("a", REJECTED), ("c", Outcome.HELD), ("b", REJECTED)]
    ):
        record = ReleaseRecord(f"r{number}", "c", NOON, TrafficMap(), f"image@sha256:{digest}")
        past = record.past(outcome, NOON, TrafficMap((TrafficTarget("x", 100),)), outcome is REJECTED)
        annotations = service_annotations.with_past(annotations, past)
    history = service_annotations.history_of(annotations)
    assert len(history) == service_annotations.REMEMBERED
    assert [past.id for past in history[:3]] == ["r13", "r12", "r11"]
    assert service_annotations.rejected_digests(annotations) == ("sha256:b",)
    again = service_annotations.with_past(annotations, history[2])
    assert [past.id for past in service_annotations.history_of(again)][:2] == ["r11", "r13"]


@pytest.mark.parametrize(
    ("written", "outcome", "to_blame"),
    [
        ({"outcome": "live"}, LIVE, False),
        ({"outcome": "held"}, Outcome.HELD, False),
        ({"outcome": "unknown"}, Outcome.UNKNOWN, False),
        ({"outcome": "interrupted"}, Outcome.INTERRUPTED, False),
        ({"outcome": "rejected"}, REJECTED, True),
        ({"outcome": "failed"}, REJECTED, True),
        ({"outcome": "restored"}, REJECTED, False),
        ({"outcome": "refused"}, REJECTED, False),
        ({"outcome": "abandoned"}, Outcome.INTERRUPTED, False),
        ({"outcome": "rejected", "image_is_to_blame": False}, REJECTED, False),
        ({"outcome": "ready", "image_is_to_blame": False, "of_a_later_version": 1}, Outcome.READY, False),
    ],
)
def test_outcomes_of_earlier_and_later_versions_are_read(
    written: dict[str, object], outcome: Outcome, to_blame: bool
) -> None:
    row = {"id": "r", "commit": "c", "digest": "sha256:d", "candidate": "x", "at": NOON.isoformat(), "traffic": []}
    annotations = {service_annotations.HISTORY: json.dumps({"releases": [row | written]})}
    [past] = service_annotations.history_of(annotations)
    assert (past.outcome, past.image_is_to_blame) == (outcome, to_blame)
    assert service_annotations.rejected_digests(annotations) == (("sha256:d",) if to_blame else ())


def test_a_release_that_ended_keeps_its_outcome_when_the_next_one_begins() -> None:
    ready = ReleaseRecord("r1", "c", NOON, TrafficMap(), candidate="x")
    ended = service_annotations.with_past(
        service_annotations.with_record({}, ready), ready.past(Outcome.READY, NOON, TrafficMap())
    )
    following = ReleaseRecord("r2", "d", NOON, TrafficMap())
    assert [
        past.outcome for past in service_annotations.history_of(service_annotations.succeeded(ended, following, NOON))
    ] == [Outcome.READY]
    nobody_ended_it = service_annotations.with_record({}, ready)
    taken_back = service_annotations.with_record(ended, service_annotations.started_over(ready))
    for before, outcome in ((nobody_ended_it, Outcome.INTERRUPTED), (taken_back, REJECTED)):
        [past] = service_annotations.history_of(service_annotations.succeeded(before, following, NOON))
        assert (past.outcome, past.image_is_to_blame) == (outcome, False)


def _map(*wanted: tuple[str, int] | tuple[str, int, str]) -> TrafficMap:
    return TrafficMap(tuple(TrafficTarget(*each) for each in wanted))


@pytest.mark.parametrize(
    ("ours", "now", "words"),
    [
        ([_map(("a", 100))], _map(("a", 50), ("b", 50)), "it now carries a 50 %, b 50 % instead of a 100 %"),
        ([_map(("a", 100))], _map(("a", 100), ("b", 0, "t")), "the tag t was added on b"),
        ([_map(("a", 100, "t"))], _map(("a", 100)), "the tag t is gone from a"),
        (
            [_map(("a", 100, "t"))],
            _map(("a", 100), ("b", 0, "t")),
            "the tag t was added on b and the tag t is gone from a",
        ),
        ([], _map(("a", 100)), "it now carries a 100 %"),
        ([_map(("a", 100)), _map(("a", 90), ("c", 10))], _map(("a", 90), ("d", 10)), "it now carries a 90 %, d 10 % "
         "instead of a 90 %, c 10 %"),
    ],
)  # fmt: skip
def test_difference(ours: list[TrafficMap], now: TrafficMap, words: str) -> None:
    assert difference(ours, now) == words


def test_targets_hold_share_and_tag_together() -> None:
    found = targets(_map(("a", 100), ("a", 0, "t"), ("a", 0, "u"), ("b", 0, "v")))
    assert [(each.revision, each.percent, each.tag) for each in found] == [
        ("a", 100, "t"),
        ("a", 0, "u"),
        ("b", 0, "v"),
    ]
    assert all(each.type_.name.endswith("_REVISION") for each in found)


@given(MAPS)
def test_targets_are_the_same_map(traffic: TrafficMap) -> None:
    service = run_v2.Service(traffic=targets(traffic), latest_ready_revision="x/y/latest")
    if service.traffic:
        assert spec_traffic(service).same_as(traffic)


def test_what_a_service_carries() -> None:
    kinds = run_v2.TrafficTargetAllocationType
    latest = run_v2.TrafficTarget(type_=kinds.TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST, percent=100, tag="t")
    full = "projects/p/locations/r/services/s/revisions/new"
    assert spec_traffic(run_v2.Service()) == TrafficMap()
    assert spec_traffic(run_v2.Service(traffic=targets(_map(("a", 100))))) == TrafficMap()  # none was ever ready
    assert spec_traffic(run_v2.Service(latest_ready_revision=full)) == _map(("new", 100))
    assert spec_traffic(run_v2.Service(traffic=[latest], latest_ready_revision=full)) == _map(("new", 100, "t"))
    status = run_v2.TrafficTargetStatus(revision="old", percent=100)
    failed = run_v2.Condition(state=run_v2.Condition.State.CONDITION_FAILED)
    service = run_v2.Service(
        traffic=targets(_map(("a", 100))),
        traffic_statuses=[status],
        latest_ready_revision=full,
        terminal_condition=failed,
    )
    assert status_traffic(service) == baseline_traffic(service) == _map(("old", 100))
    service.terminal_condition = run_v2.Condition(state=run_v2.Condition.State.CONDITION_SUCCEEDED)
    assert baseline_traffic(service) == _map(("a", 100))


def test_a_lent_tag_does_not_count() -> None:
    assert same(_map(("a", 100), ("a", 0, "stable")), _map(("a", 100)), "stable")
    assert not same(_map(("a", 100), ("a", 0, "stable")), _map(("a", 100)))
    assert not same(_map(("a", 100), ("a", 0, "other")), _map(("a", 100)), "stable")
