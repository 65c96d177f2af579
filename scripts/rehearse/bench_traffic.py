"""What users lose while traffic moves, how long a sick candidate has them, and how soon a rollback is done.

The service is as small as one can be, so that the machine's time goes to the tool, the front door and the users.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import yaml

from .bench_figures import Bench, Figure, below
from .command import Command, Run, Unexpected
from .configuration import SERVICE
from .load import Load
from .repository import Repository
from .request_stats import RequestStats

RATE, SLOW_RATE = 40.0, 20.0  # requests per second
"""Of many more the request log is not read whole, and each bake waits minutes for Cloud Monitoring's figures."""
ROLLBACKS = 3
FILES = {
    "Dockerfile": 'FROM python:3.11-slim\nWORKDIR /srv\nCOPY app.py .\nCMD ["python", "app.py"]\n',
    "app.py": """import http.server, os

SICK = os.environ.get("SICK")


class Answers(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.send_response(500 if SICK and self.path != "/health" else 200)
        self.send_header("x-revision", os.environ["K_REVISION"])
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *words):
        pass


http.server.ThreadingHTTPServer.request_queue_size = 256
http.server.ThreadingHTTPServer(("", int(os.environ["PORT"])), Answers).serve_forever()
""",
}
UP: tuple[dict[str, Any], ...] = ({"build": {"timeout": "2m"}}, {"canary": {"ready_within": "60s"}})
LIVE = (*UP, {"probe": {"need": 3, "every": "100ms"}}, {"promote": {"percent": 100}})
FIVE = (*UP, {"promote": {"steps": [1, 5, 25, 50, 100], "bake": "2s"}})
HALF = (*UP, {"promote": {"percent": 50, "bake": "2s"}}, {"approve": {"within": "10m"}}, {"promote": {"percent": 100}})
TENTH = (*UP, {"promote": {"percent": 10}}, {"compare": {"for": "60s"}}, {"promote": {"percent": 100}})


def figures(bench: Bench) -> Iterator[Figure]:
    with staged(bench.place / "traffic") as stage:
        first = stage.play(LIVE)
        url = str(first.release["url"])
        with Load(url, ("/work",), rate=RATE) as load:
            time.sleep(1.0)
            stage.play(FIVE, {"NUMBER": "2"})
            time.sleep(1.0)
        yield _lost(f"promotion in five steps, {_rate(load)}", load.stats)
        live = stage.play(LIVE, {"NUMBER": "3"})
        with Load(url, ("/work",), rate=RATE) as load:
            stage.play(HALF, {"NUMBER": "4"}, code=3)
            stage.rollback()
            time.sleep(1.0)
        yield _lost(f"promotion to 50 % and a rollback, {_rate(load)}", load.stats)
        with Load(url, ("/work",), rate=SLOW_RATE) as load:
            sick = stage.play(TENTH, {"SICK": "1"}, code=1)
        moved = next(event["at"] for event in sick.of_type("judged") if event["label"] == "promote 10 %")
        seconds = _seconds(moved, sick.of_type("restore_answered")[0]["at"])
        yield below(f"from 10 % to a candidate that fails every request, to restored, {_rate(load)}", seconds, 15.0)
        share = load.stats.failures / load.stats.requests
        yield below("of all requests meanwhile, its share", 100 * share, 12.0, "%")
        yield from _rollback(stage, (first.release["candidate"], live.release["candidate"]))


def _rollback(stage: Stage, between: tuple[str, str]) -> Iterator[Figure]:
    """To and fro between two revisions, so that each of them has something to put back."""
    restored, started = [], []
    for number in range(ROLLBACKS):
        begun, last = time.time(), stage.last_call()
        answered = stage.rollback(between[number % 2]).of_type("restore_answered")[0]["at"]
        restored.append(datetime.fromisoformat(answered).timestamp() - begun)
        started.append(stage.first_call_after(last) - begun)
    yield below("rollback: from the command to the traffic restored and asked", statistics.median(restored), 2.0)
    yield below("of it, our own start: to the first call", statistics.median(started), 0.5)


class Stage:
    """One service on a local cloud of its own, released by the command as a user types it."""

    def __init__(self, command: Command, repository: Repository, config: Path) -> None:
        self.repository = repository
        self._tool, self._config = command, config

    def play(self, steps: tuple[dict[str, Any], ...], env: dict[str, str] | None = None, code: int = 0) -> Run:
        """A release; raises Unexpected when it does not end with that code."""
        service = {**SERVICE["services"]["backend"], "entrypoint": None, "env": env or {}}
        document = {**SERVICE, "services": {"backend": service}, "on_inconclusive": "hold", "steps": list(steps)}
        self._config.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
        return self._ended(self._tool.release(self._config, self.repository.root, lambda event: None), code)

    def rollback(self, to: str | None = None) -> Run:
        """To what served before, or to the revision `to`."""
        words = ("rollback", "--to", to) if to else ("rollback",)
        return self._ended(self._tool.release(self._config, self.repository.root, lambda event: None, words), 0)

    def where(self) -> tuple[str, ...]:
        """The options by which any command is about this service."""
        config, repository = ("--config", str(self._config)), ("--repo", str(self.repository.root))
        return (*config, *repository, "--state", str(self._tool.state))

    def gcloud(self) -> dict[str, str]:
        """The variables that lead gcloud here."""
        answer = httpx.post(f"{self.endpoints()['http']}/_local/gcloud", trust_env=False, timeout=60)
        found: dict[str, str] = answer.json()["environment"]
        return found

    def endpoints(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self._tool.state / "local-cloud" / "endpoints.json").read_text())
        return found

    def last_call(self) -> int:
        return max((call["number"] for call in self._calls(0)), default=0)

    def first_call_after(self, number: int) -> float:
        """When it came, in seconds since the epoch."""
        return float(min(call["at"] for call in self._calls(number)))

    def _calls(self, after: int) -> list[dict[str, Any]]:
        answer = httpx.get(f"{self.endpoints()['http']}/_local/calls?after={after}", trust_env=False, timeout=10)
        found: list[dict[str, Any]] = answer.json()["calls"]
        return found

    def _ended(self, run: Run, code: int) -> Run:
        if run.code != code:
            raise Unexpected(f"a release ended with {run.code} instead of {code}: {run.of_type('stopped')}{run.errors}")
        return run


@contextmanager
def staged(place: Path) -> Iterator[Stage]:
    state = place / "state"
    state.mkdir(parents=True)
    source = place / "source"
    source.mkdir()
    for name, text in FILES.items():
        (source / name).write_text(text)
    command = Command(state)
    with command.local_cloud():
        yield Stage(command, Repository.copied_from(source, place / "repository"), place / "config.yaml")


def _lost(what: str, stats: RequestStats) -> Figure:
    shown = f"{stats.failures} of {stats.requests} requests lost"
    if stats.failures:
        shown += f": {stats.problems().most_common(3)}"
    return Figure(what, shown, "0 lost", stats.failures == 0)


def _rate(load: Load) -> str:
    return f"{load.sent_per_second:.0f} requests/s"


def _seconds(start: str, end: str) -> float:
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()
