"""Google's times as plain ones: its class of datetime carries nanoseconds, and is None when unset."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any


def plain_time(found: Any) -> datetime | None:
    """UTC, aware."""
    if found is None:
        return None
    at = found.astimezone(UTC)
    return datetime(at.year, at.month, at.day, at.hour, at.minute, at.second, at.microsecond, UTC)
