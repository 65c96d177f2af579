"""Log entries as physical lines that a parser can trust.

An entry on Cloud Run is one line of stderr, a whole multi-line text, or a JSON object that a logging library wrote;
it may also hold terminal colours or bytes of no encoding at all. All of that ends here: every row is one clean
line with its time (aware UTC, or None) and the entry it came from.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import NamedTuple

from deploy_lib.model.evidence import LogLine, LogSource
from deploy_lib.printable import without_escapes

LONGEST = 4000  # characters kept of one line: more is data, not words
PLATFORM = (LogSource.SYSTEM, LogSource.REQUEST)

_ODD = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufeff]")
_WORDS = ("message", "msg", "event", "textPayload")
_TRACES = ("exc_info", "exception", "stack_trace", "stack", "traceback", "exc_text", "error")


class PhysicalLine(NamedTuple):
    """One physical line. `entry` is the index of its log entry."""

    text: str
    at: datetime | None
    source: LogSource
    entry: int


def rows(log: Iterable[LogLine]) -> list[PhysicalLine]:
    """Every physical line of the log, in the order given. Never raises, whatever the entries hold."""
    found: list[PhysicalLine] = []
    for entry, line in enumerate(log):
        at, source = aware(line.at), line.source
        text = line.text
        if "\n" not in text and "{" not in text and "\\n" not in text:
            found.append(PhysicalLine(clean(text), at, source, entry))
            continue
        for part in _parts(text):
            found.append(PhysicalLine(clean(part), at, source, entry))
    return found


def clean(text: str) -> str:
    """One line without colours, control characters or broken surrogates, of bounded length."""
    if text.isascii() and text.isprintable() and len(text) <= LONGEST:
        return text
    text = without_escapes(text[: LONGEST * 2])
    return _ODD.sub("\ufffd", text.rstrip("\r\n"))[:LONGEST]


def aware(at: datetime | None) -> datetime | None:
    """The time with a zone, since naive and aware times cannot be compared."""
    return at.replace(tzinfo=UTC) if at is not None and at.tzinfo is None else at


def _parts(text: str) -> Iterator[str]:
    stripped = text.strip()
    if stripped.startswith("{") and stripped.endswith("}"):
        flat = _from_json(stripped)
        if flat is not None:
            text = flat
    if "\\n" in text and "Traceback (most recent call last)" in text and "\n" not in text:
        # a traceback that was printed as a repr
        text = text.replace("\\n", "\n").replace('\\"', '"').replace("\\'", "'")
    yield from text.split("\n")


def _from_json(text: str) -> str | None:
    """The words and the traceback of a structured entry; None when there is nothing of the kind in it."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict):
        return None
    nested = value.get("jsonPayload")
    fields = {**value, **nested} if isinstance(nested, dict) else value
    words = [fields[key] for key in _WORDS if isinstance(fields.get(key), str)]
    traces = [_trace(fields.get(key)) for key in _TRACES]
    found = [*words[:1], *(trace for trace in traces if trace and not any(trace in word for word in words[:1]))]
    return "\n".join(found) or None


def _trace(value: object) -> str:
    """A traceback given as text, or as structlog's list of {exc_type, exc_value, frames}."""
    if isinstance(value, str):
        return value
    if not isinstance(value, list):
        return ""
    lines: list[str] = []
    for raised in (item for item in value if isinstance(item, dict) and "exc_type" in item):
        frames = raised.get("frames")
        lines.append("Traceback (most recent call last):")
        for frame in frames if isinstance(frames, list) else ():
            if isinstance(frame, dict):
                place = f'  File "{frame.get("filename")}", line {frame.get("lineno")}, in {frame.get("name")}'
                lines += [place, *([f"    {frame['line']}"] if frame.get("line") else [])]
        lines.append(f"{raised.get('exc_type')}: {raised.get('exc_value')}")
    return "\n".join(lines)
