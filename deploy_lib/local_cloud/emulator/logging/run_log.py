"""Cloud Run's lines as log entries: which log, which resource, and what a line of JSON means.

Names and labels from https://cloud.google.com/run/docs/logging; the special keys of a JSON line from
https://cloud.google.com/logging/docs/structured-logging#special-payload-fields.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from google.cloud.logging_v2.types import LogEntry
from google.protobuf import json_format

from ..run.ports import RequestRecord
from .severity import RANKS
from .store import LogStore

Entry: Any = type(LogEntry.pb(LogEntry()))
LOGS = {"stdout": "stdout", "stderr": "stderr", "system": "varlog%2Fsystem", "requests": "requests"}
LONGEST = 256 * 1024  # characters of one entry's text, https://cloud.google.com/logging/quotas
_SPECIAL = "logging.googleapis.com/"
_TEXTS = {"trace": "trace", "spanId": "span_id", "insertId": "insert_id"}


@dataclass(frozen=True, slots=True)
class Delivery:
    """`delay` in seconds."""

    lost: bool = False
    delay: float = 0.0


class RunLogWriter:
    """Implements run.ports.RunLog. `sink` tells what becomes of the next entry of the request log."""

    def __init__(self, store: LogStore, sink: Callable[[], Delivery] = lambda: Delivery()) -> None:
        self._store = store
        self._sink = sink

    def write(
        self,
        project: str,
        location: str,
        service: str,
        revision: str,
        text: str,
        stream: str,
        severity: str,
        instance_id: str,
        timestamp: float | None = None,
        request: RequestRecord | None = None,
        container: str = "",
    ) -> None:
        entry = Entry(log_name=f"projects/{project}/logs/run.googleapis.com%2F{LOGS[stream]}")
        entry.resource.type = "cloud_run_revision"
        entry.resource.labels.update(
            {
                "project_id": project,
                "location": location,
                "service_name": service,
                "configuration_name": service,
                "revision_name": revision,
            }
        )
        entry.severity = RANKS[severity]
        if instance_id:
            entry.labels["instanceId"] = instance_id
        if container:
            entry.labels["container_name"] = container
        if timestamp is not None:
            entry.timestamp.FromNanoseconds(round(timestamp * 1e9))
        if request is not None:
            _put_request(entry.http_request, request)
            if text:  # why it was refused
                entry.text_payload = text
        elif stream not in {"stdout", "stderr"} or not put_json(entry, text):
            entry.text_payload = text[:LONGEST]
        delivery = self._sink() if stream == "requests" else Delivery()
        if not delivery.lost:
            self._store.add(entry, delivery.delay)


def put_json(entry: Any, text: str) -> bool:
    """False when the line is not a JSON object. Special keys go into the entry, the rest into its payload."""
    if not text.lstrip().startswith("{") or len(text) > LONGEST:
        return False
    try:
        value = json.loads(text)
        payload = {key: item for key, item in value.items() if not _take_key(entry, key, item)}
        json_format.ParseDict(payload, entry.json_payload)
    except (ValueError, RecursionError, json_format.ParseError):
        entry.ClearField("json_payload")
        return False
    if not payload:
        entry.json_payload.SetInParent()
    return True


def _take_key(entry: Any, key: str, value: Any) -> bool:
    """True when the key is special and its value usable; a special key with a strange value stays in the payload."""
    special = key.removeprefix(_SPECIAL) if key.startswith(_SPECIAL) else ""
    try:
        if key == "severity":
            entry.severity = RANKS[str(value).upper()]
        elif key == "httpRequest":
            json_format.ParseDict(value, entry.http_request)
        elif special == "labels":
            entry.labels.update({str(name): str(label) for name, label in value.items()})
        elif special in {"operation", "sourceLocation"}:
            json_format.ParseDict({special: value}, entry)
        elif special == "trace_sampled":
            entry.trace_sampled = bool(value)
        elif special in _TEXTS and isinstance(value, str):
            setattr(entry, _TEXTS[special], value)
        else:
            return False
    except (LookupError, ValueError, TypeError, AttributeError, json_format.ParseError):
        return False
    return True


def _put_request(http: Any, request: RequestRecord) -> None:
    http.request_method = request.method
    http.request_url = request.url
    http.status = request.status
    http.user_agent = request.user_agent
    http.remote_ip = request.remote_ip
    http.protocol = request.protocol
    http.request_size = request.request_size
    http.response_size = request.response_size
    http.latency.FromNanoseconds(round(request.latency * 1e9))
