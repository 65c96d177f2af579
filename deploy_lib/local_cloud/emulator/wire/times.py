"""Times as messages carry them."""

from __future__ import annotations

import datetime


def utc(seconds: float) -> datetime.datetime:
    """The moment, from seconds since the epoch."""
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC)
