"""For rehearsals: a repository with a small service, the real local cloud, and the tool run as a user runs it.

    harness.release(harness.config(steps))   a release in this process, by the command's own main()
    harness.start(harness.config(steps))     the same as a process, to be killed or interrupted
    harness.maps()                           every traffic map the service carried, in order

Nothing of the tool is replaced: the clients are Google's, the service is a real process behind a real front door.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import yaml

from deploy_lib.cli.main import main
from tests import forked
from tests.cloud import LocalCloud
from tests.forked import COMMAND

SERVICE = Path(__file__).parent / "service"
PROJECT = "netra-rehearsal"
WHOLE = (
    {"build": {"with": "cloud_build", "timeout": "5m"}},
    {"canary": {"ready_within": "2m", "words_within": "1s"}},
    {"probe": {"attempts": 10, "need": 2, "every": "20ms"}},
    {"promote": {"percent": 100}},
    {"verify": {"within": "1m"}},
)
Shares = dict[str, int]
Cue = Callable[[dict[str, Any]], None]
"""Called with each event as the command writes it; the command waits until it returns."""


@dataclass(frozen=True, slots=True)
class CommandResult:
    """How one command ended. `events` are its JSON lines."""

    code: int
    events: tuple[dict[str, Any], ...]
    errors: str = ""

    def of_type(self, name: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event.get("type") == name]

    def ended(self, code: int = 0) -> CommandResult:
        """The same, which the story goes on from. Fails, with what it said, where it ended otherwise."""
        assert self.code == code, f"it ended with {self.code} instead of {code}: {self.statuses} {self.errors}"
        return self

    @property
    def statuses(self) -> list[tuple[str, str]]:
        return [(event["label"], event["status"]) for event in self.of_type("judged")]

    @property
    def stopped(self) -> dict[str, Any]:
        found = self.of_type("stopped")
        assert found, f"no last word; it said: {self.errors}"
        return found[-1]

    @property
    def candidate(self) -> str:
        names = [event["release"]["candidate"] for event in self.of_type("judged")]
        found = [name for name in names if name]
        assert found, f"no candidate: {self.statuses} {self.errors}"
        return str(found[-1])


@dataclass
class CliHarness:
    """`service` is the name on Cloud Run, another for each story, so that stories do not meet."""

    cloud: LocalCloud
    root: Path
    service: str
    more: dict[str, str] = field(default_factory=dict)  # variables of the tool's own environment
    source: Path = SERVICE  # what the repository begins with
    project: str = PROJECT
    state: Path = field(init=False)
    repository: Path = field(init=False)

    def __post_init__(self) -> None:
        self.state = self.root / "state"
        self.repository = self.root / "repository"
        shutil.copytree(self.source, self.repository, ignore=shutil.ignore_patterns("__pycache__"))
        self.git("init", "--quiet", "--initial-branch=main")
        self.commit("Begin")

    # The repository

    def git(self, *words: str) -> str:
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("GIT_")},
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            **{
                f"GIT_{who}_{what}": "example@example.invalid"
                for who in ("AUTHOR", "COMMITTER")
                for what in ("NAME", "EMAIL")
            },
        }
        done = subprocess.run(["git", *words], cwd=self.repository, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def commit(self, message: str = "Change") -> str:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)
        return self.git("rev-parse", "HEAD")

    def write(self, path: str, text: str) -> None:
        target = self.repository / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)

    # The tool

    def config(
        self,
        steps: Sequence[Mapping[str, Any]] = WHOLE,
        behave: Mapping[str, Any] | None = None,
        services: Mapping[str, Mapping[str, Any]] | None = None,
        **more: Any,
    ) -> Path:
        """A configuration file; `behave` is what the service's variables tell it to do, `more` top-level keys."""
        entry = self.entry(self.service, behave)
        document = {
            "project": self.project,
            "local": True,
            "region": "us-central1",
            "images": f"us-central1-docker.pkg.dev/{self.project}/services",
            "services": services or {"backend": entry},
            "steps": [dict(step) for step in steps],
            **more,
        }
        path = self.root / "config.yaml"
        path.write_text(yaml.safe_dump(document, sort_keys=False))
        return path

    def entry(self, cloud_run: str, behave: Mapping[str, Any] | None = None, **more: Any) -> dict[str, Any]:
        env = {"BEHAVE": json.dumps(behave)} if behave else {"BEHAVE": "{}"}
        return {"cloud_run": cloud_run, "port": 8080, "memory": "256Mi", "env": env, **more}

    def run(self, *words: str, state: Path | None = None, cue: Cue | None = None, **given: Any) -> CommandResult:
        """A command in this process. JSON events are read from its standard output; `given` as main() takes it."""
        out, errors = _Out(cue), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(errors), self.environment():
            code = main([*words, "--state", str(state or self.state)], **given)
        lines = [json.loads(line) for line in out.getvalue().splitlines() if line.startswith("{")]
        return CommandResult(code, tuple(lines), errors.getvalue() + "".join(_not_json(out.getvalue())))

    def release(
        self, config: Path, *words: str, state: Path | None = None, cue: Cue | None = None, **given: Any
    ) -> CommandResult:
        return self.command("deploy", config, *words, state=state, cue=cue, **given)

    def command(
        self, name: str, config: Path, *words: str, state: Path | None = None, cue: Cue | None = None, **given: Any
    ) -> CommandResult:
        where = ["--config", str(config), "--repo", str(self.repository), "--output", "json"]
        names = [] if "--service" in words or "--all" in words else ["--service", "backend"]
        return self.run(name, *where, *names, *words, state=state, cue=cue, **given)

    def start(
        self, config: Path, *words: str, command: str = "deploy", state: Path | None = None
    ) -> subprocess.Popen[str]:
        """The same as a process of its own."""
        line = [sys.executable, str(COMMAND), *self._line(config, *words, command=command, state=state)]
        return subprocess.Popen(
            line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, **self.variables}
        )

    def started(self, config: Path, *words: str, command: str = "deploy", state: Path | None = None) -> CommandResult:
        """A whole command as a process of its own, such as may run beside another in this one."""
        line = self._line(config, *words, command=command, state=state)
        done = forked.run(line, variables={**os.environ, **self.variables})
        out = done.stdout.decode()
        events = tuple(json.loads(line) for line in out.splitlines() if line.startswith("{"))
        return CommandResult(done.returncode, events, done.stderr.decode() + "".join(_not_json(out)))

    def _line(self, config: Path, *words: str, command: str, state: Path | None) -> list[str]:
        names = [] if "--job" in words else ["--service", "backend"]
        of = ["--config", str(config), "--repo", str(self.repository), *names]
        return [command, *of, "--output", "json", "--state", str(state or self.state), *words]

    @property
    def variables(self) -> dict[str, str]:
        return {
            "LOCAL_CLOUD_GRPC": self.cloud.grpc,
            "STORAGE_EMULATOR_HOST": self.cloud.http,
            "LOCAL_CLOUD_REGISTRY": self.cloud.registry,
            "GITHUB_ACTIONS": "",
            **self.more,
        }

    @contextlib.contextmanager
    def environment(self) -> Iterator[None]:
        before = dict(os.environ)
        os.environ.update(self.variables)
        try:
            yield
        finally:
            os.environ.clear()
            os.environ.update(before)

    # What the cloud says

    def maps(self, service: str = "", region: str = "") -> list[Shares]:
        """The shares of every traffic map the service carried, oldest first; equal neighbours are one.

        A service that is being created serves nothing yet; that is left out. `region` tells its regions apart.
        """
        served = self.cloud.traffic(service or self.service)
        found = [entry["shares"] for entry in served if f"/locations/{region}" in entry["service"]]
        found = found[1:] if found and not found[0] else found
        return [shares for index, shares in enumerate(found) if index == 0 or shares != found[index - 1]]

    @property
    def now(self) -> Shares:
        return self.maps()[-1]

    def url(self) -> str:
        return str(self.cloud.traffic(self.service)[-1]["url"])


@dataclass
class Users:
    """Steady requests to one URL from so many people, each of whom waits for an answer; use it as a context manager."""

    url: str
    rate: float = 50.0
    people: int = 4
    answers: list[tuple[str, int]] = field(default_factory=list)  # revision, status (0: none came)
    _stop: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def __enter__(self) -> Users:
        for _ in range(self.people):
            thread = threading.Thread(target=self._ask, args=(self.people / self.rate,), daemon=True)
            thread.start()
            self._threads.append(thread)
        return self

    def __exit__(self, *error: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(15)

    def _ask(self, beat: float) -> None:
        with httpx.Client(timeout=10, trust_env=False, verify=False) as client:  # no certificates to read
            due = time.monotonic()
            while not self._stop.is_set():
                try:
                    answer = client.get(self.url)
                    self.answers.append((answer.headers.get("x-revision", ""), answer.status_code))
                except httpx.HTTPError:
                    self.answers.append(("", 0))
                due += beat
                self._stop.wait(max(0.0, due - time.monotonic()))

    def failures(self) -> list[tuple[str, int]]:
        return [(revision, status) for revision, status in self.answers if status != 200]


class _Out(io.StringIO):
    """Standard output that hands each event on as its line ends."""

    def __init__(self, cue: Cue | None) -> None:
        super().__init__()
        self._cue = cue
        self._line = ""

    def write(self, text: str) -> int:
        self._line += text
        while "\n" in self._line:
            line, _, self._line = self._line.partition("\n")
            if self._cue is not None and line.startswith("{"):
                self._cue(json.loads(line))
        return super().write(text)


def _not_json(text: str) -> Iterator[str]:
    return (f"{line}\n" for line in text.splitlines() if not line.startswith("{"))
