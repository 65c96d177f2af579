"""Cloud Logging through Google's own clients."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from google.api_core import exceptions
from google.cloud.logging_v2.services.logging_service_v2 import LoggingServiceV2Client

from tests.cloud import LocalCloud
from tests.local_cloud.emulator import clients

RESOURCE = {"type": "global"}


@pytest.fixture(scope="module")
def client(cloud: LocalCloud) -> Iterator[LoggingServiceV2Client]:
    with cloud.channel() as channel:
        yield clients.logs(channel)


@pytest.fixture
def project(cloud: LocalCloud) -> str:
    return f"projects/{cloud.name('logs')}"


def write(client: LoggingServiceV2Client, project: str, *texts: str, **fields: object) -> None:
    entries = [{"text_payload": text, **fields} for text in texts]
    client.write_log_entries(log_name=f"{project}/logs/app", resource=RESOURCE, entries=entries, labels={"by": "test"})


def test_pages_tell_every_entry_once_both_ways(client: LoggingServiceV2Client, project: str) -> None:
    texts = [f"line {number:03}" for number in range(25)]
    write(client, project, *texts)
    asked = {"resource_names": [project], "page_size": 7}
    assert [entry.text_payload for entry in client.list_log_entries(asked)] == texts
    backwards = client.list_log_entries({**asked, "order_by": "timestamp desc"})
    assert [entry.text_payload for entry in backwards] == texts[::-1]


def test_entries_written_between_two_pages_are_neither_lost_nor_told_twice(
    client: LoggingServiceV2Client, project: str
) -> None:
    write(client, project, "one", "two")
    first = client.list_log_entries({"resource_names": [project], "page_size": 1})
    page = next(first.pages)
    write(client, project, "three")
    rest = client.list_log_entries({"resource_names": [project], "page_size": 1, "page_token": page.next_page_token})
    assert [entry.text_payload for entry in (*page.entries, *rest)] == ["one", "two", "three"]


def test_a_query_finds_by_severity_label_and_time(client: LoggingServiceV2Client, project: str) -> None:
    write(client, project, "quiet", severity="INFO", labels={"a/b": "c"})
    write(client, project, "loud", severity="CRITICAL", timestamp="2031-01-01T00:00:00Z")

    def found(query: str) -> list[str]:
        entries = client.list_log_entries({"resource_names": [project], "filter": query})
        return [entry.text_payload for entry in entries]

    assert found("severity>=ERROR") == ["loud"]
    assert found('labels."a/b"="c" labels.by="test"') == ["quiet"]
    assert found('timestamp>"2030-12-31T23:59:59.999Z"') == ["loud"]
    assert found(f'logName="{project}/logs/app"') == ["quiet", "loud"]


@pytest.mark.parametrize(
    ("request_", "why"),
    [
        ({"resource_names": []}, "resource_names"),
        ({"resource_names": ["folders/1"]}, "folders/1"),
        ({"resource_names": ["projects/p"], "filter": "severity>="}, "Unparseable filter"),
        ({"resource_names": ["projects/p"], "order_by": "severity"}, "order_by"),
        ({"resource_names": ["projects/p"], "page_token": "x"}, "page token"),
        ({"resource_names": ["projects/p"], "page_size": -1}, "negative"),
    ],
)
def test_what_cannot_be_listed_is_refused(
    client: LoggingServiceV2Client, request_: dict[str, object], why: str
) -> None:
    with pytest.raises(exceptions.InvalidArgument, match=why):
        list(client.list_log_entries(request_))


def test_a_write_is_taken_whole_or_not_at_all(client: LoggingServiceV2Client, project: str) -> None:
    with pytest.raises(exceptions.InvalidArgument, match="entry 1 has the log name"):
        client.write_log_entries(
            log_name=f"{project}/logs/app",
            resource=RESOURCE,
            entries=[{"text_payload": "good"}, {"text_payload": "bad", "log_name": "nowhere"}],
        )
    tried = {"log_name": f"{project}/logs/app", "resource": RESOURCE, "entries": [{"text_payload": "tried"}]}
    client.write_log_entries({**tried, "dry_run": True})
    assert list(client.list_log_entries({"resource_names": [project]})) == []


def test_logs_are_named(client: LoggingServiceV2Client, project: str) -> None:
    write(client, project, "x")
    assert list(client.list_logs(parent=project)) == [f"{project}/logs/app"]
