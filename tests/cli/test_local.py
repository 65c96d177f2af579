"""The command `local`, as it is typed: what it says is so when it returns, and nothing but a release starts a cloud."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.cloud import ROOT
from tests.engine_store import shared_store
from tests.waits import WITHIN

COMMAND = ROOT / "scripts" / "deploy_to_gcp.py"
CONFIG = """
project: netra-local
region: us-central1
local: true
images: us-central1-docker.pkg.dev/netra-local/services
services: {backend: {cloud_run: shop, port: 8080}}
steps: [{build: {}}, {canary: {}}, {promote: {percent: 100}}]
"""


@dataclass
class Place:
    """One state directory, and the command run in it."""

    root: Path
    path: str = os.environ["PATH"]

    @property
    def cloud(self) -> Path:
        return self.root / "local-cloud"

    @property
    def pid(self) -> int:
        return int((self.cloud / "lock").read_text())

    def run(self, *words: str) -> tuple[int, str, str]:
        variables = {name: value for name, value in os.environ.items() if not name.startswith(("LOCAL_", "STORAGE_"))}
        variables["PATH"] = self.path
        line = [sys.executable, str(COMMAND), *words, "--state", str(self.root)]
        done = subprocess.run(line, capture_output=True, text=True, timeout=WITHIN, env=variables, cwd=self.root)
        return done.returncode, done.stdout, done.stderr

    def up(self, *words: str) -> tuple[int, str, str]:
        return self.run("local", "up", "--engine", "namespaces", *words)


@pytest.fixture
def place(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """With the images that all tests share, so that none is made anew."""
    store = shared_store(tmp_path_factory)
    store.mkdir(parents=True, exist_ok=True)
    (tmp_path / "local-cloud").mkdir()
    (tmp_path / "local-cloud" / "engine").symlink_to(store)
    found = Place(tmp_path)
    yield found
    found.run("local", "down")


def release(place: Place, more: str = "") -> tuple[str, ...]:
    """The options for one of a repository with one commit; `more` is added to its configuration."""
    repository = place.root / "repository"
    repository.mkdir()
    (repository / "Dockerfile").write_text("FROM python:3.11-slim\n")
    who = {f"GIT_{who}_{what}": "a@example.invalid" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    for git in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "--message", "a"]):
        subprocess.run(["git", *git], cwd=repository, env={**os.environ, **who}, check=True)
    (place.root / "c.yaml").write_text(CONFIG + more)
    return ("--config", str(place.root / "c.yaml"), "--repo", str(repository), "--service", "backend")


def is_there(pid: int) -> bool:
    """A process that has ended and that its parent has not asked for has no command line any more."""
    path = Path(f"/proc/{pid}/cmdline")
    return path.exists() and path.read_bytes() != b""


@pytest.mark.slow
def test_down_and_up_follow_each_other_at_once(place: Place) -> None:
    code, out, err = place.up()
    assert code == 0 and "the local cloud is up, with engine namespaces" in out, err
    assert err.startswith("starting the local cloud")
    for _ in range(2):
        before = place.pid
        assert place.run("local", "down")[:2] == (0, "the local cloud is stopped\n")
        assert not is_there(before), "what is said to be stopped is gone"
        code, out, err = place.up()
        assert (code, "is up" in out) == (0, True), err
    assert place.run("local", "down")[0] == 0
    assert place.run("local", "down")[:2] == (0, "the local cloud was not running\n")


def test_up_again_is_no_error_and_other_options_are(place: Place) -> None:
    assert place.up("--time-scale", "0.5", "--profile", "production", "--reach", "localhost:5432")[0] == 0
    assert json.loads((place.cloud / "endpoints.json").read_text())["profile"] == "production"
    pid = place.pid
    for words in ((), ("--time-scale", "0.5"), ("--reach", "127.0.0.1:5432")):
        code, out, _ = place.up(*words)
        assert (code, "was up already" in out) == (0, True)
    assert "with engine namespaces and profile production, at " in place.run("local", "status")[1]
    code, out, _ = place.run("local", "env", "--gcloud")
    assert code == 0
    assert {line.partition("=")[0] for line in out.splitlines()} >= {
        "export CLOUDSDK_CONFIG",
        "export CLOUDSDK_PROXY_PORT",
    }
    code, _, err = place.up("--gcloud")
    assert (code, "--gcloud belongs to local env" in err) == (2, True), err
    code, _, err = place.up("--profile", "relaxed")
    assert (code, "runs already, with --profile production; end it first: " in err) == (2, True), err
    code, _, err = place.up("--time-scale", "0.1")
    assert (code, len(err.splitlines())) == (2, 1), err
    assert "the local cloud runs already, with --time-scale 0.5; end it first: " in err
    assert "local up" in err and err.rstrip().endswith("--engine namespaces --time-scale 0.1")
    code, _, err = place.up("--reach", "shop", "--reach", "localhost:5432")
    assert "the local cloud runs already, without --reach shop; end it first: " in err
    assert (code, err.rstrip().endswith("--engine namespaces --reach shop --reach localhost:5432")) == (2, True), err
    code, _, err = place.run(*release(place, "reach: [localhost:5432, '127.0.0.1:1']\n"))
    assert "runs already, and its containers may not reach 127.0.0.1:1, which the configuration names; end it" in err
    assert (code, "local down" in err) == (2, True), err
    code, _, err = place.run("local", "up", "--engine", "podman")
    assert (code, "with --engine namespaces" in err) == (2, True), err
    assert place.pid == pid


@pytest.mark.slow
def test_without_openssl_one_line_says_so(place: Place, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Whoever starts the local cloud has the programs that it needs, but for that one."""
    programs = tmp_path_factory.mktemp("programs")
    for directory in os.environ["PATH"].split(os.pathsep):
        for program in Path(directory).glob("*"):
            if program.name != "openssl" and not (programs / program.name).exists():
                (programs / program.name).symlink_to(program)
    place.path = str(programs)
    assert place.up()[0] == 0
    code, _, err = place.run("local", "env", "--gcloud")
    assert (code, len(err.splitlines())) == (4, 1), err
    assert "gcloud cannot be led to the local cloud: openssl is not installed" in err


def test_what_a_killed_one_left_is_no_cloud(place: Place) -> None:
    assert place.up()[0] == 0
    killed = place.pid
    os.kill(killed, signal.SIGKILL)
    code, _, err = place.run("local", "status")
    assert (code, "the local cloud is not running; start it with: " in err) == (4, True)
    assert place.run("local", "down")[:2] == (0, "the local cloud was not running\n")
    code, out, err = place.up()
    assert (code, "is up" in out) == (0, True), err
    assert place.pid != killed


@pytest.mark.parametrize("content", ["", "{", "[]", '{"pid": 1}', None])
def test_an_endpoints_file_that_is_stale_or_damaged_is_no_cloud(place: Place, content: str | None) -> None:
    """None: another program has got the number of the process."""
    mine = {"pid": os.getpid(), "grpc": "127.0.0.1:9", "http": "http://127.0.0.1:9", "registry": "x", "engine": "y"}
    (place.cloud / "endpoints.json").write_text(json.dumps(mine) if content is None else content)
    (place.cloud / "lock").write_text(str(os.getpid()))
    code, _, err = place.run("local", "status")
    assert (code, len(err.splitlines())) == (4, 1), err
    assert place.run("local", "down")[:2] == (0, "the local cloud was not running\n")


@pytest.mark.parametrize(
    "words", [("status",), ("plan",), ("deploy", "--dry-run"), ("hold",), ("rollback",), ("resume",)]
)
def test_what_only_looks_starts_no_cloud(place: Place, words: tuple[str, ...]) -> None:
    code, _, err = place.run(*words, *release(place))
    assert code == 4, err
    assert "the local cloud is not running; start it with: " in err and "local up" in err
    assert not (place.cloud / "lock").exists()


def test_a_state_directory_that_cannot_be_used_is_one_line(place: Place) -> None:
    (place.root / "file").write_text("")
    for words in (("local", "up"), ("local", "down"), ("local", "status")):
        line = [sys.executable, str(COMMAND), *words, "--state", str(place.root / "file" / "state")]
        done = subprocess.run(line, capture_output=True, text=True, timeout=WITHIN)
        assert done.returncode == (0 if "down" in words else 4)
        assert len((done.stderr or done.stdout).splitlines()) == 1 or words[1] == "up", done.stderr
        assert "Traceback" not in done.stderr
