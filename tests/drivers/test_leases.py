"""Leases in a bucket whose name somebody else has taken: bucket names are global, and the usual one can be guessed."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud import run_v2

from deploy_lib.cli.status import lease_words
from deploy_lib.drivers.call_budget import Budgets
from deploy_lib.drivers.endpoints import Endpoints
from deploy_lib.drivers.interface import DriverError
from deploy_lib.drivers.json_api import JsonAnswer
from deploy_lib.drivers.policy import Calls
from deploy_lib.drivers.services.lease_objects import LeaseObjects
from deploy_lib.drivers.services.leases import Leases
from deploy_lib.drivers.services.other_leases import OtherLeases
from deploy_lib.drivers.services.release_record import Lease
from deploy_lib.drivers.services.service_annotations import with_lease
from deploy_lib.model.program import PROGRAM
from deploy_lib.model.service import JobTarget, Service
from tests.drivers.clocks import FakeClock

SHOP = Service("shop", "p-staging", "us-central1", "shop", "us-central1-docker.pkg.dev/p-staging/services")
AT = datetime(2026, 3, 2, 12, tzinfo=UTC)
LIVE = {
    "updated": AT.isoformat(),
    "generation": "7",
    "metadata": {
        "holder": "a stranger", "token": "t", "since": AT.isoformat(), "lasts": "600", "release": "r", "why": "",
    },
}  # fmt: skip
DENIED = exceptions.Forbidden("ci does not have storage.objects.get access to the Google Cloud Storage object.")
SQUATTED = "the bucket gs://p-staging_cloudbuild belongs to another project, so nothing is kept in it"


@dataclass
class Storage:
    """One bucket, `ours` or another project's, and what it answers who reads a lease there."""

    ours: bool
    lease: dict[str, Any] | Exception
    written: list[str] = field(default_factory=list)

    def ask(self, verb: str, host: str, path: str, **more: Any) -> JsonAnswer:
        if verb == "GET" and isinstance(self.lease, Exception):
            raise self.lease
        if verb == "GET":
            assert isinstance(self.lease, dict)
            return JsonAnswer(self.lease, AT)
        self.written.append(path)
        raise exceptions.Forbidden("x")

    def list_buckets(self, prefix: str, **more: Any) -> list[Any]:
        return [SimpleNamespace(name=prefix)] if self.ours else []

    def create_bucket(self, name: str, **more: Any) -> None:
        raise exceptions.Conflict("The requested bucket name is not available.")

    def leases(self) -> Leases:
        return self.both()[0]

    def others(self) -> OtherLeases:
        return self.both()[1]

    def both(self) -> tuple[Leases, OtherLeases]:
        clients: Any = SimpleNamespace(
            json_api=SimpleNamespace(ask=self.ask, told=AT), storage=self, endpoints=Endpoints(), budgets=Budgets(),
            project="p-staging", program=PROGRAM, principal=None, counted_in=None,
        )  # fmt: skip
        writer: Any = None
        clock = FakeClock()
        objects = LeaseObjects(Calls(clients, clock))
        leases = Leases(writer, objects, clock)
        return leases, OtherLeases(leases, objects)


@pytest.mark.parametrize(
    ("ours", "lease", "holder", "told"),
    [
        (True, LIVE, "a stranger", ""),
        (False, LIVE, None, SQUATTED),
        (False, DENIED, None, SQUATTED),
        (True, DENIED, None, "lacks the permission storage.objects.get"),
        (False, exceptions.NotFound("x"), None, SQUATTED),
    ],
    ids=("ours", "a stranger writes there", "it may not be read", "ours may not be read", "it is empty"),
)
def test_whoever_owns_the_name_says_nothing_about_who_deploys(
    ours: bool, lease: dict[str, Any] | Exception, holder: str | None, told: str
) -> None:
    """The release goes on with the service's own record, and says why."""
    storage = Storage(ours, lease)
    leases = storage.leases()
    leases.new(SHOP, "ann", 600.0, "r-1")
    taken = leases.take(SHOP.path, over=False)
    assert (taken.holder if taken else None) == holder
    assert told in leases.unguarded(SHOP.path) and bool(told) == bool(leases.unguarded(SHOP.path))
    assert storage.written == []


@pytest.mark.parametrize(("ours", "holder"), [(True, "a stranger"), (False, None)])
def test_it_makes_no_service_look_busy(ours: bool, holder: str | None) -> None:
    found = Storage(ours, LIVE).others().holder(SHOP, None)
    assert (found.holder if found else None) == holder


def ended(token: str) -> dict[str, Any]:
    """A lease of 20 seconds that Storage calls over."""
    written = AT - timedelta(seconds=60)
    told = {"holder": "ann", "token": token, "since": written.isoformat(), "lasts": "20", "release": "r", "why": ""}
    return {"updated": written.isoformat(), "generation": "7", "metadata": told}


@pytest.mark.parametrize(
    ("stored", "told"),
    [
        (ended("t"), "expired at 11:59:20 UTC; it was ann's"),
        (ended("another"), "expired; it was ann's"),
        (exceptions.NotFound("x"), "expired; it was ann's"),
    ],
    ids=("its object", "another's object", "no object"),
)
def test_an_ended_lease_is_told_with_the_end_of_its_object(stored: dict[str, Any] | Exception, told: str) -> None:
    """The annotation beside an object counts for an hour, for those who know of no object: no end of the lease."""
    annotation = Lease("ann", "t", AT - timedelta(seconds=60), AT + timedelta(hours=1), "r")
    where = "gs://p-staging_cloudbuild/deploy-to-gcp/leases/p-staging/us-central1/shop"
    service = run_v2.Service(annotations=with_lease({}, annotation, where))
    state = Storage(True, stored).others().state(SHOP, service)
    assert state is not None and state.expired
    assert lease_words(state, AT) == told


@pytest.mark.parametrize("problem", [DENIED, exceptions.BadRequest("x")], ids=("with a remedy", "without one"))
def test_one_that_cannot_be_read_is_told_with_the_command_that_takes_over(problem: Exception) -> None:
    where = "gs://p-staging_cloudbuild/deploy-to-gcp/leases/p-staging/us-central1/shop"
    service = run_v2.Service(annotations=with_lease({}, Lease("ann", "t", AT, AT + timedelta(hours=1), "r"), where))
    with pytest.raises(DriverError) as unknown:
        Storage(True, problem).others().other(SHOP.path, service)
    remedy = unknown.value.remedy
    assert not remedy.startswith(";") and PROGRAM.command("rollback", "--force") in remedy, remedy


def test_of_a_job_nothing_but_the_object_tells_who_releases_it() -> None:
    """So where that may not be read nobody knows, and it does not count as nobody; of a service its record tells."""
    others = Storage(True, DENIED).others()
    with pytest.raises(DriverError) as unknown:
        others.holder(replace(SHOP, job=JobTarget()), None)
    assert "whether somebody else releases the job shop" in unknown.value.reason
    assert "storage.objects.get" in unknown.value.reason and unknown.value.remedy
    assert others.holder(SHOP, None) is None
    assert Storage(True, exceptions.NotFound("x")).others().holder(replace(SHOP, job=JobTarget()), None) is None
