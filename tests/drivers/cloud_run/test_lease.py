"""The lease: one deployer at a time, renewed while it works, taken over when it is not."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Timer

import pytest

from deploy_lib.drivers.interface import DriverError, Drivers, Interrupted
from deploy_lib.drivers.services.service_annotations import lease_of
from deploy_lib.model.journal import LeaseRefused
from deploy_lib.model.outcome import Outcome
from deploy_lib.release.lease import acquire
from tests.drivers.cloud_run.desk import Desk
from tests.waits import WITHIN


def test_of_two_who_start_together_one_proceeds(desk: Desk) -> None:
    desk.live()
    ben, barrier = desk.other(), Barrier(2)

    def take(who: Desk) -> object:
        release = who.release({"A": who.holder})
        barrier.wait(WITHIN)
        return who.take(release)[1]

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(take, (desk, ben)))
    ben.close()
    assert sorted(answer.taken for answer in answers) == [False, True]
    refused = next(answer for answer in answers if not answer.taken)
    winner = next(answer for answer in answers if answer.taken)
    assert (refused.holder, refused.since) == (winner.holder, winner.since)
    assert refused.until is not None


def test_of_two_first_releases_one_creates_the_service(desk: Desk) -> None:
    ben, barrier = desk.other(), Barrier(2)

    def deploy(who: Desk) -> object:
        release = who.take(who.release())[0]
        barrier.wait(WITHIN)
        try:
            return who.create(release)[1]
        except DriverError as problem:
            return problem

    with ThreadPoolExecutor(2) as pool:
        ends = list(pool.map(deploy, (desk, ben)))
    ben.close()
    refused = [end for end in ends if isinstance(end, DriverError)]
    assert len(refused) == 1
    assert refused[0].conflict
    assert "took the service over" in refused[0].reason


def test_renewed_while_working_and_free_when_killed(desk: Desk) -> None:
    desk.live()
    release, taken = desk.take(desk.release({"A": "1"}), lasts=0.6)
    assert taken.taken
    until, deadline = lease_of(desk.read().annotations).until, time.monotonic() + WITHIN
    while lease_of(desk.read().annotations).until <= until:
        assert time.monotonic() < deadline, "never renewed"
        time.sleep(0.02)
    ben = desk.other()
    assert not ben.take(ben.release())[1].taken
    release, _ = desk.create(release)
    desk.move(release, 50)
    desk.driver.close()  # as when the client is killed: nobody renews
    while not (last := ben.take(ben.release({"B": "1"}))[1]).taken:
        assert time.monotonic() < deadline, "never free"
        time.sleep(0.05)
    assert last.unfinished is not None
    assert (last.unfinished.release_id, last.unfinished.candidate) == (release.id, release.candidate)
    assert (last.unfinished.asked, last.unfinished.passed, last.unfinished.percent) == (1, 0, 50)
    assert last.unfinished.before.same_as(release.before)
    with pytest.raises(DriverError, match="ben at desk took the service over") as lost:
        desk.move(release, 100)
    assert lost.value.conflict
    ben.close()


def test_take_over_now(desk: Desk) -> None:
    desk.live()
    desk.take(desk.release({"A": "1"}))
    ben = desk.other()
    assert ben.take(ben.release(), over=True)[1].taken
    ben.close()


def test_hold_and_let_go(desk: Desk) -> None:
    desk.live()
    held = desk.driver.hold(desk.service, "anna", 60, "the fair is on")
    assert held.taken
    ben = desk.other()
    refused = ben.take(ben.release())[1]
    assert (refused.taken, refused.holder) == (False, "anna (on hold: the fair is on)")
    assert desk.driver.hold(desk.service, "anna", 90).taken  # longer
    assert not ben.driver.hold(desk.service, "ben", 90).taken
    assert desk.driver.release_hold(desk.service) == "anna"
    assert desk.driver.release_hold(desk.service) is None
    release, taken = ben.take(ben.release({"A": "1"}))
    assert taken.taken
    with pytest.raises(DriverError, match="is deploying shop"):
        desk.driver.release_hold(desk.service)
    ben.end(release, None)
    ben.close()


def test_same_release_asked_again_finds_its_revision(desk: Desk) -> None:
    desk.live()
    before = desk.take(desk.release({"A": "1"}))[0]
    release, made = desk.create(before)
    again, found = desk.create(before)
    assert found.revision == made.revision
    assert found.url == made.url
    desk.end(again, Outcome.UNKNOWN)
    ben = desk.other()
    resumed, taken = ben.take(before)
    assert taken.unfinished is not None
    assert taken.unfinished.candidate == made.revision
    assert ben.create(resumed)[1].revision == made.revision
    assert sum(each.name == made.revision for each in ben.driver.read_state(ben.service).revisions) == 1
    ben.end(release, Outcome.REJECTED, to_blame=True)
    ben.close()


def test_who_takes_over_repairs_first(desk: Desk) -> None:
    first = desk.live()
    dead, _ = desk.create(desk.take(desk.release({"A": "1"}), lasts=0.3)[0])
    desk.move(dead, 50)
    desk.driver.close()
    ben, deadline = desk.other(), time.monotonic() + WITHIN
    drivers = Drivers(ben.clock, None, None, None, ben.driver, ben.urls)  # type: ignore[arg-type]
    release = ben.release({"B": "1"})
    while isinstance(held := acquire(drivers, release, ben.holder, ben.told.append), LeaseRefused):
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


def test_interrupted_while_the_candidate_starts(desk: Desk) -> None:
    first = desk.live()
    release, _ = desk.take(desk.release({"BEHAVIOUR": "slow"}))
    stopper = Timer(0.4, desk.clock.stop, ("SIGINT",))
    stopper.start()
    with pytest.raises(Interrupted):
        desk.create(release)
    desk.end(release, Outcome.INTERRUPTED)
    assert desk.traffic() == [(first.candidate, 100, "")]
    assert desk.driver.read_state(desk.service).unfinished is None
