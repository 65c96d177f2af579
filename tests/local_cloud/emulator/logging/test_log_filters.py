"""The query language of Cloud Logging: which entries a query finds, and which queries are refused."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from google.cloud.logging_v2.types import LogEntry
from google.protobuf import json_format
from hypothesis import given
from hypothesis import strategies as st

from deploy_lib.local_cloud.emulator.logging.filters import compile_filter, time_bounds
from deploy_lib.local_cloud.emulator.query.parse import BadQuery, parse
from deploy_lib.local_cloud.emulator.query.tree import And, FunctionCall, Node, Not, Or, Restriction, Search

ENTRY: Any = json_format.ParseDict(
    {
        "logName": "projects/p/logs/run.googleapis.com%2Fstdout",
        "resource": {
            "type": "cloud_run_revision",
            "labels": {"service_name": "Api", "revision_name": "api-00001"},
        },
        "labels": {"instanceId": "abc", "a/b": "slash", "one.two": "dots"},
        "severity": "ERROR",
        "timestamp": "2025-01-31T12:00:00.250Z",
        "insertId": "i1",
        "jsonPayload": {
            "message": "It Failed: code 7",
            "code": 7,
            "ratio": 0.5,
            "ok": False,
            "none": None,
            "user": {"name": "Ada", "tags": ["x", "y"]},
        },
        "httpRequest": {"status": 503, "latency": "1.5s", "requestMethod": "GET"},
    },
    LogEntry.pb(LogEntry()),
)


@pytest.mark.parametrize(
    "query",
    [
        "",
        "  -- nothing but a comment",
        "severity>=ERROR",
        "severity>=WARNING severity<CRITICAL",
        "severity=error",
        "severity=500",
        'resource.type="cloud_run_revision"\nresource.labels.service_name="api"',
        'resource.labels.service_name = "API"',
        'resource.labels.service_name != "other"',
        'logName="projects/p/logs/run.googleapis.com%2Fstdout"',
        "log_name:stdout",
        'log_id("run.googleapis.com/stdout")',
        'labels."a/b"="slash"',
        'labels."one.two"=dots',
        "labels.instanceId:*",
        'jsonPayload.message:"failed"',
        'jsonPayload.message=~"code \\d$"',
        'jsonPayload.message!~"code 8"',
        "jsonPayload.code=7",
        "jsonPayload.code>6.5",
        "jsonPayload.code:7",
        "jsonPayload.ok=false",
        "jsonPayload.none=NULL_VALUE",
        'json_payload.user.name=("Bob" OR "Ada")',
        "jsonPayload.user.tags=y",
        "jsonPayload.user:ada",
        "httpRequest.status>=500",
        'httpRequest.latency>"1s"',
        "httpRequest.latency<2s",
        'httpRequest.remoteIp=""',
        "httpRequest.cacheHit=false",
        'timestamp>="2025-01-31T12:00:00Z" timestamp<2025-01-31T12:00:01Z',
        'timestamp="2025-01-31T13:00:00.250+01:00"',
        'timestamp>"2025-01-31"',
        '"failed"',
        "slash",
        '"ADA"',
        "NOT severity<ERROR",
        "-severity<ERROR",
        "NOT jsonPayload.missing=1",
        "severity=INFO OR severity=ERROR",
        # OR binds tighter than AND: this is ERROR and (INFO or ERROR), not (ERROR and INFO) or ERROR.
        "severity=ERROR AND severity=INFO OR severity=ERROR",
        "(severity=INFO AND labels.x=y) OR severity=ERROR",
        "NOT (severity=INFO OR severity=DEBUG)",
        'trace=""',
    ],
)
def test_found(query: str) -> None:
    assert compile_filter(parse(query))(ENTRY)


@pytest.mark.parametrize(
    "query",
    [
        "severity>ERROR",
        'resource.type="cloud_run_job"',
        'resource.labels.missing="x"',
        'resource.labels.missing!="x"',  # no comparison with what is missing holds
        "jsonPayload.missing=1",
        "jsonPayload.missing:*",
        "jsonPayload.message=7",
        "jsonPayload.code=seven",
        'jsonPayload.message=~"CODE"',  # regular expressions alone look at the case
        'textPayload:"failed"',
        "trace:*",
        "httpRequest.status<500",
        'timestamp>"2025-01-31T12:00:00.250Z"',
        "absent",
        "severity=ERROR severity=INFO",
        "NOT severity=ERROR",
        # (INFO or ERROR) and INFO, where an AND that binds tighter would find it.
        "severity=ERROR OR severity=ERROR AND severity=INFO",
        'log_id("run.googleapis.com/stderr")',
    ],
)
def test_not_found(query: str) -> None:
    assert not compile_filter(parse(query))(ENTRY)


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("severity>=", "ends where"),
        ("severity>=LOUD", "not a severity"),
        ('thud="x"', "no field 'thud'"),
        ("textPayload.thud=1", "textPayload.thud"),
        ('timestamp>"yesterday"', "want a time"),
        ("httpRequest.status=many", "not a number"),
        ("(severity=ERROR", "not closed"),
        ("severity=ERROR)", "unexpected"),
        ("a=1 OR", "ends where"),
        ("AND severity=ERROR", "unexpected 'AND"),
        ('textPayload=~"("', "not a regular expression"),
        ('severity=~"ERR"', "not a text"),
        ("sample(insertId, 0.1)", "log_id"),
        ('textPayload="never closed', "unexpected"),
        ("severity=starts_with(x)", "does not know"),
        ("resource=x", "not a single value"),
        ("(" * 200 + "a" + ")" * 200, "nested"),
        ("NOT " * 4000 + "a", "nested"),
        ("a" * 20_001, "characters"),
    ],
)
def test_refused(query: str, why: str) -> None:
    with pytest.raises(BadQuery, match=why):
        compile_filter(parse(query))


def test_a_place_is_named_by_line_and_column() -> None:
    with pytest.raises(BadQuery, match="line 2, column 7"):
        parse('a="1"\nb="2" = c')


def test_time_bounds_come_from_what_must_hold_and_from_nothing_else() -> None:
    second = 1_000_000_000
    tree = parse('timestamp>="1970-01-01T00:00:02Z" severity=ERROR timestamp<"1970-01-01T00:00:09.5Z"')
    assert time_bounds(tree) == (2 * second, 9 * second + second // 2)
    assert time_bounds(parse('timestamp>="1970-01-01T00:00:02Z" OR severity=ERROR')) == (None, None)
    assert time_bounds(None) == (None, None)


_TEXT = st.text(alphabet='abAND OR NOT."\\()-:=~\n', max_size=8)
_LEAVES = (
    st.builds(Search, _TEXT)
    | st.builds(
        Restriction,
        st.lists(_TEXT, min_size=1, max_size=3).map(tuple),
        st.sampled_from(["=", "!=", "<", "<=", ">", ">=", ":", "=~", "!~"]),
        _TEXT | st.builds(FunctionCall, st.just("one_of"), st.lists(_TEXT, max_size=2).map(tuple)),
    )
    | st.builds(FunctionCall, st.just("log_id"), st.lists(_TEXT, max_size=2).map(tuple))
)
_TREES = st.recursive(
    _LEAVES,
    lambda inner: (
        st.builds(Not, inner)
        | st.builds(And, st.lists(inner, min_size=2, max_size=3).map(tuple))
        | st.builds(Or, st.lists(inner, min_size=2, max_size=3).map(tuple))
    ),
    max_leaves=8,
)


@given(_TREES)
def test_what_is_written_down_is_read_back(tree: Node) -> None:
    assert parse(_written(tree)) == tree


@given(st.text(alphabet='ab=~!<>:()"\\-. \nANDORT1*', max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(BadQuery):
        parse(text)


def _written(node: Node) -> str:
    match node:
        case And(parts):
            return "(" + " ".join(_written(part) for part in parts) + ")"
        case Or(parts):
            return "(" + " OR ".join(_written(part) for part in parts) + ")"
        case Not(part):
            return f"NOT {_written(part)}"
        case Search(text):
            return _quoted(text)
        case FunctionCall(name, arguments):
            return f"{name}({', '.join(map(_quoted, arguments))})"
        case Restriction(path, sign, value):
            right = _written(value) if isinstance(value, FunctionCall) else _quoted(value)
            return f"{'.'.join(map(_quoted, path))} {sign} {right}"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
