"""Log severities by name and rank (https://cloud.google.com/logging/docs/reference/v2/rest/v2/LogEntry#logseverity)."""

from __future__ import annotations

RANKS = {
    "DEFAULT": 0,
    "DEBUG": 100,
    "INFO": 200,
    "NOTICE": 300,
    "WARNING": 400,
    "ERROR": 500,
    "CRITICAL": 600,
    "ALERT": 700,
    "EMERGENCY": 800,
}
