"""What cannot be meant or done: one clear message, its place and remedy, the exit code, and nothing half done."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from deploy_lib.cli.main import main
from tests.cloud import LocalCloud
from tests.engine_store import shared_store
from tests.rehearsal.cli_harness import WHOLE, CliHarness
from tests.rehearsal.clocks import Hurried
from tests.rehearsal.plans import when
from tests.waits import WITHIN

ROOT = Path(__file__).resolve().parents[2]
COMMAND = ROOT / "scripts" / "deploy_to_gcp.py"
HEAD = "project: netra-rehearsal\nregion: us-central1\nimages: host/netra-rehearsal/services\n"
SERVICES = "services:\n  backend: {cloud_run: backend}\n"
STEPS = "steps: [build, canary, {promote: {percent: 100}}]\n"
GOOD = HEAD + SERVICES + STEPS
EVERYTHING = """\
project: netra-rehearsal
regoin: us-central1
images: host/netra-rehearsal/services
services:
  backend:
    cloud_run: backend
    port: "eighty"
    dockerfile: nowhere/Dockerfile
    after: [auht]
steps:
  - probe: {attempts: many}
  - buidl:
"""
NO_ONE_HOME = {
    "LOCAL_CLOUD_GRPC": "127.0.0.1:9",
    "STORAGE_EMULATOR_HOST": "http://127.0.0.1:9",
    "LOCAL_CLOUD_REGISTRY": "127.0.0.1:9",
}


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A commit with a Dockerfile and the configuration of a project in Google's own cloud."""
    root = tmp_path_factory.mktemp("repository")
    (root / "config").mkdir()
    (root / "config" / "staging.yaml").write_text(GOOD.replace("netra-rehearsal", "netra-staging"))
    (root / "Dockerfile").write_text('FROM python:3.11-slim\nCOPY app.py .\nCMD ["python", "app.py"]\n')
    (root / "app.py").write_text("x = 1\n")
    who = {f"GIT_{who}_{what}": "a@example.invalid" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    for words in (["init", "--quiet", "--initial-branch=main"], ["add", "."], ["commit", "--quiet", "--message", "a"]):
        subprocess.run(["git", *words], cwd=root, env={**os.environ, **who}, check=True)
    return root


def as_process(*words: str, cwd: Path, variables: Mapping[str, str] | None = None) -> tuple[int, str, float]:
    """Exit code, what it said, and the seconds it took."""
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, str(COMMAND), *words],
        cwd=cwd,
        env={"PATH": os.environ["PATH"], **(variables or {})},
        capture_output=True,
        text=True,
        timeout=WITHIN,
    )
    assert "Traceback" not in done.stdout + done.stderr
    return done.returncode, done.stderr + done.stdout, time.monotonic() - began


def assert_untouched(state: Path) -> None:
    assert not list(state.glob("releases/**/*.jsonl")), "no release was begun"


@pytest.mark.parametrize(
    ("text", "words", "told"),
    [
        pytest.param(GOOD + "zoo: 1\n", (), ["bad.yaml:7:1: unknown key 'zoo'"], id="unknown key"),
        pytest.param(
            GOOD.replace("cloud_run: backend", "cloud_run: backend, port: x"),
            (),
            ["bad.yaml:5:33: port is a whole number, not 'x'"],
            id="wrong type",
        ),
        pytest.param(
            GOOD.replace("canary", "cannary"), (), ["unknown step 'cannary'; did you mean canary?"], id="unknown step"
        ),
        pytest.param(
            GOOD, ("--service", "auth"), ["bad.yaml:4:1: unknown service 'auth'; known: backend"], id="service"
        ),
        pytest.param(
            HEAD + SERVICES + "steps: [canary, build]\n", (), ["bad.yaml:6:9: canary needs build before it"], id="order"
        ),
        pytest.param(
            GOOD.replace("cloud_run: backend", "cloud_run: backend, dockerfile: no/Dockerfile"),
            (),
            ["bad.yaml:5:33: there is no Dockerfile at no/Dockerfile in the repository"],
            id="no Dockerfile",
        ),
        pytest.param("a: [1\nb: 2", (), ["bad.yaml:2:2: not valid YAML"], id="no YAML"),
        pytest.param(
            "", (), ["bad.yaml: the file must be a mapping of keys; config/reference.yaml shows every key"], id="empty"
        ),
        pytest.param(
            EVERYTHING,
            (),
            [
                "bad.yaml:1:1: region is missing",
                "bad.yaml:2:1: unknown key 'regoin'; did you mean region?",
                "bad.yaml:7:5: port is a whole number, not 'eighty'",
                "bad.yaml:8:5: there is no Dockerfile at nowhere/Dockerfile in the repository",
                "bad.yaml:9:5: unknown service 'auht'; known: backend",
                "bad.yaml:11:13: attempts is a whole number, not 'many'",
                "bad.yaml:12:5: unknown step 'buidl'; did you mean build?",
                "7 problem(s) in the configuration; nothing was done",
            ],
            id="all at once",
        ),
        pytest.param(GOOD, ("--commit", "v9"), ["--commit v9: there is no such commit"], id="no such commit"),
        pytest.param(GOOD, ("--commit=--all",), ["--commit --all: there is no such commit"], id="a flag for a commit"),
        pytest.param(GOOD, ("--service-account", "a b"), ["--service-account 'a b' is not an account"], id="account"),
        pytest.param(GOOD, ("--region", "../x"), ["--region '../x' is not a Google Cloud region"], id="region"),
        pytest.param(GOOD, ("--skip-build", "a:latest"), ["name the image by digest, NAME@sha256:"], id="a tag"),
        pytest.param(
            GOOD, ("--skip-build", "--rebuild"), ["leave out --rebuild and --build-local"], id="contradiction"
        ),
        pytest.param(GOOD, ("--skip-validation",), ["--skip-validation is refused: leave a step out"], id="old: skip"),
        pytest.param(GOOD, ("--cleanup",), ["--cleanup is refused: revisions are kept"], id="old: cleanup"),
        pytest.param(GOOD, ("--rollback",), ["--rollback is now a command of its own: rollback"], id="old: back"),
    ],
)
def test_misuse_ends_before_anything_is_done(
    repository: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    text: str,
    words: tuple[str, ...],
    told: list[str],
) -> None:
    (tmp_path / "bad.yaml").write_text(text)
    monkeypatch.chdir(tmp_path)
    where = ["--config", "bad.yaml", "--repo", str(repository), "--state", str(tmp_path / "state")]
    service = [] if "--service" in words else ["--service", "backend"]
    assert main(["deploy", *where, *service, *words]) == 2
    said = capsys.readouterr()
    assert [each for each in told if each not in said.err] == [], said.err
    assert said.out == ""
    assert "Traceback" not in said.err and "fault of this tool" not in said.err
    assert_untouched(tmp_path / "state")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--config", "nowhere.yaml"], "nowhere.yaml: there is no such file"),
        (["--config", "."], "this is a directory; name a YAML file"),
        (["--project", "nothing"], "--project: unknown project 'nothing'; known: "),
        ([], "which project? give --project P, or --config FILE, or --local for the local cloud"),
        (["--repo", "nowhere", "--local"], "--repo nowhere: there is no such directory"),
        (
            ["--local", "--config", "config/staging.yaml"],
            "config/staging.yaml:1:1: --local, and this file is for Google Cloud; add the line local: true",
        ),
        (["--no-such-flag"], "unrecognized arguments: --no-such-flag"),
    ],
)
def test_misuse_of_the_command_line(repository: Path, words: list[str], told: str) -> None:
    code, said, _ = as_process(*words, "--service", "backend", cwd=repository)
    assert (code, told in said) == (2, True), said


@pytest.mark.parametrize("flag", ["--commit", "--config", "--repo", "--service"])
def test_an_endless_value_is_not_said_whole(repository: Path, flag: str) -> None:
    code, said, _ = as_process("check", flag, "x" * 100_000, cwd=repository)
    assert (code, len(said) < 5000, flag in said or "xxx" in said) == (2, True, True), said[:300]


def test_a_commit_that_is_another_object(repository: Path) -> None:
    code, said, _ = as_process("check", "--commit", "HEAD^{tree}", cwd=repository)
    assert (code, "--commit HEAD^{tree}: it names a tree, not a commit" in said) == (2, True), said


def test_a_working_copy_that_is_elsewhere(repository: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(repository, tmp_path / "copy"))
    (tmp_path / "elsewhere").mkdir()
    subprocess.run(["git", "config", "core.worktree", str(tmp_path / "elsewhere")], cwd=copy, check=True)
    code, said, _ = as_process("check", cwd=copy)
    assert (code, "core.worktree" in said, "in no git repository" in said) == (2, True, False), said


@pytest.mark.parametrize("word", ["check", "--help"])
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_an_output_that_is_full(repository: Path, word: str, unbuffered: str) -> None:
    """Whether it is met while the command prints, or when it has ended."""
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, str(COMMAND), word], cwd=repository, stdout=full, stderr=subprocess.PIPE, text=True,
            env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
        )  # fmt: skip
    assert (done.returncode, done.stderr.count("\n")) == (4, 1), done.stderr
    assert "standard output" in done.stderr and "No space left on device" in done.stderr


def test_no_repository(tmp_path: Path) -> None:
    code, said, _ = as_process("--local", "--service", "backend", cwd=tmp_path)
    assert (code, len(said.splitlines())) == (2, 2)
    assert "is in no git repository, and releases are made from commits" in said
    assert "a new one starts with git init and a commit" in said


def test_no_credentials(repository: Path, tmp_path: Path) -> None:
    """With a home that holds none, and none in the environment."""
    words = ("--project", "netra-staging", "--service", "backend", "--state", str(tmp_path / "state"))
    code, said, _ = as_process(*words, cwd=repository, variables={"HOME": str(tmp_path)})
    assert code == 4, said
    assert "no Google credentials were found on this machine (type: gcloud auth application-default login" in said
    last = said.splitlines()[-1]
    assert last.startswith("serving: not known: no Google credentials were found on this machine"), said


def test_a_local_cloud_that_does_not_run(repository: Path, tmp_path: Path) -> None:
    (tmp_path / "good.yaml").write_text(GOOD + "local: true\n")
    words = ("--config", str(tmp_path / "good.yaml"), "--service", "backend", "--state", str(tmp_path / "state"))
    code, said, _ = as_process("status", *words, cwd=repository, variables=NO_ONE_HOME)
    assert (code, len(said.splitlines())) == (4, 2)
    assert "the local cloud at 127.0.0.1:9 does not answer" in said
    assert "scripts/deploy_to_gcp.py local up" in said


def test_half_of_its_addresses(repository: Path, tmp_path: Path) -> None:
    (tmp_path / "good.yaml").write_text(GOOD + "local: true\n")
    half = {"LOCAL_CLOUD_GRPC": "127.0.0.1:9"}
    code, said, _ = as_process("--config", str(tmp_path / "good.yaml"), cwd=repository, variables=half)
    assert (code, "STORAGE_EMULATOR_HOST and LOCAL_CLOUD_REGISTRY not; " in said) == (
        2,
        True,
    )


@pytest.mark.parametrize("command", ["deploy", "plan", "check", "status", "history", "rollback", "report", "resume"])
@pytest.mark.parametrize("make", [Path.touch, os.mkfifo], ids=["file", "pipe"])
def test_a_state_directory_that_is_something_else(
    repository: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str, make: Callable[[Path], None]
) -> None:
    make(tmp_path / "file")
    (tmp_path / "good.yaml").write_text(GOOD + "local: true\n")
    of = (
        [] if command in ("history", "report") else ["--config", str(tmp_path / "good.yaml"), "--repo", str(repository)]
    )
    assert main([command, *of, "--state", str(tmp_path / "file")]) == 2
    assert f"--state {tmp_path / 'file'} is not a directory" in capsys.readouterr().err


def test_a_state_directory_that_cannot_be(repository: Path, tmp_path: Path) -> None:
    (tmp_path / "good.yaml").write_text(GOOD + "local: true\n")
    (tmp_path / "file").write_text("")
    words = ("--config", str(tmp_path / "good.yaml"), "--state", str(tmp_path / "file" / "state"))
    code, said, _ = as_process(*words, cwd=repository)
    assert (code, "Not a directory; --state names another directory" in said) == (4, True), said


@pytest.mark.slow
@pytest.mark.parametrize("after", ["build", pytest.param("probe", marks=pytest.mark.slow)])
def test_a_local_cloud_that_dies_midway(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, after: str) -> None:
    """No traffic has moved, so it is not found out how the release would have ended, and that is all."""
    with LocalCloud(tmp_path / "cloud", store=shared_store(tmp_path_factory)) as cloud:
        harness = CliHarness(cloud, tmp_path, "midway")
        clock = Hurried(60.0, calm=True)

        def die() -> None:
            cloud.kill()
            clock.hurry()

        result = harness.release(harness.config(WHOLE), cue=when(after, die), clock=clock)
        assert result.code == 4, (result.stopped, result.statuses)
        assert "does not answer (start it with: " in result.stopped["reason"]
        assert "Traceback" not in result.errors
        cloud.start()
        resumed = harness.command("resume", harness.config(WHOLE), "--force")
        assert resumed.code == 0, f"{resumed.errors} {resumed.events}"


@pytest.mark.skipif(not shutil.which("unshare"), reason="needs unshare, to forbid namespaces to one process alone")
def test_namespaces_that_are_forbidden(tmp_path: Path) -> None:
    """In a namespace that may have none below it, as on a host where the setting is 0."""
    forbid = 'echo 0 > /proc/sys/user/max_user_namespaces && exec "$@"'
    words = [sys.executable, str(COMMAND), "local", "up", "--engine", "namespaces", "--state", str(tmp_path)]
    done = subprocess.run(
        ["unshare", "-r", "sh", "-c", forbid, "sh", *words], capture_output=True, text=True, timeout=WITHIN, cwd=ROOT
    )
    if done.stderr.startswith("unshare:") or ("max_user_namespaces" in done.stderr and "sh:" in done.stderr):
        pytest.skip("this machine lets nobody lower the setting in a namespace of its own")
    begun, *told = done.stderr.splitlines()
    assert (done.returncode, begun, len(told)) == (4, "starting the local cloud", 1), done.stderr
    assert "this host forbids unprivileged namespaces" in done.stderr
    assert "sudo sysctl -w user.max_user_namespaces=15000; or install podman" in done.stderr
