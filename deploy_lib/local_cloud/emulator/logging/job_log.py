"""Lines of a job's tasks as log entries (https://cloud.google.com/run/docs/logging#viewing-logs-job)."""

from __future__ import annotations

from .run_log import LOGS, LONGEST, Entry, put_json
from .severity import RANKS
from .store import LogStore


def write_task_line(
    store: LogStore, place: tuple[str, str, str], labels: dict[str, str], stream: str, severity: str, text: str
) -> None:
    """`place` is project, location and job; `labels` are of the entry, `severity` a LogSeverity by name."""
    project, location, job = place
    entry = Entry(log_name=f"projects/{project}/logs/run.googleapis.com%2F{LOGS[stream]}")
    entry.resource.type = "cloud_run_job"
    entry.resource.labels.update({"project_id": project, "location": location, "job_name": job})
    entry.labels.update(labels)
    entry.severity = RANKS[severity]
    if stream not in {"stdout", "stderr"} or not put_json(entry, text):
        entry.text_payload = text[:LONGEST]
    store.add(entry)
