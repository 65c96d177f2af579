"""Several deployers of one service, machines that slept, clocks that are wrong: never two at work, no change undone.

Each story is told twice: where Cloud Run refuses a stale etag, and where it takes one, as its v2 was seen to do.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from google.cloud import run_v2

from deploy_lib.drivers.clock import SystemClock
from deploy_lib.drivers.interface import DriverError
from deploy_lib.drivers.policy import Calls
from deploy_lib.drivers.services import service_annotations
from deploy_lib.drivers.services.api import RunApi
from deploy_lib.drivers.services.knative import KnativeApi
from deploy_lib.drivers.services.lease_objects import LeaseObject, LeaseObjects
from deploy_lib.drivers.services.service_writer import ServiceWriter
from deploy_lib.drivers.services.traffic import spec_traffic, targets
from deploy_lib.model.answers import LeaseTaken
from deploy_lib.model.release import Release
from tests.cloud import LocalCloud
from tests.drivers.cloud_run.driver_harness import DriverHarness
from tests.rehearsal.clocks import Later
from tests.waits import WITHIN, until

UPDATE = "google.cloud.run.v2.Services/UpdateService"
MINUTES = 60.0


@pytest.fixture(params=["enforced", "ignored"], autouse=True)
def etags(request: pytest.FixtureRequest, cloud: LocalCloud) -> Iterator[None]:
    if request.param == "ignored":
        cloud.faults({"method": UPDATE, "etag_ignored": True, "times": 0})
    yield
    cloud.clear_faults()


def runs_out(harness: DriverHarness) -> None:
    """As if its holder had slept for so long."""
    objects, where = LeaseObjects(Calls(harness.clients, harness.clock)), LeaseObject.of(harness.service)
    found = objects.read(where)
    assert found is not None
    assert objects.write(harness.service, found.lease, -10.0, found.generation) is not None


def writer(harness: DriverHarness) -> ServiceWriter:
    calls = Calls(harness.clients, harness.clock)
    return ServiceWriter(RunApi(calls), KnativeApi(calls), harness.clock)


@pytest.mark.parametrize("first", [False, True], ids=["a service", "a first release"])
def test_of_five_with_wrong_clocks_one_proceeds(harness: DriverHarness, first: bool) -> None:
    if not first:
        harness.live()
    minutes = [-5.0, -2.0, 0.0, 2.0, 5.0]
    people = [harness.other(f"deployer {each}", Later(each * MINUTES)) for each in minutes]
    barrier = Barrier(len(people))

    def take(who: DriverHarness) -> LeaseTaken:
        barrier.wait(WITHIN)
        return who.take(who.release())[1]

    with ThreadPoolExecutor(len(people)) as pool:
        answers = list(pool.map(take, people))
    assert sorted(answer.taken for answer in answers) == [False] * 4 + [True]
    [winner] = [answer for answer in answers if answer.taken]
    assert {answer.holder for answer in answers} == {winner.holder}
    late = harness.other("late", Later(9 * MINUTES))
    assert not late.take(late.release())[1].taken, "it lasts by Storage's clock"
    for each in (*people, late):
        each.close()


def test_of_five_who_have_no_bucket_one_proceeds_and_is_noticed_when_it_is_taken_over(
    harness: DriverHarness, cloud: LocalCloud
) -> None:
    """The lease is in the service's annotations alone, and clocks are wrong."""
    first = harness.live()
    denied = ("objects.get", "objects.insert", "buckets.get", "buckets.insert", "buckets.list")
    cloud.faults(*({"method": f"storage.{each}", "code": "PERMISSION_DENIED", "times": 0} for each in denied))
    minutes = [-5.0, -2.0, 0.0, 2.0, 5.0]
    people = [harness.other(f"deployer {each}", Later(each * MINUTES)) for each in minutes]
    barrier = Barrier(len(people))

    def take(who: DriverHarness) -> tuple[Release, LeaseTaken]:
        barrier.wait(WITHIN)
        return who.take(who.release({"A": who.holder}))

    with ThreadPoolExecutor(len(people)) as pool:
        answers = list(pool.map(take, people))
    [(winner, (release, taken))] = [each for each in zip(people, answers, strict=True) if each[1][1].taken]
    assert {answer.holder for _, answer in answers} == {taken.holder} and "storage.objects" in taken.unguarded
    release, _ = winner.create(release)
    other = next(each for each in people if each is not winner)
    over, its = other.take(other.release({"B": "1"}), over=True)
    assert its.taken
    with pytest.raises(DriverError, match=f"{other.holder} took the service over") as lost:
        winner.move(release, 100)
    assert lost.value.conflict and harness.traffic()[0][:2] == (first.candidate, 100)
    over, _ = other.create(over)
    assert other.move(over, 100).conflict is None
    assert spec_traffic(harness.read()).shares() == {over.candidate: 100}
    for each in people:
        each.close()


def test_who_slept_promotes_nothing_over_the_next(harness: DriverHarness) -> None:
    first = harness.live()
    sleeper, _ = harness.take(harness.release({"A": "1"}))
    sleeper, _ = harness.create(sleeper)
    runs_out(harness)
    ben = harness.other()
    release, taken = ben.take(ben.release({"B": "1"}))
    assert taken.taken
    with pytest.raises(DriverError, match="ben at laptop took the service over") as lost:
        harness.move(sleeper, 100)
    assert lost.value.conflict
    assert harness.traffic()[0][:2] == (first.candidate, 100)
    release, _ = ben.create(release)
    assert ben.move(release, 100).conflict is None
    ben.end(release)
    assert not harness.restore(sleeper).complete
    assert harness.traffic()[0][:2] == (release.candidate, 100)
    ben.close()


def test_who_slept_and_was_not_missed_goes_on(harness: DriverHarness) -> None:
    harness.live()
    release, _ = harness.create(harness.take(harness.release({"A": "1"}))[0])
    runs_out(harness)
    assert harness.move(release, 100).conflict is None
    ben = harness.other()
    assert not ben.take(ben.release())[1].taken, "it was renewed"
    harness.end(release)
    assert ben.take(ben.release())[1].taken
    ben.close()


def test_what_is_changed_between_reading_and_writing_is_not_written_over(harness: DriverHarness) -> None:
    """By somebody at the console, in the very moment of a promotion."""
    old = harness.live()
    new, _ = harness.create(harness.take(harness.release({"A": "1"}))[0])
    ben, seen = harness.other(), list[dict[str, int]]()
    half = harness.target(new, 50)

    def at_the_console(service: run_v2.Service) -> list[str]:
        service.traffic = targets(half)
        return ["traffic"]

    def edit(service: run_v2.Service) -> list[str]:
        if not seen:
            writer(ben).write(ben.service.path, at_the_console, "change the traffic")
        seen.append(spec_traffic(service).shares())
        if len(seen) == 1:
            service.traffic = targets(harness.target(new, 100))
            return ["traffic"]
        return []

    writer(harness).write(harness.service.path, edit, "move the traffic")
    assert seen == [{old.candidate: 100}, half.shares()]
    assert spec_traffic(harness.read()).shares() == half.shares()
    ben.close()


def test_a_promotion_changes_nothing_but_the_traffic(harness: DriverHarness) -> None:
    harness.live({"A": "1", "B": "two words"})
    release, _ = harness.create(harness.take(harness.release({"A": "2"}))[0])

    def decorate(service: run_v2.Service) -> list[str]:
        service.description, service.labels["team"] = "a shop", "x"
        service.annotations["own.example/a"] = "b"
        service.scaling.min_instance_count = 1
        return ["description", "labels", "annotations", "scaling"]

    writer(harness).write(harness.service.path, decorate, "decorate")
    until(lambda: not harness.read().reconciling)
    before, count = harness.read(), len(harness.driver.read_state(harness.service).revisions)
    assert harness.move(release, 50).conflict is None
    after = harness.read()
    assert spec_traffic(after).shares()[release.candidate or ""] == 50
    assert len(harness.driver.read_state(harness.service).revisions) == count
    ours = {service_annotations.LEASE, service_annotations.RELEASE}
    for service in (before, after):
        for name in ("traffic", "traffic_statuses", "terminal_condition", "conditions", "last_modifier"):
            setattr(service, name, None)
        for name in ("etag", "generation", "observed_generation", "update_time"):
            setattr(service, name, None)
        for name in ours:
            service.annotations.pop(name)
    assert before == after


def test_a_service_that_v1_has_no_words_for_is_written_by_v2(harness: DriverHarness) -> None:
    harness.live()
    release, _ = harness.create(harness.take(harness.release({"A": "1"}))[0])

    def guarded(service: run_v2.Service) -> list[str]:
        service.binary_authorization.policy = "projects/p/platforms/cloudRun/policies/x"
        return ["binary_authorization"]

    writer(harness).write(harness.service.path, guarded, "set a policy")
    assert harness.move(release, 100).conflict is None
    assert harness.read().binary_authorization.policy.endswith("/x")


def test_an_earlier_version_at_work_is_seen_and_sees_this_one(harness: DriverHarness) -> None:
    """It knows of no object: its lease is an annotation, judged by its own times, and without a key that is new."""
    harness.live()
    release, _ = harness.take(harness.release())
    ours = service_annotations.lease_of(harness.read().annotations)
    assert ours is not None and ours.holder == harness.holder
    assert (ours.until - SystemClock().now()).total_seconds() > 50 * MINUTES, "while nothing renews it"
    harness.end(release, None)
    assert not {service_annotations.LEASE, service_annotations.LEASE_OBJECT} & {*harness.read().annotations}
    now = SystemClock().now()

    def earlier(service: run_v2.Service) -> list[str]:
        lease = service_annotations.Lease("ann at work", "t", now, now.replace(year=now.year + 1), "r")
        annotations = service_annotations.with_lease(service.annotations, lease)
        service.annotations.clear()
        service.annotations.update(annotations)
        return ["annotations"]

    writer(harness).write(harness.service.path, earlier, "as an earlier version")
    refused = harness.take(harness.release())[1]
    assert (refused.taken, refused.holder) == (False, "ann at work")
    objects = LeaseObjects(Calls(harness.clients, harness.clock))
    assert objects.read(LeaseObject.of(harness.service)) is None, "it keeps nobody waiting"
