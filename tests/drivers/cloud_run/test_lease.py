"""The lease: one deployer at a time, renewed while it works, taken over when it is not."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Timer

import pytest

from deploy_lib.drivers.interface import DriverError, Drivers, Interrupted
from deploy_lib.drivers.policy import Calls
from deploy_lib.drivers.services.lease_objects import LeaseObject, LeaseObjects
from deploy_lib.model.journal import LeaseRefused
from deploy_lib.model.outcome import Outcome
from deploy_lib.release.lease import acquire
from tests.drivers.cloud_run.driver_harness import DriverHarness
from tests.waits import WITHIN, until


def test_of_two_who_start_together_one_proceeds(harness: DriverHarness) -> None:
    harness.live()
    ben, barrier = harness.other(), Barrier(2)

    def take(who: DriverHarness) -> object:
        release = who.release({"A": who.holder})
        barrier.wait(WITHIN)
        return who.take(release)[1]

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(take, (harness, ben)))
    ben.close()
    assert sorted(answer.taken for answer in answers) == [False, True]
    refused = next(answer for answer in answers if not answer.taken)
    winner = next(answer for answer in answers if answer.taken)
    assert (refused.holder, refused.since) == (winner.holder, winner.since)
    assert refused.until is not None


def test_who_takes_over_a_first_release_creates_the_service(harness: DriverHarness) -> None:
    ben = harness.other()
    lost, _ = harness.take(harness.release())
    assert not ben.take(ben.release())[1].taken
    release, taken = ben.take(ben.release(), over=True)
    assert taken.taken
    assert ben.create(release)[1].ready
    with pytest.raises(DriverError, match="ben at laptop took the service over") as refused:
        harness.create(lost)
    assert refused.value.conflict and refused.value.busy
    ben.close()


def test_renewed_while_working_and_free_when_killed(harness: DriverHarness) -> None:
    harness.live()
    release, taken = harness.take(harness.release({"A": "1"}), lasts=0.6)
    assert taken.taken
    objects, where = LeaseObjects(Calls(harness.clients, harness.clock)), LeaseObject.of(harness.service)
    first, deadline, before = objects.read(where), time.monotonic() + WITHIN, harness.cloud.last_call()
    assert first is not None
    until(lambda: (objects.read(where) or first).generation != first.generation)
    assert not [call for call in harness.cloud.calls(before) if call.endswith("UpdateService")], "by no write of it"
    ben = harness.other()
    assert not ben.take(ben.release())[1].taken
    release, _ = harness.create(release)
    harness.move(release, 50)
    harness.driver.close()  # as when the client is killed: nobody renews
    while not (last := ben.take(ben.release({"B": "1"}))[1]).taken:
        assert time.monotonic() < deadline, "never free"
        time.sleep(0.05)
    assert last.unfinished is not None
    assert (last.unfinished.release_id, last.unfinished.candidate) == (release.id, release.candidate)
    assert (last.unfinished.asked, last.unfinished.passed, last.unfinished.percent) == (1, 0, 50)
    assert last.unfinished.before.same_as(release.before)
    with pytest.raises(DriverError, match="ben at laptop took the service over") as lost:
        harness.move(release, 100)
    assert lost.value.conflict
    ben.close()


def test_take_over_now(harness: DriverHarness) -> None:
    harness.live()
    harness.take(harness.release({"A": "1"}))
    ben = harness.other()
    assert ben.take(ben.release(), over=True)[1].taken
    ben.close()


def test_hold_and_let_go(harness: DriverHarness) -> None:
    harness.live()
    held = harness.driver.hold(harness.service, "anna", 60, "the fair is on")
    assert held.taken
    ben = harness.other()
    refused = ben.take(ben.release())[1]
    assert (refused.taken, refused.holder) == (False, "anna (on hold: the fair is on)")
    assert harness.driver.hold(harness.service, "anna", 90).taken  # longer
    assert not ben.driver.hold(harness.service, "ben", 90).taken
    assert harness.driver.release_hold(harness.service) == "anna"
    assert harness.driver.release_hold(harness.service) is None
    release, taken = ben.take(ben.release({"A": "1"}))
    assert taken.taken
    with pytest.raises(DriverError, match="is deploying shop"):
        harness.driver.release_hold(harness.service)
    ben.end(release, None)
    ben.close()


def test_same_release_asked_again_finds_its_revision(harness: DriverHarness) -> None:
    harness.live()
    before = harness.take(harness.release({"A": "1"}))[0]
    release, made = harness.create(before)
    again, found = harness.create(before)
    assert found.revision == made.revision
    assert found.url == made.url
    harness.end(again, Outcome.UNKNOWN)
    ben = harness.other()
    resumed, taken = ben.take(before)
    assert taken.unfinished is not None
    assert taken.unfinished.candidate == made.revision
    assert ben.create(resumed)[1].revision == made.revision
    assert sum(each.name == made.revision for each in ben.driver.read_state(ben.service).revisions) == 1
    ben.end(release, Outcome.REJECTED, to_blame=True)
    ben.close()


def test_who_takes_over_repairs_first(harness: DriverHarness) -> None:
    first = harness.live()
    dead, _ = harness.create(harness.take(harness.release({"A": "1"}), lasts=0.3)[0])
    harness.move(dead, 50)
    harness.driver.close()
    ben, deadline = harness.other(), time.monotonic() + WITHIN
    drivers = Drivers(ben.clock, None, None, None, ben.driver, ben.urls, None)  # type: ignore[arg-type]
    release = ben.release({"B": "1"})
    while isinstance(held := acquire(drivers, release, ben.holder, ben.progress.append), LeaseRefused):
        assert time.monotonic() < deadline, held.reason
        time.sleep(0.05)
    assert held.release.before.shares() == {first.candidate: 100}
    release, made = ben.create(held.release)
    assert made.ready
    assert ben.traffic()[0][:2] == (first.candidate, 100)
    assert ben.move(release, 100).conflict is None
    ben.end(release)
    assert [(past.id, past.outcome) for past in ben.driver.read_state(ben.service).history[:2]] == [
        (release.id, Outcome.LIVE),
        (dead.id, Outcome.REJECTED),
    ]
    assert not ben.driver.read_state(ben.service).history[1].image_is_to_blame, "its client died"
    ben.close()


def test_interrupted_while_the_candidate_starts(harness: DriverHarness) -> None:
    first = harness.live()
    release, _ = harness.take(harness.release({"BEHAVIOUR": "slow"}))
    stopper = Timer(0.4, harness.clock.stop, ("SIGINT",))
    stopper.start()
    with pytest.raises(Interrupted):
        harness.create(release)
    harness.end(release, Outcome.INTERRUPTED)
    assert harness.traffic() == [(first.candidate, 100, "")]
    assert harness.driver.read_state(harness.service).unfinished is None
