"""`freeze:` of a configuration file: when nothing is released, and why. Pure but for the machine's table of zones."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from difflib import get_close_matches
from typing import Annotated, Any
from zoneinfo import ZoneInfo, available_timezones

from pydantic import BeforeValidator, Field, TypeAdapter, ValidationError, WithJsonSchema, field_validator

from deploy_lib.config.lines import Document
from deploy_lib.config.problems import ConfigProblem
from deploy_lib.model.freeze import DAYS, FreezeWindow, WeekTime, never_ends
from deploy_lib.steps.kind import Settings

LONGEST = timedelta(days=366)
"""A freeze of more than a year is taken for one that never ends."""
_WEEKLY = re.compile(r"(mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?(?:[ T]+(\d{1,2}):(\d{2}))?", re.I)
_DATED = re.compile(r"([12]\d{3}-\d{2}-\d{2})(?:[ Tt]+(\d{1,2}):(\d{2})(?::00)?)?", re.ASCII)
"""Years from 1000 to 2999: no zone, and no day more, leads out of what a date can be."""
_ZONED = re.compile(r"\d{4}-\d{1,2}-\d{1,2}(?:[Tt]|\s+)[\d:.]+\s*(?:Z|[-+][\d:]+)", re.ASCII)
_SEASONS = tuple(datetime(2026, month, 1, tzinfo=UTC) for month in (1, 7))


def _when(value: Any) -> Any:
    """The text of a moment."""
    if isinstance(value, str) and _ZONED.fullmatch(value.strip()):
        raise ValueError("the time has a zone of its own; write it without one, and name the zone under zone:")
    if not isinstance(value, str) or _read(value) is None:
        raise ValueError(
            f"{value!r} is not a moment; write a day of every week as fri 16:00, or of one year as 2026-12-23 18:00"
        )
    return value


When = Annotated[str, BeforeValidator(_when), WithJsonSchema({"type": "string"})]


class FreezeSettings(Settings):
    """A time in which no release begins: every week, or once."""

    begin: When = Field(
        alias="from",
        description="when it begins: fri 16:00 for every week, 2026-12-23 18:00 for once; a day alone is all of it",
    )
    until: When | None = Field(None, description="when it ends, in the same form; needed")
    zone: str = Field(description="the time zone of both, e.g. Europe/Berlin, or UTC")
    reason: str = Field(min_length=1, description="shown to whoever is refused")

    @field_validator("zone")
    @classmethod
    def _known(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (LookupError, ValueError, OSError):
            names = available_timezones()
            if not names:
                raise ValueError("this machine knows no time zone; install them: pip install tzdata") from None
            close = get_close_matches(value, sorted(names), n=1)
            hint = f"did you mean {close[0]}?" if close else "write for example Europe/Berlin or UTC"
            raise ValueError(f"{value!r} is not a known time zone; {hint}") from None
        return value

    def window(self, place: str) -> FreezeWindow:
        """The window as releases ask for it."""
        begin, end = _read(self.begin), _read(self.until or "", end=True)
        assert begin is not None and end is not None
        return FreezeWindow(begin, end, self.zone, self.reason, place)


def read_freeze(document: Document) -> tuple[list[FreezeWindow], list[ConfigProblem]]:
    """The windows of the file, and what is wrong with them beyond the form of each key.

    It is asked of the file's own data: what is wrong elsewhere, or with another key of the same window, hides nothing.
    """
    given = document.data.get("freeze")
    problems = [
        ConfigProblem(document.place(("freeze", index, "until")), wrong)
        for index, each in enumerate(given if isinstance(given, list) else ())
        if isinstance(each, dict) and (wrong := _wrong_together(each.get("from"), each.get("until")))
    ]
    if problems:
        return [], problems
    try:
        read = TypeAdapter(tuple[FreezeSettings, ...]).validate_python(given or ())
    except ValidationError:  # told with all that is wrong with the form of the file
        return [], []
    windows = [each.window(document.place(("freeze", index))) for index, each in enumerate(read)]
    return windows, [*_without_end(windows, document)]


def _wrong_together(since: object, until: object) -> str:
    """Why the two make no window; empty where they do, and where the form of one of them is wrong."""
    if until is None:
        return "until is missing: a freeze must end"
    begin, end = _read(str(since)), _read(str(until), end=True)
    if begin is None or end is None:
        return ""
    if isinstance(begin, WeekTime) != isinstance(end, WeekTime):
        return f"{since} and {until} do not go together; write both as days of the week, or both as dates"
    if isinstance(begin, datetime) and isinstance(end, datetime):
        if end <= begin:
            return f"the freeze ends at {until}, before it begins at {since}"
        if end - begin > LONGEST:
            return f"the freeze never ends: from {since} until {until} is more than a year"
    return ""


def _without_end(windows: Sequence[FreezeWindow], document: Document) -> Iterator[ConfigProblem]:
    """Clocks that change with the season may leave time between two windows of different zones in one of them only."""
    for count in range(1, len(windows) + 1):
        if any(never_ends(windows[:count], moment) for moment in _SEASONS):
            why = "the freeze never ends: the windows of every week leave no time between them"
            yield ConfigProblem(document.place(("freeze", count - 1)), why)
            return


def _read(text: str, *, end: bool = False) -> WeekTime | datetime | None:
    """The moment of that text; of a day alone its begin, or its end. None for what is not one."""
    for form in (_WEEKLY, _DATED):
        found = form.fullmatch(text.strip())
        if found is None:
            continue
        try:
            at = time(int(found[2]), int(found[3])) if found[2] else time()
            next_day = end and not found[2]
            if form is _WEEKLY:
                return WeekTime((DAYS.index(found[1][:3].lower()) + next_day) % 7, at)
            return datetime.combine(date.fromisoformat(found[1]) + timedelta(days=next_day), at)
        except (ValueError, OverflowError):
            return None
    return None
