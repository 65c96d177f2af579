"""Compiles a parsed query into a test of one log entry.

Comparisons follow https://cloud.google.com/logging/docs/view/logging-query-language#comparisons: the value is read
as the field's type; texts compare without regard to case, regular expressions with it and anywhere in the text;
`:` means "holds this text", and `:*` "is set".
"""

from __future__ import annotations

import datetime
import operator
import re
import urllib.parse
from collections.abc import Callable
from typing import Any

from ..query.parse import BadQuery
from ..query.tree import And, FunctionCall, Node, Not, Or, Restriction, Search
from .fields import find_field, texts
from .severity import RANKS

Matches = Callable[[Any], bool]

_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_SECONDS = re.compile(r"(-?\d+(?:\.\d+)?)(h|m|s|ms|us|ns)")
_UNITS = {"h": 3600e9, "m": 60e9, "s": 1e9, "ms": 1e6, "us": 1e3, "ns": 1.0}


def compile_filter(node: Node | None) -> Matches:
    """Raises BadQuery for a field or a comparison that means nothing here."""
    match node:
        case None:
            return lambda entry: True
        case And(parts):
            every = [compile_filter(part) for part in parts]
            return lambda entry: all(matches(entry) for matches in every)
        case Or(parts):
            some = [compile_filter(part) for part in parts]
            return lambda entry: any(matches(entry) for matches in some)
        case Not(part):
            inner = compile_filter(part)
            return lambda entry: not inner(entry)
        case Search(text):
            wanted = text.casefold()
            return lambda entry: any(wanted in found.casefold() for found in texts(entry))
        case FunctionCall(name, arguments):
            return _function(name, arguments)
        case Restriction(path, sign, value):
            return _comparison(path, sign, value)


def time_bounds(node: Node | None) -> tuple[int | None, int | None]:
    """Nanoseconds since the epoch no matching entry is before, and none is after: so that not all need be looked at."""
    parts = node.parts if isinstance(node, And) else (node,)
    low: list[int] = []
    high: list[int] = []
    for part in parts:
        if isinstance(part, Restriction) and part.path == ("timestamp",) and isinstance(part.value, str):
            moment = _time("timestamp", part.value)
            if part.sign in {">", ">=", "="}:
                low.append(moment)
            if part.sign in {"<", "<=", "="}:
                high.append(moment)
    return max(low, default=None), min(high, default=None)


def _function(name: str, arguments: tuple[str, ...]) -> Matches:
    if name != "log_id" or len(arguments) != 1:
        raise BadQuery(f"the local cloud knows the function log_id(...) only, not {name}(...)")
    wanted = arguments[0].casefold()
    return lambda entry: urllib.parse.unquote(entry.log_name.partition("/logs/")[2]).casefold() == wanted


def _comparison(path: tuple[str, ...], sign: str, value: str | FunctionCall) -> Matches:
    name = ".".join(path)
    if isinstance(value, FunctionCall):
        raise BadQuery(f"{name} is compared with {value.name}(...), which the logging query language does not know")
    field = find_field(path)
    read = field.read
    if sign == ":" and value == "*":
        return lambda entry: any(found not in ("", 0, None) for found in read(entry))
    test = _test(name, field.kind, sign, value)
    return lambda entry: any(test(found) for found in read(entry))


def _test(name: str, kind: str, sign: str, value: str) -> Callable[[Any], bool]:
    if sign in {"=~", "!~"}:
        return _regular_expression(name, kind, sign, value)
    if kind == "message":
        if sign != ":":
            raise BadQuery(f"{name} is not a single value and cannot be compared with {sign}")
        return lambda found: any(value.casefold() in text.casefold() for text in texts(found))
    if kind == "text":
        return _text_test(sign, value)
    if kind == "json":
        return lambda found: _json_test(found, sign, value)
    compare, wanted = _ORDER["=" if sign == ":" else sign], _read(name, kind, value)
    return lambda found: compare(found, wanted)


def _regular_expression(name: str, kind: str, sign: str, value: str) -> Callable[[Any], bool]:
    if kind not in {"text", "json"}:
        raise BadQuery(f"{name} is not a text and cannot be compared with {sign}")
    try:
        pattern = re.compile(value)
    except re.error as error:
        raise BadQuery(f"{value!r} is not a regular expression: {error}") from None
    wanted = sign == "=~"
    return lambda found: isinstance(found, str) and (pattern.search(found) is not None) == wanted


def _text_test(sign: str, value: str) -> Callable[[Any], bool]:
    wanted = value.casefold()
    if sign == ":":
        return lambda found: wanted in str(found).casefold()
    compare = _ORDER[sign]
    return lambda found: compare(str(found).casefold(), wanted)


def _json_test(found: Any, sign: str, value: str) -> bool:
    """A logged value has its own type, and a value that cannot be read as that type simply does not match."""
    if isinstance(found, str) or sign == ":":
        text = str(int(found)) if isinstance(found, float) and found.is_integer() else str(found)
        return _text_test(sign, value)(text)
    try:
        wanted: Any = _bool(value) if isinstance(found, bool) else float(value)
    except ValueError:
        return False
    return _ORDER[sign](found, wanted)


def _read(name: str, kind: str, value: str) -> Any:
    try:
        if kind == "time":
            return _time(name, value)
        if kind == "duration":
            return _duration(value)
        if kind == "bool":
            return _bool(value)
        if kind == "severity":
            return int(value) if value.isdecimal() else RANKS[value.upper()]
        return float(value)
    except (ValueError, KeyError):
        raise BadQuery(f"{name} is compared with {value!r}, which is not a {kind}") from None


def _time(name: str, value: str) -> int:
    """Nanoseconds since the epoch. A time without a zone is in UTC."""
    fraction = re.search(r"\.(\d+)", value)
    try:
        moment = datetime.datetime.fromisoformat(re.sub(r"\.\d+", "", value))
    except ValueError:
        raise BadQuery(f'{name} is compared with {value!r}; want a time such as "2025-01-31T12:00:00Z"') from None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)
    nanos = int(fraction[1].ljust(9, "0")[:9]) if fraction else 0
    return int(moment.timestamp()) * 1_000_000_000 + nanos


def _duration(value: str) -> int:
    found = _SECONDS.fullmatch(value)
    if found is None:
        raise ValueError(value)
    return round(float(found[1]) * _UNITS[found[2]])


def _bool(value: str) -> bool:
    if value.casefold() not in {"true", "false"}:
        raise ValueError(value)
    return value.casefold() == "true"
