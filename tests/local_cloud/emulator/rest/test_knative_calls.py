"""Calls of v1 without their wire: what cannot be read is refused, and nobody's change is written over."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest
from google.cloud import run_v2
from google.longrunning.operations_pb2 import Operation

from deploy_lib.local_cloud.emulator.faults.calls import CallLog
from deploy_lib.local_cloud.emulator.faults.fault import read_fault
from deploy_lib.local_cloud.emulator.faults.fault_queue import FaultQueue
from deploy_lib.local_cloud.emulator.faults.middleware import FaultMiddleware
from deploy_lib.local_cloud.emulator.knative.outgoing import resource_version
from deploy_lib.local_cloud.emulator.profile.gate import Gate
from deploy_lib.local_cloud.emulator.profile.grants import Grants
from deploy_lib.local_cloud.emulator.profile.profile import PRODUCTION, RELAXED, Profile
from deploy_lib.local_cloud.emulator.profile.quotas import QuotaMeter
from deploy_lib.local_cloud.emulator.wire.method import Method
from tests.local_cloud.emulator.rest.v1 import call

SERVICES = "google.cloud.run.v2.Services"
NAME = "projects/p/locations/us-central1/services/shop"


class Shop:
    """Cloud Run v2 with one service, behind faults and a profile, and v1 before both."""

    def __init__(self, profile: Profile = RELAXED) -> None:
        self.service = run_v2.Service(name=NAME, etag="one")
        self.etags: list[str] = []  # of the changes that came through
        self.queue = FaultQueue(threading.Event())
        gate = Gate(profile, QuotaMeter(profile.quotas, lambda: 1.0), Grants(), lambda seconds: None)
        middleware = FaultMiddleware(self.queue, CallLog(lambda: 1.0), gate)
        table: list[tuple[str, Any, Any, Callable[[Any], Any]]] = [
            ("GetService", run_v2.GetServiceRequest, run_v2.Service, lambda request: self.service),
            ("UpdateService", run_v2.UpdateServiceRequest, Operation, self._update),
            ("CreateService", run_v2.CreateServiceRequest, Operation, lambda request: self._begun()),
        ]
        rows = [Method(f"/{SERVICES}/{name}", *row) for name, *row in table]
        self.methods = {row.path: row for row in map(middleware.row, rows)}

    def call(self, verb: str, body: bytes) -> tuple[int, Any]:
        return call(self.methods.values(), verb, "services", body)

    def _update(self, request: run_v2.UpdateServiceRequest) -> Operation:
        self.etags.append(request.service.etag)
        return self._begun()

    def _begun(self) -> Operation:
        operation = Operation()
        operation.metadata.Pack(run_v2.Service.pb(self.service))
        return operation


@pytest.mark.fast
@pytest.mark.parametrize("verb", ["POST", "PUT"])
@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"{", "Invalid JSON payload received. Expecting property name"),
        (b"[]", "Root element must be a message."),
        (b"[" * 100_000, "Invalid JSON payload received. maximum recursion depth"),
        (b'{"metadata": "shop"}', "Invalid value at 'service.metadata' (a message), 'shop'."),
        (b'{"metadata": {"labels": 7}}', "Invalid value at 'service.metadata.labels'"),
        (b'{"metadata": {"annotations": {"run.googleapis.com/description": "\\ud800"}}}', "surrogates not allowed"),
        (b'{"spec": {"template": {"spec": {"timeoutSeconds": 1e999}}}}', "timeoutSeconds' (TYPE_INT32), inf."),
    ],
    ids=lambda value: "" if isinstance(value, bytes) else value,
)
def test_a_body_that_cannot_be_read_is_an_invalid_argument(verb: str, body: bytes, words: str) -> None:
    status, told = Shop().call(verb, body)
    assert (status, told["error"]["status"], words in told["error"]["message"]) == (400, "INVALID_ARGUMENT", True), told


@pytest.mark.fast
@pytest.mark.parametrize(("profile", "fault"), [(RELAXED, False), (PRODUCTION, False), (RELAXED, True)])
def test_what_is_written_meanwhile_is_not_written_over(profile: Profile, fault: bool) -> None:
    """v1 compares, then writes: the etag of what it compared goes with the write, also where v2 ignores etags."""
    shop = Shop(profile)
    if fault:
        shop.queue.add([read_fault({"method": f"{SERVICES}/UpdateService", "etag_ignored": True})])
    version = resource_version(shop.service)
    assert shop.call("PUT", json.dumps({"metadata": {"resourceVersion": version}}).encode())[0] == 200
    assert shop.etags == ["one"]
    status, told = shop.call("PUT", b'{"metadata": {"resourceVersion": "of before"}}')
    assert (status, told["error"]["status"], shop.etags) == (409, "ABORTED", ["one"])


@pytest.mark.fast
@pytest.mark.parametrize(
    ("profile", "fault", "etag"), [(RELAXED, False, "old"), (PRODUCTION, False, ""), (RELAXED, True, "")]
)
def test_an_etag_of_v2_is_ignored_by_the_profile_or_a_fault(profile: Profile, fault: bool, etag: str) -> None:
    shop = Shop(profile)
    if fault:
        shop.queue.add([read_fault({"method": f"{SERVICES}/UpdateService", "etag_ignored": True})])
    request = run_v2.UpdateServiceRequest(service=run_v2.Service(name=NAME, etag="old"))
    shop.methods[f"/{SERVICES}/UpdateService"].answer(request)
    assert (shop.etags, request.service.etag) == ([etag], "old")
