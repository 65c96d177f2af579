"""gcloud as it is installed, led to a local cloud by the environment that the local cloud gives for it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
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


class Forks:
    """gcloud in processes that are forked after its imports; see gcloud_forks."""

    def __init__(self, variables: dict[str, str]) -> None:
        library = Path(shutil.which("gcloud") or "").resolve().parents[1] / "lib"
        python = variables.get("CLOUDSDK_PYTHON", sys.executable)
        program = [python, "-S", str(Path(__file__).with_name("gcloud_forks.py")), str(library)]
        self._server = subprocess.Popen(
            program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=variables
        )

    def run(self, words: Sequence[str], variables: dict[str, str]) -> subprocess.CompletedProcess[str]:
        server = self._server
        assert server.stdin is not None and server.stdout is not None
        with tempfile.TemporaryDirectory() as place:
            out, err = Path(place, "out"), Path(place, "err")
            server.stdin.write(json.dumps([words, variables, str(out), str(err)]) + "\n")
            server.stdin.flush()
            code = server.stdout.readline()
            assert code, f"gcloud {' '.join(words)} could not be run"
            return subprocess.CompletedProcess(words, int(code), out.read_text(), err.read_text())

    def close(self) -> None:
        self._server.communicate()


@dataclass(frozen=True)
class Gcloud:
    """`forks` runs it where many calls follow each other; without, each is started as it is typed."""

    project: str
    variables: dict[str, str]
    forks: Forks | None = None

    def run(self, *words: str) -> tuple[int, str]:
        """Exit code, and all that it printed."""
        done = self._done(*words)
        assert "gcloud crashed" not in done.stderr, done.stderr
        return done.returncode, _STYLED.sub("", done.stdout + done.stderr)

    def good(self, *words: str) -> str:
        code, printed = self.run(*words)
        assert code == 0, printed
        return printed

    def told(self, *words: str) -> Any:
        """What it prints as JSON, without its words on standard error."""
        done = self._done(*words, "--format=json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def _done(self, *words: str) -> subprocess.CompletedProcess[str]:
        if self.forks is not None:
            return self.forks.run(words, self.variables)
        line = ["gcloud", *words]
        return subprocess.run(
            line, capture_output=True, text=True, env=self.variables, stdin=subprocess.DEVNULL, timeout=2 * WITHIN
        )


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


@contextmanager
def many_calls(cloud: LocalCloud, project: str) -> Iterator[Gcloud]:
    """The same, for many calls."""
    gcloud = led_to(cloud, project)
    forks = Forks(gcloud.variables)
    try:
        yield replace(gcloud, forks=forks)
    finally:
        forks.close()


def source(directory: Path, dockerfile: str) -> Path:
    """A directory to build: the subject of the emulator's own tests."""
    directory.mkdir(parents=True, exist_ok=True)
    shutil.copy(Path(__file__).parents[1] / "run" / "subject.py", directory / "app.py")
    (directory / "Dockerfile").write_text(dockerfile)
    return directory
