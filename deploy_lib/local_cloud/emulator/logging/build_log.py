"""Cloud Build's lines as log entries (https://cloud.google.com/build/docs/securing-builds/store-manage-build-logs)."""

from __future__ import annotations

from typing import Any

from google.cloud.devtools.cloudbuild_v1.types import Build
from google.cloud.logging_v2.types import LogEntry

from .severity import RANKS
from .store import LogStore

_Entry: Any = type(LogEntry.pb(LogEntry()))


def write_build_line(store: LogStore, build: Build, step: str, line: str) -> None:
    """`step` is the step's label; "" for a line of the build's own, which is labelled MAIN."""
    entry = _Entry(log_name=f"projects/{build.project_id}/logs/cloudbuild", text_payload=line)
    entry.severity = RANKS["INFO"]
    entry.resource.type = "build"
    entry.resource.labels.update(
        {
            "project_id": build.project_id,
            "build_id": build.id,
            "build_trigger_id": build.build_trigger_id,
        }
    )
    entry.labels["build_step"] = step or "MAIN"
    entry.labels["build_tags"] = ",".join(build.tags)
    store.add(entry)
