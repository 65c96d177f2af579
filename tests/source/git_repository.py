"""A small repository to read, and a release of it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from deploy_lib.model.release import Options, Release
from deploy_lib.model.service import BuildSource, Service

FILES = {
    "Dockerfile": "FROM python:3.11-slim\nWORKDIR /srv\nCOPY app app\nCMD uvicorn app.main:app\n",
    ".gitignore": "*.log\nllm_config*\n/generated/\n",
    "app/__init__.py": "",
    "app/main.py": "from app import models\n\napp = models\n",
    "app/models.py": "X = 1\n",
    "README.md": "# Read\n",
}


class GitRepository:
    """A working copy and its git. Nothing of the person's own settings is used."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir()
        self.git("init", "--quiet", "--initial-branch=main")

    def git(self, *words: str) -> str:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        environment |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "GIT_ALLOW_PROTOCOL": "file"}
        who = ("-c", "user.name=Example", "-c", "user.email=example@example.invalid", "-c", "commit.gpgsign=false")
        done = subprocess.run(
            ["git", *who, *words], cwd=self.root, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def write(self, files: Mapping[str, str]) -> None:
        for path, text in files.items():
            (self.root / path).parent.mkdir(parents=True, exist_ok=True)
            (self.root / path).write_text(text, encoding="utf-8")

    def commit(self, files: Mapping[str, str] | None = None, message: str = "Change") -> str:
        self.write(files or {})
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD")


def release_of(commit: str, source: BuildSource | None = None, builder: str = "cloud_build") -> Release:
    service = Service("backend", "p", "r", "backend", "images", source or BuildSource())
    return Release("r1", service, commit, datetime(2026, 1, 1, tzinfo=UTC), options=Options(builder=builder))
