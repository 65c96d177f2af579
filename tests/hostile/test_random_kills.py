"""Somebody pulls the plug, at a moment that nobody chose: of the client, of the local cloud, or of both at once.

Whoever comes next ends with all users on one side that answers well, no lease and no record of anything unfinished.
Of the users' requests only those fail that the sick candidate answered itself, or that met a cloud that was away.

    python scripts/dev.py test tests/hostile/test_random_kills.py --kills 100        longer
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import httpx
import pytest

from tests.cloud import LocalCloud
from tests.engine_store import shared_store
from tests.hostile.limits import EXIT_CODES
from tests.rehearsal.cli_harness import CliHarness, Users
from tests.rehearsal.other_client import OtherClient
from tests.rehearsal.plans import COMPARED

STEPS = (
    {"build": {"timeout": "2m"}},
    {"canary": {"ready_within": "60s", "words_within": "1s"}},
    {"probe": {"attempts": 20, "need": 2, "every": "20ms"}},
    {"promote": {"percent": 10}},
    {"compare": {"for": "1s", "log_within": "2s", "metrics_within": "3s", "extend_by": "3s", **COMPARED}},
    {"promote": {"percent": 100}},
    {"verify": {"within": "30s"}},
)
EVENTS = 18
"""Of a release that is not disturbed, about as many; a moment is one of them and up to PAUSE after it."""
PAUSE = 0.4  # seconds
ENDS_WITHIN = 400.0  # seconds


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    with LocalCloud(tmp_path_factory.mktemp("cloud"), store=shared_store(tmp_path_factory)) as cloud:
        yield cloud


class Release:
    """A release as a process, whose events are read as they come."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.events: list[dict[str, Any]] = []
        self.errors = ""
        self._more = threading.Condition()
        self._ended = False
        threading.Thread(target=self._listen, daemon=True).start()
        threading.Thread(target=self._hear, daemon=True).start()

    def _listen(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self._more:
                if line.startswith("{"):
                    self.events.append(json.loads(line))
                self._more.notify_all()
        with self._more:
            self._ended = True
            self._more.notify_all()

    def _hear(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.errors += line

    def until(self, number: int, pause: float) -> None:
        """Returns `pause` seconds after so many events, or when the release has ended."""
        with self._more:
            assert self._more.wait_for(lambda: self._ended or len(self.events) >= number, ENDS_WITHIN)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(pause)

    def end(self) -> int:
        return self.process.wait(ENDS_WITHIN)


def recover(harness: CliHarness, config: Path, random: Random, state: Path) -> str:
    """What a person, another machine or the next release does; what they typed.

    The next release finds the service busy while the dead client's lease lasts, and says which commands do not wait;
    where the traffic was put back already, elsewhere nothing is left to resume.
    """
    typed = []
    for command in random.sample(("resume", "rollback", "deploy"), 3):
        ended = harness.started(config, "--force", command=command, state=state)
        typed.append(f"{command}: {ended.code} {ended.errors[-500:]}")
        assert ended.code in EXIT_CODES and "Traceback" not in ended.errors, typed
        if ended.code in (0, 1):
            break
    return "; ".join(typed)


def settled(harness: CliHarness) -> dict[str, int]:
    """The shares as Google's client reads them."""
    return {each.revision: each.percent for each in OtherClient(harness).read().traffic if each.percent}


def test_the_plug_is_pulled(cloud: LocalCloud, tmp_path_factory: pytest.TempPathFactory, kills: int, seed: int) -> None:
    harness = CliHarness(cloud, tmp_path_factory.mktemp("harness"), cloud.name("play"))
    first = harness.release(harness.config(STEPS, {"number": 0}))
    assert first.code == 0, first.errors
    story: list[str] = []
    for number in range(1, kills + 1):
        random = Random(f"{seed} {number}")
        who = random.choice(("client", "client", "cloud", "both"))
        sick = random.random() < 0.3
        event, pause = random.randint(0, EVENTS), random.random() * PAUSE
        story.append(f"{number}: {who}{' of a sick candidate' if sick else ''} at event {event} + {pause:.2f} s")
        behave = {"number": number, "fail_every": 1} if sick else {"number": number}
        config = harness.config(STEPS, behave, on_inconclusive="restore")
        before = settled(harness)
        with _users(harness, who) as users:
            release = Release(harness.start(config))
            release.until(event, pause)
            if who in ("client", "both"):
                release.process.kill()
            if who in ("cloud", "both"):
                cloud.kill()
                release.until(len(release.events) + 1, random.random())
                cloud.start()
            code = release.end()
            assert code in {*EXIT_CODES, -9} and "Traceback" not in release.errors, (story, release.errors)
            if code not in (0, 1):
                place = harness.state if random.random() < 0.5 else harness.root / f"elsewhere-{number}"
                story[-1] += f"; it ended with {code}; then {recover(harness, config, random, place)}"
        assert_well(harness, before, release, users, story)


def assert_well(
    harness: CliHarness, before: dict[str, int], release: Release, users: Users | None, story: list[str]
) -> None:
    told = "\n".join([*story[-3:], *(str(event)[:300] for event in release.events[-3:])])
    now = settled(harness)
    assert [*now.values()] == [100], told
    other = OtherClient(harness)
    names = {each.name.rpartition("/")[2]: each for each in other.revisions.list_revisions(parent=other.path)}
    serving = next(iter(now))
    ready = [each for each in names[serving].conditions if each.type_ == "Ready"]
    assert ready and ready[0].state.name == "CONDITION_SUCCEEDED", told
    assert httpx.get(f"{other.read().uri}/work", trust_env=False, timeout=30).status_code == 200, told
    annotations = other.read().annotations
    assert "deploy-to-gcp/lease" not in annotations and "deploy-to-gcp/release" not in annotations, told
    if users is not None:
        strangers = [each for each in users.failures() if each[0] in before]
        assert strangers == [], f"{strangers[:3]} of revisions that were not on trial\n{told}"


@contextlib.contextmanager
def _users(harness: CliHarness, who: str) -> Iterator[Users | None]:
    """Steady requests, where the front door itself is not what dies."""
    if who != "client":
        yield None
        return
    with Users(f"{harness.url()}/work", rate=20) as users:
        yield users
