"""What a watcher of a candidate sees when there are more requests than are ever read."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from google.api.monitored_resource_pb2 import MonitoredResource
from google.cloud.logging_v2.types import ListLogEntriesResponse, LogEntry

from deploy_lib.drivers.project_log import ProjectLog
from deploy_lib.drivers.traffic_watcher import REQUESTS, SYSTEM, RevisionHealth, TrafficWatcher
from deploy_lib.model.release import Release
from deploy_lib.model.requests import Readers
from deploy_lib.model.service import Service
from tests.drivers.test_project_log import BEGAN, Logging, QuickClock
from tests.waits import until

SHOP = Service("shop", "p-staging", "us-central1", "shop", "images")
ENDED = "Container called exit(3)."


def entry(log: str, number: int, text: str = "") -> LogEntry:
    labels = {"service_name": "shop", "revision_name": "shop-2"}
    return LogEntry(
        log_name=f"projects/p-staging/logs/{log}",
        resource=MonitoredResource(type="cloud_run_revision", labels=labels),
        timestamp=BEGAN + timedelta(milliseconds=number),
        text_payload=text,
        insert_id=f"{log} {number}",
    )


class Flood(Logging):
    """One page of requests follows another, and the line of the platform stands behind all of them."""

    def ask(self, name: str, method: object, request: Any, doing: str) -> Any:
        self.clients.budgets.logs.spend(self.clock.monotonic())
        if REQUESTS not in request.filter:
            return SimpleNamespace(pages=[ListLogEntriesResponse(entries=[entry(SYSTEM, 10_000, ENDED)])])
        first = int(request.page_token or 0)
        found = [entry(REQUESTS, number) for number in range(first, first + 1_000)]
        return SimpleNamespace(pages=[ListLogEntriesResponse(entries=found, next_page_token=str(first + 1_000))])


def test_the_end_of_a_container_is_seen_in_a_flood_of_requests() -> None:
    flood = Flood(QuickClock())
    calls: Any = flood
    project = ProjectLog(calls, flood.clock)
    release = Release("r", SHOP, "c" * 40, BEGAN, candidate="shop-2")
    watcher = TrafficWatcher(
        calls, project, flood.clock, release, RevisionHealth, BEGAN, Readers(), True, BEGAN, BEGAN, 1_000.0
    )
    with watcher:
        until(lambda: watcher.ends == (ENDED,))
    project.close()
