"""The log of a revision, whose lines may come in another order than they were written."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from google.cloud.logging_v2.types import ListLogEntriesResponse, LogEntry

from deploy_lib.drivers.interface import DriverError
from deploy_lib.drivers.logs import REMEMBERED, Entries, RevisionLog
from deploy_lib.model.service import Service

BEGAN = datetime(2026, 3, 1, 2, 0, tzinfo=UTC)
SHOP = Service("shop", "p-staging", "us-central1", "shop", "images")
_UNTIL = re.compile(r'timestamp<="([^"]+)"')
_FROM = re.compile(r'timestamp>="([^"]+)"')


@dataclass
class LateLog:
    """Answers as Cloud Logging does: with what has come in by now, whatever its own time is. Platform words begin
    with "Container"."""

    lines: list[tuple[float, str]] = field(default_factory=list)  # seconds since BEGAN, text
    clients: Any = field(default_factory=lambda: SimpleNamespace(logs=SimpleNamespace(list_log_entries=None)))

    fails_at: int = 0  # the number of a call
    calls: int = 0

    def ask(self, name: str, method: object, request: Any, doing: str) -> Any:
        self.calls += 1
        if self.calls == self.fails_at:
            raise DriverError("a quota is used up")
        match = _FROM.search(request.filter)
        until = _UNTIL.search(request.filter)
        assert match is not None
        since, end = datetime.fromisoformat(match[1]), datetime.fromisoformat(until[1]) if until else datetime.max
        found = [
            (at, seconds, text)
            for seconds, text in self.lines
            if since <= (at := BEGAN + timedelta(seconds=seconds)) <= end.replace(tzinfo=UTC)
            and ("logName" not in request.filter or text.startswith("Container"))
        ]
        found.sort(key=lambda each: each[0], reverse="desc" in request.order_by)
        entries = [
            LogEntry(log_name=_name(text), timestamp=at, text_payload=text, insert_id=f"{seconds} {text}")
            for at, seconds, text in found[: request.page_size]
        ]
        page = ListLogEntriesResponse(entries=entries, next_page_token="more" if found[request.page_size :] else "")
        return SimpleNamespace(pages=[page])


def _name(text: str) -> str:
    log = "varlog%2Fsystem" if text.startswith("Container") else "stderr"
    return f"projects/p-staging/logs/run.googleapis.com%2F{log}"


def _log(late: LateLog) -> RevisionLog:
    return RevisionLog(Entries(late, SHOP, ("shop-1",), BEGAN))  # type: ignore[arg-type]


def test_a_line_that_is_later_than_the_next_is_read_and_stands_in_its_place() -> None:
    late = LateLog([(1, "starts"), (30, "Container called exit(1).")])
    log = _log(late)
    log.read()
    late.lines.append((12, "ValueError: no more"))
    log.read(whole=True)
    assert [line.text for line in log.lines] == ["starts", "ValueError: no more", "Container called exit(1)."]


def test_of_a_flood_that_is_read_whole_the_end_is_known() -> None:
    late = LateLog([(number / 100, f"line {number}") for number in range(3_000)])
    log = _log(late)
    log.entries.most = 1_000
    log.read(whole=True)
    assert (log.lines[0].text, log.lines[-1].text, log.cut) == ("line 0", "line 2999", True)


def test_of_a_flood_that_began_anew_it_is_read_why_it_ended_before() -> None:
    first = [(number / 100, f"line {number}") for number in range(3_000)]
    again = [(60 + number / 100, f"line {number}") for number in range(3_000)]
    log = _log(LateLog([*first, (30.1, "ValueError: no more"), (30.2, "Container called exit(1)."), *again]))
    log.entries.most = 1_000
    log.read(whole=True)  # the newest thousand lines are of the second start
    assert "ValueError: no more" in [line.text for line in log.lines]


def test_nothing_is_told_twice() -> None:
    late = LateLog([(1, "starts")])
    log = _log(late)
    assert [len(log.read(whole=True)), len(log.read(whole=True)), len(log.read())] == [1, 0, 0]


def test_lines_that_were_read_before_a_reading_failed_are_kept() -> None:
    late = LateLog([(1, "ModuleNotFoundError: No module named 'shop'")])
    log = _log(late)
    late.fails_at = 2
    with pytest.raises(DriverError):
        log.read(whole=True)
    log.read(whole=True)
    assert [line.text for line in log.lines] == ["ModuleNotFoundError: No module named 'shop'"]


def test_one_that_is_followed_for_days_is_told_whole_and_fits_into_memory() -> None:
    """Each reading brings five hundred entries more, the last of them late."""
    late = LateLog()
    entries = Entries(late, SHOP, (), BEGAN, overlap=timedelta(seconds=10), forgets=True)  # type: ignore[arg-type]
    told: list[str] = []
    for minute in range(24):
        late.lines = [each for each in late.lines if each[0] > minute * 60 - 300]
        late.lines += [(minute * 60 + n * 0.12, f"{minute} {n}") for n in range(450)]
        late.lines += [(minute * 60 - 5 + n * 0.05, f"{minute} late {n}") for n in range(50)]
        told += [entry.text_payload for entry in entries.new(entries.read())]
    assert (len(told), len({*told})) == (24 * 500, 24 * 500)
    assert len(entries._seen) <= REMEMBERED
