"""Monitoring's filters: which time series are meant (https://cloud.google.com/monitoring/api/v3/filters)."""

from __future__ import annotations

import re
from collections.abc import Callable

from ..query.parse import BadQuery
from ..query.tree import And, FunctionCall, Node, Not, Or, Restriction, Search
from .series import COUNT, LATENCIES, Series

Matches = Callable[[Series], bool]


def compile_filter(node: Node | None) -> Matches:
    """Raises BadQuery. A filter has to name its metric, as time series of one metric are listed at a time."""
    if not any(isinstance(part, Restriction) and part.path == ("metric", "type") for part in _conjuncts(node)):
        raise BadQuery('it must name one metric: metric.type = "run.googleapis.com/request_count"')
    return _compile(node)


def check_field(path: tuple[str, ...]) -> None:
    """Raises BadQuery when filters and groups know no such field."""
    match path:
        case ("metric" | "resource", "type" | "project") | ("project",):
            return
        case ("metric" | "resource", "label" | "labels", _):
            return
    raise BadQuery(f"the local cloud knows metric.type, resource.type and labels only, not {'.'.join(path)!r}")


def _conjuncts(node: Node | None) -> tuple[Node | None, ...]:
    return node.parts if isinstance(node, And) else (node,)


def _compile(node: Node | None) -> Matches:
    match node:
        case And(parts):
            every = [_compile(part) for part in parts]
            return lambda series: all(matches(series) for matches in every)
        case Or(parts):
            some = [_compile(part) for part in parts]
            return lambda series: any(matches(series) for matches in some)
        case Not(part):
            inner = _compile(part)
            return lambda series: not inner(series)
        case Restriction(path, sign, value):
            check_field(path)
            if (
                path == ("metric", "type")
                and isinstance(value, str)
                and sign == "="
                and value not in {COUNT, LATENCIES}
            ):
                raise BadQuery(f"the local cloud measures {COUNT} and {LATENCIES} only, not {value!r}")
            test = _test(sign, value)
            return lambda series: (found := series.field(path)) is not None and test(found)
        case FunctionCall(name, _):
            raise BadQuery(f"{name}(...) is not a comparison")
        case Search(text):
            raise BadQuery(f"{text!r} is compared with nothing")
        case None:
            return lambda series: True


def _test(sign: str, value: str | FunctionCall) -> Callable[[str], bool]:
    matches = _function(value) if isinstance(value, FunctionCall) else _text(sign, value)
    if sign in {"=", ":"}:
        return matches
    if sign == "!=":
        return lambda found: not matches(found)
    if sign in {"<", "<=", ">", ">="} and isinstance(value, str):
        return _ordered(sign, value)
    raise BadQuery(f"labels cannot be compared with {sign}")


def _text(sign: str, value: str) -> Callable[[str], bool]:
    return (lambda found: value in found) if sign == ":" else (lambda found: found == value)


def _ordered(sign: str, value: str) -> Callable[[str], bool]:
    """Codes are compared as numbers where both are numbers."""

    def test(found: str) -> bool:
        left, right = (int(found), int(value)) if found.isdecimal() and value.isdecimal() else (found, value)
        return bool(
            {"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right}[sign]  # type: ignore[operator]
        )

    return test


def _function(call: FunctionCall) -> Callable[[str], bool]:
    wanted = call.arguments
    if call.name == "one_of" and wanted:
        return lambda found: found in wanted
    if len(wanted) == 1:
        text = wanted[0]
        match call.name:
            case "starts_with":
                return lambda found: found.startswith(text)
            case "ends_with":
                return lambda found: found.endswith(text)
            case "has_substring":
                return lambda found: text in found
            case "monitoring.regex.full_match":
                return _regular_expression(text)
    raise BadQuery(f"the local cloud does not know {call.name}(...) with {len(wanted)} arguments")


def _regular_expression(text: str) -> Callable[[str], bool]:
    try:
        pattern = re.compile(text)
    except re.error as error:
        raise BadQuery(f"{text!r} is not a regular expression: {error}") from None
    return lambda found: pattern.fullmatch(found) is not None
