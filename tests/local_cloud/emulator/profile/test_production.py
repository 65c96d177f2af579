"""A local cloud in the production profile, asked by Google's own clients."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime

import httpx
import pytest
from google.api.monitored_resource_pb2 import MonitoredResource
from google.api_core import exceptions
from google.cloud.logging_v2.types import LogEntry
from google.cloud.run_v2 import Container, RevisionTemplate, Service

from tests.cloud import LocalCloud
from tests.engine_store import shared_store
from tests.local_cloud.emulator import clients
from tests.waits import WITHIN, until

PARENT = "projects/strict/locations/us-central1"


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    arguments = ("--profile", "production")
    store = shared_store(tmp_path_factory)
    with LocalCloud(tmp_path_factory.mktemp("strict"), store=store, time_scale=0.1, arguments=arguments) as cloud:
        yield cloud


def test_calls_take_their_time_and_a_stale_etag_stops_nobody(strict: LocalCloud) -> None:
    with strict.channel() as channel:
        services = clients.services(channel)
        service = Service(template=RevisionTemplate(containers=[Container(image="absent")]))
        services.create_service(parent=PARENT, service_id="stale", service=service)
        name = f"{PARENT}/services/stale"
        until(lambda: not services.get_service(name=name).reconciling)
        began = time.monotonic()
        old = services.get_service(name=name)
        assert time.monotonic() - began >= 0.015
        for who in ("one", "two"):
            changed = Service(name=name, etag=old.etag, labels={"who": who})
            services.update_service(service=changed, update_mask="labels")
        assert services.get_service(name=name).labels["who"] == "two"


def test_etags_may_be_enforced_in_it(tmp_path_factory: pytest.TempPathFactory) -> None:
    arguments, store = ("--profile", "production", "--etags", "enforced"), shared_store(tmp_path_factory)
    state = tmp_path_factory.mktemp("exact")
    with LocalCloud(state, store=store, arguments=arguments) as cloud, cloud.channel() as channel:
        services = clients.services(channel)
        service = Service(template=RevisionTemplate(containers=[Container(image="absent")]))
        services.create_service(parent=PARENT, service_id="exact", service=service)
        stale = Service(name=f"{PARENT}/services/exact", etag='"of before"', labels={"who": "one"})
        with pytest.raises(exceptions.Aborted, match="Conflict for resource 'exact'"):
            services.update_service(service=stale, update_mask="labels")


def test_a_caller_without_the_role_is_refused_in_googles_words(strict: LocalCloud) -> None:
    usual = httpx.get(f"{strict.http}/_local/grants", trust_env=False).json()
    httpx.put(f"{strict.http}/_local/grants", json={"roles/run.viewer": ["allUsers"]}, trust_env=False)
    with strict.channel() as channel:
        list(clients.services(channel).list_services(parent=PARENT))
        with pytest.raises(exceptions.PermissionDenied, match="delete' denied on resource") as refused:
            clients.services(channel).delete_service(name=f"{PARENT}/services/none")
        assert refused.value.reason == "IAM_PERMISSION_DENIED"
    with pytest.raises(exceptions.Forbidden, match="buckets"):
        clients.buckets(strict).create_bucket("none")
    answer = httpx.put(f"{strict.http}/_local/grants", json=usual, trust_env=False, timeout=WITHIN)
    assert answer.json() == usual


def test_a_log_entry_is_late(strict: LocalCloud) -> None:
    """By 5 to 20 s times the time scale of 0.1."""
    with strict.channel() as channel:
        logs, log = clients.logs(channel), "projects/strict/logs/late"
        entry = LogEntry(log_name=log, text_payload="here", resource=MonitoredResource(type="global"))
        logs.write_log_entries(entries=[entry])
        began = datetime.now(UTC)
        (entry,) = until(lambda: list(logs.list_log_entries({"resource_names": ["projects/strict"], "filter": log})))
        assert 0.4 < (entry.receive_timestamp - entry.timestamp).total_seconds() < 2.5
        assert entry.timestamp < began
