"""The release that known-bad cases are about: what `selftest` asks every kind of step to reject. Values only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from deploy_lib.model.codes import Code
from deploy_lib.model.findings import Finding, Severity
from deploy_lib.model.release import Release
from deploy_lib.model.service import Service
from deploy_lib.model.traffic import TrafficMap, TrafficTarget

SERVICE = Service("selftest", "selftest-project", "us-central1", "selftest", "host/selftest-project/services")
BEFORE = TrafficMap((TrafficTarget("stable", 100),))
AFTER = TrafficMap((TrafficTarget("candidate", 100),))
RELEASE = Release(
    "selftest",
    SERVICE,
    "0" * 40,
    datetime(2026, 1, 1, tzinfo=UTC),
    image="host/selftest-project/services/selftest@sha256:" + "0" * 64,
    candidate="candidate",
    candidate_url="http://candidate.invalid",
    tag="canary",
    url="http://main.invalid",
    before=BEFORE,
)


@dataclass(frozen=True, slots=True)
class BadCase:
    """What a step must reject: the `answer` that its driver would give, or files of a `repository` that is read."""

    what: str
    answer: Any = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    repository: Mapping[str, str] | None = None


ONLY_ON_DISK = BadCase(
    "an imported module that git ignores",
    repository={
        "Dockerfile": 'FROM python:3.11-slim\nWORKDIR /app\nCOPY app/ app/\nCMD ["python", "-m", "app.main"]\n',
        ".gitignore": "llm_*.py\n",
        "app/__init__.py": "",
        "app/main.py": "from app.llm_config import MODEL\n",
        "app/llm_config.py": 'MODEL = "small"\n',
    },
)
"""A module that is imported and that only the disk has."""


def error(code: Code, message: str) -> tuple[Finding, ...]:
    """A finding of severity error."""
    return (Finding(code, Severity.ERROR, message),)
