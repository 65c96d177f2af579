"""gcloud as it is installed, led to a local cloud by the environment that the local cloud gives for it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.cloud import LocalCloud
from tests.waits import WITHIN

REGION = "us-central1"
_STYLED = re.compile(r"\x1b\[[0-9;]*m")  # which it prints without a terminal too


def environment(cloud: LocalCloud) -> dict[str, str]:
    answer = httpx.post(f"{cloud.http}/_local/gcloud", trust_env=False, timeout=WITHIN)
    found: dict[str, str] = answer.json()["environment"]
    return found


@dataclass(frozen=True)
class Gcloud:
    project: str
    variables: dict[str, str]

    def run(self, *words: str, within: float = 2 * WITHIN) -> tuple[int, str]:
        """Exit code, and all that it printed."""
        done = subprocess.run(
            ["gcloud", *words],
            capture_output=True,
            text=True,
            env=self.variables,
            stdin=subprocess.DEVNULL,
            timeout=within,
        )
        assert "gcloud crashed" not in done.stderr, done.stderr
        return done.returncode, _STYLED.sub("", done.stdout + done.stderr)

    def good(self, *words: str) -> str:
        code, printed = self.run(*words)
        assert code == 0, printed
        return printed

    def told(self, *words: str) -> Any:
        """What it prints as JSON, without its words on standard error."""
        done = subprocess.run(
            ["gcloud", *words, "--format=json"], capture_output=True, text=True, env=self.variables, timeout=2 * WITHIN
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


def led_to(cloud: LocalCloud, project: str) -> Gcloud:
    """Skips the test where gcloud is not installed."""
    if shutil.which("gcloud") is None:
        pytest.skip("gcloud is not installed, which is the client that is tried here")
    own = {name: value for name, value in os.environ.items() if not name.upper().startswith(("CLOUDSDK_", "HTTP"))}
    chosen = {
        "CLOUDSDK_CORE_PROJECT": project,
        "CLOUDSDK_RUN_REGION": REGION,
        "CLOUDSDK_CORE_DISABLE_PROMPTS": "1",
        "NO_COLOR": "1",
        # Whatever the shell says of proxies must not matter.
        "no_proxy": "googleapis.com",
        "https_proxy": "http://127.0.0.1:9",
    }
    return Gcloud(project, {**own, **chosen, **environment(cloud)})


def source(directory: Path, dockerfile: str) -> Path:
    """A directory to build: the subject of the emulator's own tests."""
    directory.mkdir(parents=True, exist_ok=True)
    shutil.copy(Path(__file__).parents[1] / "run" / "subject.py", directory / "app.py")
    (directory / "Dockerfile").write_text(dockerfile)
    return directory
