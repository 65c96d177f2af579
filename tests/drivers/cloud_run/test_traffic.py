"""Traffic moves only from maps of one's own, and what is put back is really back."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime

import httpx
from google.cloud import run_v2
from google.cloud.run_v2.services.revisions.transports import RevisionsGrpcTransport

from deploy_lib.drivers.services.traffic import targets
from deploy_lib.drivers.traffic_watcher import RevisionHealth
from deploy_lib.model.answers import REQUEST_LOG, Side, TrafficVerified
from deploy_lib.model.outcome import Outcome
from deploy_lib.model.release import Status
from deploy_lib.model.requests import Readers
from deploy_lib.model.traffic import TrafficMap, TrafficTarget
from deploy_lib.release.observe import until_judged
from deploy_lib.steps import verify
from deploy_lib.steps.kind import Verdict
from deploy_lib.steps.verify import VerifySettings
from tests.drivers.cloud_run.driver_harness import DriverHarness
from tests.operations import ended
from tests.waits import until


def _to(*wanted: TrafficTarget):  # type: ignore[no-untyped-def]
    def change(service: run_v2.Service) -> None:
        service.traffic = targets(TrafficMap(wanted))

    return change


def test_conflict_is_told_and_left_alone(harness: DriverHarness) -> None:
    first = harness.live()
    release, _ = harness.create(harness.take(harness.release({"A": "1"}))[0])
    harness.by_hand(
        _to(TrafficTarget(first.candidate, 60), TrafficTarget(release.candidate, 40, "canary")), ["traffic"]
    )
    moved = harness.move(release, 10)
    assert moved.conflict
    assert f"{first.candidate} 60 %, {release.candidate} 40 %" in moved.conflict
    restored = harness.restore(release)
    assert not restored.complete
    assert "somebody@local-cloud.invalid changed the traffic" in restored.reason
    assert harness.read().traffic[0].percent == 60
    harness.end(release, Outcome.HELD)
    assert harness.driver.read_state(harness.service).unfinished is not None


def test_tags_changed_by_hand_are_a_conflict_too(harness: DriverHarness) -> None:
    first = harness.live()
    release, _ = harness.create(harness.take(harness.release({"A": "1"}))[0])
    beta = TrafficTarget(first.candidate, 0, "beta")
    harness.by_hand(
        _to(TrafficTarget(first.candidate, 100, "stable"), TrafficTarget(release.candidate, 0, "canary"), beta),
        ["traffic"],
    )
    assert harness.move(release, 10).conflict == (
        f"somebody@local-cloud.invalid changed the traffic: the tag beta was added on {first.candidate}"
    )


def test_traffic_changed_before_the_candidate_is_a_conflict(harness: DriverHarness) -> None:
    first, second = harness.live(), harness.live({"A": "1"})
    release, _ = harness.take(harness.release({"A": "2"}))
    harness.by_hand(_to(TrafficTarget(first.candidate, 50), TrafficTarget(second.candidate, 50)), ["traffic"])
    try:
        harness.create(release)
    except Exception as problem:
        assert getattr(problem, "conflict", False)
        assert "the traffic was changed since this release began" in str(problem)
    else:
        raise AssertionError("not noticed")


def test_restore(harness: DriverHarness) -> None:
    first = harness.live()
    release, _ = harness.create(harness.take(harness.release({"A": "1"}))[0])
    harness.move(release, 50)
    walled = replace(release, service=replace(release.service, url="http://127.0.0.1:9"))
    assert harness.restore(walled, ours=(harness.target(release, 50),), asks=False).complete
    restored = harness.restore(release, ours=(harness.target(release, 50),))
    assert restored.complete, restored
    assert restored.now.shares() == {first.candidate: 100}
    harness.end(release, Outcome.REJECTED, to_blame=True)
    assert harness.traffic() == [(first.candidate, 100, ""), (release.candidate, 0, "canary")]
    state = harness.driver.read_state(harness.service)
    assert state.unfinished is None
    assert state.lease is None
    assert [(past.outcome, past.candidate) for past in state.history] == [
        ("rejected", release.candidate),
        ("live", first.candidate),
    ]
    again, taken = harness.take(harness.release({"A": "2"}))
    assert taken.rejected_digests == ()  # the same image went live before, so it was not to blame
    assert taken.before.shares() == {first.candidate: 100}
    harness.end(again, None)


def test_restore_to_a_deleted_revision_is_refused(harness: DriverHarness) -> None:
    first = harness.live()
    release, _ = harness.create(harness.take(harness.release({"A": "1"}))[0])
    harness.move(release, 100)
    harness.by_hand(_to(TrafficTarget(release.candidate, 100, "canary")), ["traffic"])
    revisions = run_v2.RevisionsClient(transport=RevisionsGrpcTransport(channel=harness.cloud.channel()))
    ended(revisions.delete_revision(name=f"{harness.service.path}/revisions/{first.candidate}"))
    restored = harness.restore(release, ours=(harness.target(release, 100),))
    assert not restored.complete
    assert restored.reason == f"the revision {first.candidate} was deleted meanwhile"
    assert restored.now.shares() == {release.candidate: 100}


def test_hand_made_split_and_latest_are_kept(harness: DriverHarness) -> None:
    first, second = harness.live(), harness.live({"A": "1"})
    harness.by_hand(_to(TrafficTarget(first.candidate, 25, "old"), TrafficTarget(second.candidate, 75)), ["traffic"])
    release, taken = harness.take(harness.release({"A": "2"}))
    assert taken.before.shares() == {first.candidate: 25, second.candidate: 75}
    release, _ = harness.create(release)
    moved = harness.move(release, 20)
    assert moved.now.shares() == {first.candidate: 20, second.candidate: 60, release.candidate: 20}
    assert harness.restore(release, ours=(harness.target(release, 20),)).complete
    harness.end(release, Outcome.REJECTED, to_blame=True)
    assert harness.traffic() == [
        (first.candidate, 25, "old"),
        (second.candidate, 75, ""),
        (release.candidate, 0, "canary"),
    ]


def test_latest_is_pinned_to_what_it_means(harness: DriverHarness) -> None:
    first = harness.live()

    def follow_latest(service: run_v2.Service) -> None:
        latest = run_v2.TrafficTargetAllocationType.TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST
        service.traffic = [run_v2.TrafficTarget(type_=latest, percent=100)]

    harness.by_hand(follow_latest, ["traffic"])
    release, _ = harness.create(harness.take(harness.release({"A": "1"}))[0])
    assert harness.traffic() == [(first.candidate, 100, "stable"), (release.candidate, 0, "canary")]
    harness.end(release, Outcome.REJECTED, to_blame=True)


def test_real_requests_are_told_from_our_own(harness: DriverHarness) -> None:
    harness.live()
    release, _ = harness.create(harness.take(harness.release({"A": "1"}))[0])
    since, url = datetime.now(UTC), f"{release.candidate_url}/fail"
    for _ in range(4):
        assert harness.urls.ask(url, timeout=5).status == 500
    _as_users(url, 6)
    _as_users(release.candidate_url, 3)
    with harness.watch.watching(release, since, Readers()) as watching:
        began = harness.clock.monotonic()
        while not watching.has_shown(Side(4, 4), harness.clock.monotonic() - began):
            harness.clock.sleep(0.05)
        seen = watching.seen(Side(4, 4), Side(), harness.progress.append)
    assert seen.reader == REQUEST_LOG
    assert (seen.users.requests, seen.users.errors, len(seen.users.latencies)) == (9, 6, 3)


def test_sick_while_baking(harness: DriverHarness) -> None:
    harness.live()
    release, _ = harness.create(harness.take(harness.release({"A": "1"}))[0])
    with ThreadPoolExecutor(1) as users:
        asked = users.submit(_as_users, f"{release.candidate_url}/fail", 40, 0.1)
        began = harness.clock.monotonic()
        watched = harness.watched(harness.move(release, 10), release, percent=10, bake=30)
        assert watched.users.errors >= 5
        assert watched.seconds < 20 and harness.clock.monotonic() - began < 29, "it was not watched to the end"
        asked.result()


def test_a_candidate_that_crashes_under_traffic_has_failed(harness: DriverHarness) -> None:
    harness.live()
    release, _ = harness.create(harness.take(harness.release({"A": "1"}))[0])
    assert harness.watch.state(release) == RevisionHealth()

    def ends() -> tuple[str, ...]:
        _as_users(f"{release.candidate_url}/die", 1, 0.1)
        return harness.watch.state(release).ends

    assert "exit(3)" in until(lambda: len(seen := ends()) > 1 and seen)[-1]


def _as_users(url: str | None, times: int, pause: float = 0.0) -> None:
    with httpx.Client(trust_env=False, headers={"user-agent": "a browser"}, timeout=10) as browser:
        for _ in range(times):
            browser.get(url or "")
            time.sleep(pause)


def test_read_back_waits_for_the_candidate_and_says_who_answers(harness: DriverHarness) -> None:
    first = harness.live()
    release, _ = harness.create(harness.take(harness.release({"A": "1"}))[0])
    settings = VerifySettings(path="/", within=0.3)
    request = verify.ask(settings, release)
    verify_traffic = harness.driver.verify_traffic
    found = until_judged(
        verify.KIND, settings, release, request, verify_traffic, harness.clock, harness.progress.append
    )
    assert isinstance(found.verdict, Verdict) and found.verdict.status is Status.FAILED
    back = found.answer
    assert isinstance(back, TrafficVerified) and back.seconds >= 0.3
    assert set(back.answered) == {first.candidate}
    assert back.now.shares() == {first.candidate: 100}
    harness.end(release, Outcome.REJECTED, to_blame=True)
