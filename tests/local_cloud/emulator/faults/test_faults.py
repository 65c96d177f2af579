"""Scripted faults, each kind met by Google's own clients, and the record of what was called."""

from __future__ import annotations

import time
from collections.abc import Iterator
from threading import Event

import httpx
import pytest
from google.api_core import exceptions
from google.cloud.secretmanager_v1 import SecretManagerServiceClient

from deploy_lib.local_cloud.emulator.faults.fault import CODES, BadFault, Fault, read_fault
from deploy_lib.local_cloud.emulator.faults.fault_queue import FaultQueue
from tests.cloud import LocalCloud
from tests.local_cloud.emulator import clients
from tests.waits import WITHIN

SERVICE = "google.cloud.secretmanager.v1.SecretManagerService"
GET = f"{SERVICE}/GetSecret"


@pytest.fixture(scope="module")
def client(cloud: LocalCloud) -> Iterator[SecretManagerServiceClient]:
    with cloud.channel() as channel:
        yield clients.secrets(channel)


@pytest.fixture
def secret(cloud: LocalCloud, client: SecretManagerServiceClient) -> Iterator[str]:
    """A secret's name; the test's faults are cleared behind it."""
    made = client.create_secret(
        parent="projects/faults", secret_id=cloud.name("s"), secret={"replication": {"automatic": {}}}
    )
    yield made.name
    cloud.clear_faults()


def get(client: SecretManagerServiceClient, secret: str) -> str:
    """The label `n`; asked once, whatever the client's own policy is."""
    return client.get_secret(name=secret, retry=None, timeout=WITHIN).labels.get("n", "")


@pytest.mark.parametrize("code", sorted(CODES))
def test_every_code_reaches_the_client(
    cloud: LocalCloud, client: SecretManagerServiceClient, secret: str, code: str
) -> None:
    cloud.faults({"method": GET, "code": code, "message": f"because of {code}"})
    with pytest.raises(exceptions.GoogleAPICallError, match=f"because of {code}") as caught:
        get(client, secret)
    assert caught.value.grpc_status_code.name == code
    get(client, secret)


def test_a_fault_comes_after_some_calls_and_so_often(
    cloud: LocalCloud, client: SecretManagerServiceClient, secret: str
) -> None:
    cloud.faults({"method": f"{SERVICE}/Get*", "code": "ABORTED", "skip": 1, "times": 2})
    outcomes = []
    for _ in range(5):
        try:
            get(client, secret)
            outcomes.append("ok")
        except exceptions.Aborted:
            outcomes.append("aborted")
    assert outcomes == ["ok", "aborted", "aborted", "ok", "ok"]
    assert cloud.fired() == [2]


def test_a_fault_may_last_for_ever_and_others_wait_their_turn(
    cloud: LocalCloud, client: SecretManagerServiceClient, secret: str
) -> None:
    cloud.faults({"method": GET, "code": "NOT_FOUND"}, {"method": GET, "code": "UNAVAILABLE", "times": 0})
    with pytest.raises(exceptions.NotFound):
        get(client, secret)
    for _ in range(4):
        with pytest.raises(exceptions.ServiceUnavailable):
            get(client, secret)
    assert cloud.fired() == [1, 4]


def test_the_client_is_told_when_to_come_again(
    cloud: LocalCloud, client: SecretManagerServiceClient, secret: str
) -> None:
    cloud.faults({"method": GET, "code": "RESOURCE_EXHAUSTED", "retry_delay": 1.5})
    with pytest.raises(exceptions.ResourceExhausted) as caught:
        get(client, secret)
    (info,) = caught.value.details
    assert (info.retry_delay.seconds, info.retry_delay.nanos) == (1, 500_000_000)


def test_a_delay_makes_the_client_give_up_though_the_effect_comes(
    cloud: LocalCloud, client: SecretManagerServiceClient, secret: str
) -> None:
    cloud.faults({"method": f"{SERVICE}/AddSecretVersion", "delay": 0.4, "after": True})
    with pytest.raises(exceptions.DeadlineExceeded):
        client.add_secret_version(parent=secret, payload={"data": b"x"}, timeout=0.2, retry=None)
    assert len(list(client.list_secret_versions(parent=secret))) == 1


def test_a_delay_alone_only_takes_time(cloud: LocalCloud, client: SecretManagerServiceClient, secret: str) -> None:
    cloud.faults({"method": GET, "delay": 0.3})
    started = time.monotonic()
    get(client, secret)
    assert time.monotonic() - started >= 0.3


def test_a_lost_answer_leaves_the_effect(cloud: LocalCloud, client: SecretManagerServiceClient, secret: str) -> None:
    before = cloud.last_call()
    cloud.faults({"method": f"{SERVICE}/AddSecretVersion", "after": True})
    with pytest.raises(exceptions.ServiceUnavailable):
        client.add_secret_version(parent=secret, payload={"data": b"x"}, retry=None)
    assert len(list(client.list_secret_versions(parent=secret))) == 1
    added, listed = cloud.call_records(before)
    assert (added["method"], added["code"], added["fault"]) == (f"{SERVICE}/AddSecretVersion", "UNAVAILABLE", True)
    assert (listed["method"], listed["code"], listed["fault"]) == (f"{SERVICE}/ListSecretVersions", "OK", False)
    assert added["number"] < listed["number"] and added["at"] <= listed["at"]


def test_an_old_answer_is_one_the_client_got_before_the_last_write(
    cloud: LocalCloud, client: SecretManagerServiceClient, secret: str
) -> None:
    cloud.faults({"method": f"{SERVICE}/ListSecretVersions", "stale": True})

    def count() -> int:
        return len(client.list_secret_versions({"parent": secret}).versions)

    assert count() == 0
    client.add_secret_version(parent=secret, payload={"data": b"x"})
    assert [count(), count()] == [0, 1]
    cloud.faults({"method": f"{SERVICE}/GetSecretVersion", "stale": True})
    assert client.get_secret_version(name=f"{secret}/versions/1").state.name == "ENABLED"
    assert cloud.fired() == [1, 0]  # it was never asked before, so there is nothing old to tell


def test_storage_has_its_faults_too(cloud: LocalCloud) -> None:
    bucket = clients.buckets(cloud).create_bucket(cloud.name("bucket"))
    blob = bucket.blob("lease")
    cloud.faults(
        {"method": "storage.objects.insert", "code": "UNAVAILABLE", "after": True},
        {"method": "storage.objects.get", "code": "PERMISSION_DENIED"},
    )
    # The client repeats by itself what the lost answer has done already.
    with pytest.raises(exceptions.PreconditionFailed):
        blob.upload_from_string("mine", if_generation_match=0)
    with pytest.raises(exceptions.Forbidden):
        blob.download_as_bytes()
    assert blob.download_as_bytes() == b"mine"
    assert cloud.calls()[-4:].count("storage.objects.get") == 2
    cloud.clear_faults()


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        ([1], "not int"),
        ({"code": "UNAVAILABLE"}, "names its method"),
        ({"method": "*"}, "would do nothing"),
        ({"method": GET, "lost": True}, "lost is for logging.sinks.requests and monitoring.points.requests"),
        ({"method": "logging.sinks.requests", "code": "ABORTED"}, "all it takes is lost or delay"),
        ({"method": "monitoring.points.requests", "delay": 1}, "all it takes is lost"),
        ({"method": "*", "code": "TEAPOT"}, "TEAPOT"),
        ({"method": "*", "code": "OK"}, "'OK'"),
        ({"method": "*", "code": "ABORTED", "tiems": 2}, "unknown key 'tiems'"),
        ({"method": "*", "code": "ABORTED", "times": -1}, "times is -1"),
        ({"method": "*", "code": "ABORTED", "times": True}, "times is True"),
        ({"method": "*", "code": "ABORTED", "delay": "1s"}, "number of seconds"),
        ({"method": "*", "stale": True, "code": "ABORTED"}, "stale"),
        ({"method": GET, "etag_ignored": True}, "etag_ignored is for google.cloud.run.v2.Services/UpdateService, "),
        (
            {"method": "google.cloud.run.v2.*/Delete*", "etag_ignored": True, "code": "ABORTED"},
            "does not go with a code",
        ),
    ],
)
def test_a_fault_that_cannot_be_meant_is_refused(cloud: LocalCloud, fault: object, why: str) -> None:
    answer = httpx.post(f"{cloud.http}/_local/faults", json=fault, trust_env=False)
    assert answer.status_code == 400 and why in answer.json()["error"]
    assert httpx.get(f"{cloud.http}/_local/faults", trust_env=False).json() == {"faults": []}


def test_bad_control_requests_are_told(cloud: LocalCloud) -> None:
    assert httpx.post(f"{cloud.http}/_local/faults", content=b"{", trust_env=False).status_code == 400
    assert httpx.get(f"{cloud.http}/_local/calls?after=x", trust_env=False).status_code == 400


def test_one_fault_at_a_time_and_both_count() -> None:
    script = FaultQueue(Event())
    script.add([Fault("a/B", code="ABORTED", skip=1), Fault("a/*", code="INTERNAL", times=1)])
    met = [script.meet("a/B") for _ in range(3)]
    assert [fault.code if fault else "" for fault in met] == ["INTERNAL", "ABORTED", ""]


def test_after_alone_means_unavailable() -> None:
    assert read_fault({"method": "a/B", "after": True}).code == "UNAVAILABLE"
    with pytest.raises(BadFault):
        read_fault("a/B")


def test_what_the_platform_writes_meets_only_faults_that_name_it() -> None:
    sink = "logging.sinks.requests"
    assert not Fault("*", code="ABORTED").matches(sink)
    assert Fault(sink, lost=True).matches(sink)
