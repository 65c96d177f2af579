"""Entries in order of time, in pages, bounded; and what Cloud Run's lines become."""

from __future__ import annotations

from typing import Any

import pytest
from google.cloud.logging_v2.types import LogEntry
from google.protobuf import json_format

from deploy_lib.local_cloud.emulator.logging.run_log import RunLogWriter
from deploy_lib.local_cloud.emulator.logging.store import LogStore
from deploy_lib.local_cloud.emulator.run.ports import RequestRecord

Entry: Any = type(LogEntry.pb(LogEntry()))


def texts(store: LogStore, **how: Any) -> list[str]:
    return [entry.text_payload for _, entry in store.find(["p"], lambda entry: True, **how)]


def entry(text: str, at: float, log: str = "a", insert_id: str = "") -> Any:
    made = Entry(log_name=f"projects/p/logs/{log}", text_payload=text, insert_id=insert_id)
    made.timestamp.FromNanoseconds(round(at * 1e9))
    return made


def test_entries_of_all_logs_are_told_in_order_of_time_and_of_writing_within_an_instant() -> None:
    store = LogStore(lambda: 9.0)
    for made in (entry("c", 3), entry("a", 1, "b"), entry("b1", 2), entry("b2", 2), entry("other", 1.5, "b")):
        store.add(made)
    assert texts(store) == ["a", "other", "b1", "b2", "c"]
    assert texts(store, descending=True) == ["c", "b2", "b1", "other", "a"]
    assert texts(store, bounds=(1_500_000_000, 2_000_000_000)) == ["other", "b1", "b2"]
    assert list(store.find(["q"], lambda entry: True)) == []


def test_a_write_that_is_repeated_leaves_one_entry() -> None:
    store = LogStore(lambda: 9.0)
    for _ in range(2):
        store.add(entry("once", 1, insert_id="i"))
    store.add(entry("elsewhere", 1, "b", insert_id="i"))
    assert texts(store) == ["once", "elsewhere"]


def test_each_log_keeps_its_newest_entries() -> None:
    store = LogStore(lambda: 9.0, kept=100)
    store.add(entry("quiet", 0, "b"))
    for number in range(5000):
        store.add(entry(str(number), number))
    found = texts(store)
    assert found[0] == "quiet" and found[-1] == "4999"
    assert 100 <= len(found) <= 1101


def test_time_and_id_are_filled_in() -> None:
    store = LogStore(lambda: 9.0)
    store.add(Entry(log_name="projects/p/logs/a", text_payload="x"))
    ((_, found),) = store.find(["p"], lambda entry: True)
    assert found.timestamp.seconds == found.receive_timestamp.seconds == 9
    assert found.insert_id


def written(text: str, stream: str = "stdout", **how: Any) -> dict[str, Any]:
    store = LogStore(lambda: 9.0)
    RunLogWriter(store).write("p", "r", "api", "api-1", text, stream, how.pop("severity", "DEFAULT"), "i-1", **how)
    ((_, found),) = store.find(["p"], lambda entry: True)
    value: dict[str, Any] = json_format.MessageToDict(found)
    return value


def test_a_line_of_text() -> None:
    found = written("Traceback (most recent call last):", "stderr", timestamp=5.25)
    assert found["logName"] == "projects/p/logs/run.googleapis.com%2Fstderr"
    assert found["resource"] == {
        "type": "cloud_run_revision",
        "labels": {
            "project_id": "p",
            "location": "r",
            "service_name": "api",
            "configuration_name": "api",
            "revision_name": "api-1",
        },
    }
    assert (found["textPayload"], found["labels"]) == ("Traceback (most recent call last):", {"instanceId": "i-1"})
    assert found["timestamp"] == "1970-01-01T00:00:05.250Z"
    assert "severity" not in found


def test_a_line_names_its_instance_and_its_container() -> None:
    assert written("up", container="main")["labels"] == {"instanceId": "i-1", "container_name": "main"}


def test_a_line_of_the_platform() -> None:
    found = written("Container called exit(1).", "system", severity="WARNING")
    assert found["logName"].endswith("%2Fvarlog%2Fsystem")
    assert found["severity"] == "WARNING"


def test_a_line_of_json_becomes_a_payload_and_its_special_keys_fields() -> None:
    found = written(
        '{"severity":"error","message":"no","n":3,"logging.googleapis.com/labels":{"k":"v"},'
        '"logging.googleapis.com/trace":"t","httpRequest":{"status":500,"requestUrl":"/x"},'
        '"logging.googleapis.com/sourceLocation":{"file":"a.py","line":"7"}}'
    )
    assert found["jsonPayload"] == {"message": "no", "n": 3.0}
    assert (found["severity"], found["trace"], found["labels"]["k"]) == ("ERROR", "t", "v")
    assert found["httpRequest"] == {"status": 500, "requestUrl": "/x"}
    assert found["sourceLocation"] == {"file": "a.py", "line": "7"}


@pytest.mark.parametrize(
    "text",
    ["{not json", '["a list"]', "7", "{", '{"a":' * 3000, '{"deep":' + '{"x":' * 200 + "1" + "}" * 201],
)
def test_what_is_no_json_object_stays_text(text: str) -> None:
    assert written(text)["textPayload"] == text


def test_a_special_key_with_a_strange_value_stays_in_the_payload() -> None:
    found = written('{"severity":"LOUD","httpRequest":7,"logging.googleapis.com/labels":"x"}')
    assert found["jsonPayload"] == {"severity": "LOUD", "httpRequest": 7.0, "logging.googleapis.com/labels": "x"}


def test_an_empty_object_is_an_empty_payload() -> None:
    assert written("{}")["jsonPayload"] == {}


def test_a_very_long_line_is_cut() -> None:
    assert len(written("x" * 1_000_000)["textPayload"]) == 256 * 1024


def test_a_request() -> None:
    record = RequestRecord("GET", "http://127.0.0.1:1/a?b=c", 503, 0.25, "curl", "127.0.0.1", response_size=12)
    found = written("", "requests", severity="ERROR", request=record)
    assert found["httpRequest"] == {
        "requestMethod": "GET",
        "requestUrl": "http://127.0.0.1:1/a?b=c",
        "status": 503,
        "latency": "0.250s",
        "userAgent": "curl",
        "remoteIp": "127.0.0.1",
        "protocol": "HTTP/1.1",
        "responseSize": "12",
    }
    assert "textPayload" not in found
