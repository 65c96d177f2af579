"""The filter language of ListBuilds: which builds a client asked for.

A build whose answer was lost is found again by its tags, so a filter that is only half understood would make
a client build twice: whatever is not understood is refused
(https://cloud.google.com/build/docs/view-build-results#filtering_build_results_using_queries).
"""

from __future__ import annotations

import datetime
import operator
import re
from collections.abc import Callable
from typing import Any

from google.cloud.devtools.cloudbuild_v1.types import Build

from .refusal import invalid, not_here

Predicate = Callable[[Build], bool]

_TOKEN = re.compile(r'\s*(?:([A-Za-z_][\w.]*)|("(?:[^"\\]|\\.)*")|(!=|<=|>=|[=<>():-]))')
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
}
_TEXT: dict[str, Callable[[Build], str]] = {
    "id": lambda build: build.id,
    "build_id": lambda build: build.id,
    "status": lambda build: build.status.name,
    "trigger_id": lambda build: build.build_trigger_id,
    "build_trigger_id": lambda build: build.build_trigger_id,
    "service_account": lambda build: build.service_account,
    "source.storage_source.bucket": lambda build: build.source.storage_source.bucket,
    "source.storage_source.object": lambda build: build.source.storage_source.object_,
}
_LISTS: dict[str, Callable[[Build], list[str]]] = {
    "tags": lambda build: list(build.tags),
    "images": lambda build: list(build.images),
}
_TIMES: dict[str, Callable[[Build], datetime.datetime | None]] = {
    "create_time": lambda build: build.create_time,
    "start_time": lambda build: build.start_time,
    "finish_time": lambda build: build.finish_time,
}


def parse_filter(text: str) -> Predicate:
    """Raises BuildRefusal: INVALID_ARGUMENT for nonsense, UNIMPLEMENTED for a field not known here."""
    tokens = _tokens(text)
    if not tokens:
        return lambda build: True
    predicate, rest = _expression(tokens)
    if rest:
        raise invalid(f"invalid filter {text!r}: unexpected {rest[0]!r}")
    return predicate


def _tokens(text: str) -> list[str]:
    tokens, at = [], 0
    while text[at:].strip():
        match = _TOKEN.match(text, at)
        if match is None:
            raise invalid(f"invalid filter {text!r}: unexpected {text[at:].strip()[0]!r}")
        tokens.append(match.group(0).strip())
        at = match.end()
    return tokens


def _expression(tokens: list[str]) -> tuple[Predicate, list[str]]:
    """Factors joined by AND, or simply side by side."""
    factors: list[Predicate] = []
    rest = tokens
    while True:
        factor, rest = _factor(rest)
        factors.append(factor)
        if rest and rest[0] == "AND":
            rest = rest[1:]
        elif not rest or rest[0] == ")":
            return (lambda build: all(holds(build) for holds in factors)), rest


def _factor(tokens: list[str]) -> tuple[Predicate, list[str]]:
    """Terms joined by OR, which binds tighter than AND (https://google.aip.dev/160)."""
    term, rest = _term(tokens)
    terms = [term]
    while rest and rest[0] == "OR":
        term, rest = _term(rest[1:])
        terms.append(term)
    return (lambda build: any(holds(build) for holds in terms)), rest


def _term(tokens: list[str]) -> tuple[Predicate, list[str]]:
    if not tokens:
        raise invalid("invalid filter: it ends where a comparison should follow")
    head, rest = tokens[0], tokens[1:]
    if head in {"NOT", "-"}:
        inner, rest = _term(rest)
        return (lambda build: not inner(build)), rest
    if head == "(":
        inner, rest = _expression(rest)
        if rest[:1] != [")"]:
            raise invalid("invalid filter: a parenthesis is not closed")
        return inner, rest[1:]
    if len(rest) < 2 or rest[0] not in _COMPARE:
        raise invalid(f"invalid filter: {head!r} is not followed by a comparison")
    value = rest[1]
    if value.startswith('"'):
        value = re.sub(r"\\(.)", r"\1", value[1:-1])
    return _comparison(head, rest[0], value), rest[2:]


def _comparison(field: str, sign: str, value: str) -> Predicate:
    compare = _COMPARE[sign]
    if field.startswith("substitutions."):
        key = field.removeprefix("substitutions.")
        return lambda build: compare(build.substitutions.get(key, ""), value)
    if field in _TIMES:
        moment, when = _moment(field, value), _TIMES[field]
        return lambda build: (at := when(build)) is not None and compare(at.timestamp(), moment)
    if sign not in {"=", "!="}:
        raise invalid(f"invalid filter: {field} cannot be compared with {sign}")
    if field in _LISTS:
        members = _LISTS[field]
        return lambda build: (value in members(build)) == (sign == "=")
    if field in _TEXT:
        text = _TEXT[field]
        return lambda build: compare(text(build), value)
    raise not_here(f"the filter field {field!r}")


def _moment(field: str, value: str) -> float:
    try:
        return datetime.datetime.fromisoformat(value).timestamp()
    except ValueError:
        raise invalid(f"invalid filter: {field} is compared with {value!r}, which is not a time") from None
