"""Reads the catalogue in tests/cases/diagnose: evidence as it was recorded, and the cause it must give."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from deploy_lib.model.answers import Attempt
from deploy_lib.model.evidence import BuildTrouble, Condition, Evidence, LogLine, LogSource
from deploy_lib.model.service import Service
from tests.golden_file import read_cases

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
DIRECTORY = Path(__file__).resolve().parents[2] / "cases" / "diagnose"
SERVICE = Service(
    "backend", "netra-staging", "us-central1", "netra-backend", "host/p/services", entrypoint="shop.main", port=8000,
    memory="512Mi",
)  # fmt: skip

CLASSES = {
    "missing_module",
    "missing_name",
    "syntax_error",
    "encoding_error",
    "missing_dependency",
    "missing_shared_library",
    "circular_import",
    "settings_error",
    "secret_missing",
    "secret_no_version",
    "secret_no_access",
    "wrong_port",
    "localhost_only",
    "never_listens",
    "exits_zero",
    "exits_nonzero",
    "out_of_memory",
    "slow_start",
    "cpu_starved",
    "image_missing",
    "image_no_permission",
    "wrong_architecture",
    "command_not_found",
    "not_executable",
    "vpc_missing",
    "quota",
    "revision_limit",
    "permission_denied",
    "dockerfile_error",
    "build_failed",
    "pip_failed",
    "build_timeout",
    "health_not_found",
    "health_error",
    "health_redirect",
    "health_body",
    "health_slow",
    "frontend_refused",
    "database_refused",
    "upstream_refused",
    "unknown",
}
"""The classes that a diagnosis has to tell apart; the catalogue must hold each of them."""


@dataclass(frozen=True, slots=True)
class Case:
    name: str
    evidence: Evidence
    attempts: tuple[Attempt, ...]
    gives: dict[str, Any]
    source: str = ""


def cases() -> Iterator[Case]:
    for path in sorted(DIRECTORY.glob("*.yaml")):
        for told in read_cases(path):
            yield _case(path.stem, told)


def crashes(stderr: str, count: int = 3, every: float = 12.0, lived: float = 2.5) -> tuple[LogLine, ...]:
    """What Cloud Run logs when a container dies alike `count` times: each line of stderr is an entry of its own."""
    lines: list[LogLine] = []
    for number in range(count):
        start = NOON + timedelta(seconds=every * number)
        lines.append(LogLine(start, "Starting new instance. Reason: DEPLOYMENT_ROLLOUT", LogSource.SYSTEM))
        lines += [LogLine(start + timedelta(seconds=lived - 0.1), text) for text in stderr.splitlines()]
        lines.append(LogLine(start + timedelta(seconds=lived), "Container called exit(1).", LogSource.SYSTEM))
    return tuple(lines)


def log(text: str) -> tuple[LogLine, ...]:
    """Lines of "seconds source text"; a request's source is request/status."""
    lines = []
    for line in text.splitlines():
        seconds, source, words = line.split(" ", 2)
        kind, _, status = source.partition("/")
        lines.append(
            LogLine(NOON + timedelta(seconds=float(seconds)), words, kind, status=int(status) if status else None)
        )
    return tuple(lines)


def _case(file: str, told: dict[str, Any]) -> Case:
    allowed = {"name", "crash", "log", "conditions", "operation", "build", "attempts", "port", "gives"}
    allowed |= {"caller", "permission", "startup_limit", "source"}
    assert told.keys() <= allowed, f"{file}: {told.get('name')}: {told.keys() - allowed}"
    lines = crashes(told["crash"]) if "crash" in told else log(told.get("log", ""))
    operation = told.get("operation", {})
    evidence = Evidence(
        conditions=tuple(
            Condition(each["type"], each.get("state", "CONDITION_FAILED"), each["reason"], each.get("message", ""))
            for each in told.get("conditions", ())
        ),
        log=lines,
        operation_code=operation.get("code"),
        operation_message=operation.get("message", ""),
        build=TypeAdapter(BuildTrouble).validate_python(told["build"]) if "build" in told else None,
        caller=told.get("caller"),
        permission=told.get("permission"),
        startup_limit=told.get("startup_limit"),
    )
    attempts = tuple(
        Attempt(float(number), each.get("seconds", 0.1), each.get("status"), each["problem"],
                excerpt=each.get("excerpt", ""))
        for number, each in enumerate(told.get("attempts", ()))
    )  # fmt: skip
    return Case(f"{file}: {told['name']}", evidence, attempts, told["gives"], told.get("source", ""))
