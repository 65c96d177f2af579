"""The configuration of each story: the same service, and the steps that the story leaves switched on.

A gate is switched off as a user would do it, by leaving it out of `steps:`.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

import yaml

SERVICE: dict[str, Any] = {
    "project": "netra-rehearsal",
    "local": True,
    "region": "us-central1",
    "images": "us-central1-docker.pkg.dev/netra-rehearsal/services",
    "services": {
        "backend": {
            "cloud_run": "netra-backend",
            "context": ".",
            "dockerfile": "Dockerfile",
            "entrypoint": "shop_backend.main",
            "port": 8080,
            "cpu": 1,
            "memory": "512Mi",
            "instances": {"min": 1, "max": 3},
            "env": {"ENVIRONMENT": "rehearsal"},
        }
    },
    "on_failure": "restore",
    "on_inconclusive": "restore",
}

STEPS: tuple[dict[str, Any], ...] = (
    {"git_clean": {"branches": ["main"]}},
    {"image_contents": None},
    {"config_contract": None},
    {"build": {"with": "cloud_build", "timeout": "5m", "cache": True}},
    {"import_check": None},
    {"canary": {"tag": "canary", "ready_within": "60s"}},
    {"probe": {"path": "/health", "attempts": 10, "need": 3, "every": "200ms"}},
    {"promote": {"percent": 10}},
    {"compare": {"for": "6s", "path": "/orders/1001", "every": "100ms"}},
    {"promote": {"percent": 100}},
    {"verify": {"within": "30s"}},
)


def steps_without(left_out: Collection[str]) -> list[dict[str, Any]]:
    """The steps in order, less the kinds named. Raises ValueError for a kind that is not among them."""
    known = {kind for step in STEPS for kind in step}
    if unknown := set(left_out) - known:
        raise ValueError(f"no such step: {', '.join(sorted(unknown))}")
    return [step for step in STEPS if not set(step) & set(left_out)]


def write(path: Path, left_out: Collection[str] = ()) -> Path:
    """Writes the YAML file and gives its path back."""
    document = {**SERVICE, "steps": steps_without(left_out)}
    path.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
    return path
