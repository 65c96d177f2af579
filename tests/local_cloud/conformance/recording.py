"""Exchanges recorded against Google's own APIs, as files in tests/recorded/: another file needs no code.

A file is `{"source": ..., "exchanges": [{"request": {"method", "url", "body"}, "response": {"status", "body"}}]}`.
Which call of the official client a request is, the client library's own HTTP rules say.

A published capture, of which not everything was published, has `"partial": true`: what it leaves out is not compared,
and `"(absent)"` is a field that it shows to be absent. Its requests are made up, its answers are not; "seconds" in its
texts are any number of them.
"""

from __future__ import annotations

import importlib
import inspect
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

DIRECTORY = Path(__file__).resolve().parents[2] / "recorded"
_APIS = {
    "run.googleapis.com": ("google.cloud.run_v2", ("services", "revisions", "jobs", "executions", "tasks")),
    "cloudbuild.googleapis.com": ("google.cloud.devtools.cloudbuild_v1", ("cloud_build",)),
    "secretmanager.googleapis.com": ("google.cloud.secretmanager_v1", ("secret_manager_service",)),
}
_WORDS = {"true": True, "false": False}
_VARIABLE = re.compile(r"\{([a-z_.]+)(?:=([^}]*))?\}")


@dataclass(frozen=True, slots=True)
class Rule:
    """One way to write one RPC in HTTP. `service` is the client library's module."""

    service: str
    rpc: str
    verb: str
    path: re.Pattern[str]
    body: str  # the request's field that the body is; "*" for the whole, "" for none
    variables: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Exchange:
    method: str
    url: str
    body: Any
    status: int
    answer: Any
    partial: bool = False

    @property
    def host(self) -> str:
        return urlsplit(self.url).netloc

    @property
    def is_poll(self) -> bool:
        return "/operations/" in self.url and (self.method == "GET" or self.url.partition("?")[0].endswith(":wait"))

    @property
    def integers(self) -> bool:
        """Enums as numbers."""
        return "enum-encoding" in self.url

    def __str__(self) -> str:
        return f"{self.method} {urlsplit(self.url).path}"


def recordings() -> list[Path]:
    return sorted(DIRECTORY.glob("*.json"))


def read(path: Path) -> list[Exchange]:
    whole = json.loads(path.read_text(encoding="utf-8"))
    return [
        Exchange(
            each["request"]["method"],
            each["request"]["url"],
            each["request"]["body"],
            each["response"]["status"],
            each["response"]["body"] or {},
            whole.get("partial", False),
        )
        for each in whole["exchanges"]
    ]


def call_of(exchange: Exchange) -> tuple[str, str, dict[str, Any]]:
    """The client library's service, the RPC, and its request as JSON. Raises LookupError when none fits."""
    parts = urlsplit(exchange.url)
    for rule in rules(parts.netloc):
        match = rule.path.fullmatch(parts.path) if rule.verb == exchange.method else None
        if match is None:
            continue
        wanted: dict[str, Any] = {}
        for name, value in parse_qsl(parts.query):
            if name not in {"alt", "$alt", "prettyPrint"}:
                _put(wanted, name, _WORDS.get(value, value))
        if rule.body == "*":
            wanted |= exchange.body or {}
        elif rule.body:
            wanted[rule.body] = dict(exchange.body or {})
        for variable, value in zip(rule.variables, match.groups(), strict=True):
            _put(wanted, variable, value)
        return rule.service, rule.rpc, wanted
    raise LookupError(f"no rule of the client library fits {exchange}")


def _put(wanted: dict[str, Any], path: str, value: object) -> None:
    """At "options.requestedPolicyVersion", in an object of its own."""
    *outer, last = path.split(".")
    for name in outer:
        wanted = wanted.setdefault(name, {})
    wanted[last] = value


@cache
def rules(host: str) -> tuple[Rule, ...]:
    package, services = _APIS[host]
    return tuple(rule for service in services for rule in _rules(package, service))


def _rules(package: str, service: str) -> Iterator[Rule]:
    module = importlib.import_module(f"{package}.services.{service}.transports.rest_base")
    (base,) = (each for name, each in inspect.getmembers(module, inspect.isclass) if name.endswith("RestTransport"))
    for name, holder in inspect.getmembers(base, inspect.isclass):
        options = getattr(holder, "_get_http_options", None)
        for option in options() if options is not None else ():
            pattern, variables = _pattern(option["uri"])
            rpc, verb = name.removeprefix("_Base"), option["method"].upper()
            yield Rule(service, rpc, verb, pattern, option.get("body", ""), variables)


def _pattern(template: str) -> tuple[re.Pattern[str], tuple[str, ...]]:
    """/v2/{name=projects/*/services/*} as an expression with one group for each variable."""
    text, at, names = "", 0, []
    for found in _VARIABLE.finditer(template):
        text += re.escape(template[at : found.start()])
        text += "(" + re.escape(found[2] or "*").replace(r"\*\*", ".+").replace(r"\*", "[^/:]+") + ")"
        names.append(found[1])
        at = found.end()
    return re.compile(text + re.escape(template[at:])), tuple(names)
