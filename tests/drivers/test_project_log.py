"""The one reader of a project's logs: several follow, none waits, a quota that is used up is left alone."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from google.api.monitored_resource_pb2 import MonitoredResource
from google.cloud.logging_v2.types import ListLogEntriesResponse, LogEntry

from deploy_lib.drivers.call_budget import Budgets
from deploy_lib.drivers.errors import ApiError
from deploy_lib.drivers.logs import Entries
from deploy_lib.drivers.project_log import ProjectLog
from deploy_lib.drivers.status_code import StatusCode
from deploy_lib.model.service import Service
from tests.waits import until

BEGAN = datetime(2026, 3, 1, 2, 0, tzinfo=UTC)


class QuickClock:
    """A second of it passes in a few milliseconds, for whoever sleeps."""

    def __init__(self) -> None:
        self._lock, self._now, self._wait = threading.Lock(), 0.0, threading.Event()

    def now(self) -> datetime:
        return BEGAN + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        with self._lock:
            return self._now

    def sleep(self, seconds: float) -> None:
        self._wait.wait(seconds / 300)
        with self._lock:
            self._now += seconds


@dataclass
class Logging:
    """Answers with all it has, or refuses. `asked` are the filters."""

    clock: QuickClock
    entries: list[LogEntry] = field(default_factory=list)
    refuses: ApiError | None = None
    more: bool = False  # than fits into an answer for several
    asked: list[str] = field(default_factory=list)
    at: list[float] = field(default_factory=list)
    clients: Any = field(
        default_factory=lambda: SimpleNamespace(budgets=Budgets(), logs=SimpleNamespace(list_log_entries=None))
    )

    def ask(self, name: str, method: object, request: Any, doing: str) -> Any:
        self.clients.budgets.logs.spend(self.clock.monotonic())
        self.asked.append(request.filter)
        self.at.append(self.clock.monotonic())
        if self.refuses is not None:
            raise self.refuses
        several = ") OR (" in request.filter
        page = ListLogEntriesResponse(entries=self.entries, next_page_token="more" if several and self.more else "")
        return SimpleNamespace(pages=[page])


def entry(service: str, text: str) -> LogEntry:
    labels = {"service_name": service, "revision_name": f"{service}-1"}
    return LogEntry(
        log_name="projects/p-staging/logs/run.googleapis.com%2Fstderr",
        resource=MonitoredResource(type="cloud_run_revision", labels=labels),
        timestamp=BEGAN,
        text_payload=text,
        insert_id=f"{service} {text}",
    )


@pytest.fixture
def logging() -> Logging:
    return Logging(QuickClock())


@pytest.fixture
def project(logging: Logging) -> Iterator[ProjectLog]:
    project = ProjectLog(logging, logging.clock)  # type: ignore[arg-type]
    yield project
    project.close()


def of(logging: Logging, name: str) -> Entries:
    return Entries(logging, Service(name, "p-staging", "us-central1", name, "images"), (f"{name}-1",), BEGAN)  # type: ignore[arg-type]


def taken(look: Callable[[], list[LogEntry]]) -> list[str]:
    return [found.text_payload for found in until(look)]


@pytest.mark.parametrize("more", [False, True])
def test_each_follower_gets_its_own_of_what_is_read_for_all(logging: Logging, project: ProjectLog, more: bool) -> None:
    logging.entries, logging.more = [entry("shop", "a"), entry("auth", "b"), entry("shop", "c")], more
    shop, auth = project.follow(of(logging, "shop")), project.follow(of(logging, "auth"))
    assert taken(shop.take) == ["a", "c"]
    assert taken(auth.take) == ["b"]
    logging.entries.append(entry("auth", "d"))
    assert taken(auth.take) == ["d"]
    assert shop.take() == []
    assert any(") OR (" in asked for asked in logging.asked)


def test_four_services_at_once_stay_within_half_of_the_quota(logging: Logging, project: ProjectLog) -> None:
    followers = [project.follow(of(logging, name)) for name in ("auth", "shop", "web", "jobs")]

    def minutes_passed() -> bool:
        for each in followers:
            each.take()
            each.hasten()
        return logging.clock.monotonic() > 120

    until(minutes_passed, every=0.005)
    assert max(sum(at <= other < at + 60 for other in logging.at) for at in logging.at) <= 30


def test_a_quota_that_is_used_up_is_said_to_all_and_left_alone(logging: Logging, project: ProjectLog) -> None:
    logging.refuses = ApiError(StatusCode.RESOURCE_EXHAUSTED, "Quota exceeded", "could not read the log: it is used up")
    shop, auth = project.follow(of(logging, "shop")), project.follow(of(logging, "auth"))
    for each in (shop, auth):
        (message,) = until(each.messages)
        assert re.fullmatch(r"could not read the log: it is used up; not read again for \d+ s", message)
    with pytest.raises(ApiError):
        project.read(lambda: 1)  # whoever needs it now is told so, and does not wait
    logging.refuses, logging.entries = None, [entry("shop", "a")]
    assert taken(shop.take) == ["a"]
    assert logging.at[1] - logging.at[0] >= 60


def test_who_no_longer_looks_costs_no_reading(logging: Logging, project: ProjectLog) -> None:
    follower = project.follow(of(logging, "shop"))
    until(lambda: logging.clock.monotonic() > 40)
    assert max(logging.at) < 20
    logging.entries = [entry("shop", "a")]
    assert taken(follower.take) == ["a"], "and is read for when it looks again"


def test_a_reading_that_goes_wrong_is_raised_where_it_is_looked_for(logging: Logging, project: ProjectLog) -> None:
    logging.refuses = ZeroDivisionError("a fault")  # type: ignore[assignment]
    follower = project.follow(of(logging, "shop"))
    with pytest.raises(ZeroDivisionError):
        until(lambda: follower.take())


def test_a_start_that_asks_again_and_again_leaves_the_others_their_turn(logging: Logging, project: ProjectLog) -> None:
    shop, start = project.follow(of(logging, "shop")), of(logging, "auth")
    for _ in range(40):
        shop.take()
        project.read(start.read)
    assert ["shop" in asked for asked in logging.asked[20:]].count(True) >= 10, "the budget is not the start's alone"


def test_whatever_one_reading_meets_the_next_is_made(logging: Logging, project: ProjectLog) -> None:
    shop, auth = project.follow(of(logging, "shop")), project.follow(of(logging, "auth"))
    logging.entries = [entry("shop", "a")]
    until(lambda: shop.take() or auth.take())
    before = len(logging.asked)
    logging.refuses = ZeroDivisionError("nobody foresaw it")  # type: ignore[assignment]
    until(lambda: len(logging.asked) > before)
    logging.refuses = None
    with pytest.raises(ZeroDivisionError):
        until(lambda: shop.take() and None)
    assert project.read(lambda: 7) == 7
