"""Times on the command line: 30s, 10m, 2h."""

from __future__ import annotations

from deploy_lib.model.not_possible import NotPossible
from deploy_lib.steps.kind import seconds_of

LONGEST = 7 * 24 * 3600.0
"""Seconds. What is asked for longer than a week is forgotten by whoever asked."""


def seconds(flag: str, text: str | None) -> float:
    """The seconds that were asked for, 0 for a flag that was not given. Raises NotPossible for what is not a time."""
    if text is None:
        return 0.0
    try:
        found = seconds_of(text)
    except ValueError as problem:
        raise NotPossible(f"{flag} {text}: {problem}") from None
    value = float(found) if isinstance(found, int | float) else 0.0
    if not 0 < value <= LONGEST:
        raise NotPossible(f"{flag} {text}: give a time between 1s and 168h")
    return value
