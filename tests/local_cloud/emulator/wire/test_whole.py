"""All services together: what was built is deployed, asked, logged and measured, and fails on demand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from google.api_core import exceptions
from google.cloud.monitoring_v3 import Aggregation, ListTimeSeriesRequest, TimeInterval
from google.cloud.run_v2 import (
    Container,
    EnvVar,
    RevisionTemplate,
    Service,
    ServicesClient,
    TrafficTarget,
    TrafficTargetAllocationType,
)
from google.longrunning.operations_pb2 import GetOperationRequest, Operation

from tests.cloud import LocalCloud
from tests.local_cloud.emulator import clients
from tests.local_cloud.emulator.processes import LOOPBACK, listening
from tests.local_cloud.emulator.subject_image import push_subject
from tests.waits import WITHIN, until

PROJECT = "whole"
PARENT = f"projects/{PROJECT}/locations/us-central1"
SERVICES = "google.cloud.run.v2.Services"


class Shop:
    def __init__(self, cloud: LocalCloud) -> None:
        self.cloud, self.channel = cloud, cloud.channel()
        self.client: ServicesClient = clients.services(self.channel)
        self.logs, self.metrics = clients.logs(self.channel), clients.metrics(self.channel)
        self.image = push_subject(cloud, PROJECT)
        self.name = self.deploy("shop", "serve")

    def deploy(self, service_id: str, behaviour: str) -> str:
        """The new service's name when its operation has ended, well or not."""
        container = Container(image=self.image, env=[EnvVar(name="BEHAVIOUR", value=behaviour)])
        revision = f"{service_id}-first"
        kind = TrafficTargetAllocationType.TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION
        service = Service(
            template=RevisionTemplate(revision=revision, containers=[container]),
            traffic=[TrafficTarget(type_=kind, revision=revision, percent=100)],
        )
        started = self.client.create_service(parent=PARENT, service=service, service_id=service_id)
        self.ended = self.wait(started.operation.name)
        return f"{PARENT}/services/{service_id}"

    def wait(self, name: str) -> Operation:
        path = "/google.longrunning.Operations/GetOperation"
        get = self.channel.unary_unary(path, GetOperationRequest.SerializeToString, Operation.FromString)

        def ended() -> Operation | None:
            operation = get(GetOperationRequest(name=name), timeout=WITHIN)
            return operation if operation.done else None

        return until(ended)

    def lines(self, query: str) -> list[str]:
        found = self.logs.list_log_entries({"resource_names": [f"projects/{PROJECT}"], "filter": query})
        return [entry.text_payload or dict(entry.json_payload).get("message", "") for entry in found]


@pytest.fixture(scope="module")
def shop(cloud: LocalCloud) -> Iterator[Shop]:
    shop = Shop(cloud)
    yield shop
    shop.client.delete_service(name=shop.name)
    shop.channel.close()


def test_requests_reach_the_application_its_log_and_its_figures(shop: Shop) -> None:
    service = shop.client.get_service(name=shop.name)
    before = datetime.now(UTC) - timedelta(seconds=10)
    with httpx.Client(base_url=service.uri, trust_env=False) as browser:
        answers = [browser.get(path).status_code for path in ("/", "/", "/", "/fail")]
    assert answers == [200, 200, 200, 500]
    assert shop.lines(f'logName="projects/{PROJECT}/logs/run.googleapis.com%2Fstdout" severity=NOTICE') == ["starting"]
    query = 'log_id("run.googleapis.com/requests") httpRequest.status=500 resource.labels.service_name="shop"'
    (entry,) = shop.logs.list_log_entries({"resource_names": [f"projects/{PROJECT}"], "filter": query})
    assert entry.resource.labels["revision_name"] == "shop-first"
    assert entry.http_request.request_url.endswith("/fail")

    def counted() -> dict[str, int] | None:
        series = shop.metrics.list_time_series(
            ListTimeSeriesRequest(
                name=f"projects/{PROJECT}",
                filter='metric.type="run.googleapis.com/request_count" AND resource.labels.revision_name="shop-first"',
                interval=TimeInterval(start_time=before, end_time=datetime.now(UTC)),
                aggregation=Aggregation(
                    alignment_period=timedelta(seconds=600),
                    per_series_aligner=Aggregation.Aligner.ALIGN_DELTA,
                    cross_series_reducer=Aggregation.Reducer.REDUCE_SUM,
                    group_by_fields=["metric.labels.response_code_class"],
                ),
            )
        )
        counts = {one.metric.labels["response_code_class"]: one.points[0].value.int64_value for one in series}
        return counts if sum(counts.values()) >= 4 else None

    assert until(counted) == {"2xx": 3, "5xx": 1}


def test_nothing_of_it_listens_beyond_loopback(shop: Shop) -> None:
    found = listening(shop.cloud.pid)
    assert found and found <= LOOPBACK


def test_a_crash_at_start_is_told_by_operation_condition_and_log(shop: Shop) -> None:
    name = shop.deploy("crasher", "crash")
    assert shop.ended.error.code == 9
    assert "failed to start and listen on the port" in shop.ended.error.message
    condition = shop.client.get_service(name=name).terminal_condition
    assert condition.state.name == "CONDITION_FAILED"
    query = 'resource.labels.service_name="crasher" log_id("run.googleapis.com/stderr") "ModuleNotFoundError"'
    assert "No module named 'shop.schemas.llm'" in shop.lines(query)[0]
    shop.client.delete_service(name=name)


def test_an_answer_lost_after_the_effect(shop: Shop) -> None:
    service = shop.client.get_service(name=shop.name)
    service.labels["lost"] = "answer"
    shop.cloud.faults({"method": f"{SERVICES}/UpdateService", "after": True})
    with pytest.raises(exceptions.ServiceUnavailable):
        shop.client.update_service(service=service)
    until(lambda: not shop.client.get_service(name=shop.name).reconciling)
    assert shop.client.get_service(name=shop.name).labels["lost"] == "answer"
    shop.cloud.clear_faults()


def test_a_read_that_lags_behind_the_last_write(shop: Shop) -> None:
    old = shop.client.get_service(name=shop.name)
    started = shop.client.update_service(service={"name": shop.name, "labels": {"step": "two"}}, update_mask="labels")
    shop.wait(started.operation.name)
    shop.cloud.faults({"method": f"{SERVICES}/GetService", "stale": True, "times": 2})
    assert [shop.client.get_service(name=shop.name).etag for _ in range(2)] == [old.etag] * 2
    assert dict(shop.client.get_service(name=shop.name).labels) == {"step": "two"}
    assert shop.cloud.fired() == [2]
    shop.cloud.clear_faults()
