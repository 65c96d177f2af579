"""deploy --on cloud-build: the release goes on without its client, and whoever comes back sees all of it.

At a local cloud as strict as production, where stale etags are refused.
"""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from tests.rehearsal.cli_harness import CliHarness
from tests.rehearsal.plans import BUILT, stable
from tests.rehearsal.test_guard import builds_of
from tests.waits import WITHIN, until

STEPS = ({"git_clean": {"branches": ["main"], "upstream": False}}, *BUILT, {"promote": {"percent": 100}},
         {"verify": {"within": "30s"}})  # fmt: skip


@pytest.fixture
def harness(strict_harness: CliHarness) -> CliHarness:
    return strict_harness


def _handed_over(harness: CliHarness, config: Path, number: int) -> tuple[int, str]:
    """The exit code of a client that gets that signal as soon as the release is handed over, and its last words."""
    process = harness.start(config, "--on", "cloud-build")
    assert process.stdout is not None
    for line in process.stdout:
        if "carries the release out" in line:
            break
    process.send_signal(number)
    errors = process.communicate(timeout=WITHIN)[1]
    return process.returncode, errors


def test_killed_right_after_handing_over_it_ends_live(harness: CliHarness) -> None:
    old = stable(harness)
    config = harness.config(STEPS, {"n": 1})
    assert _handed_over(harness, config, signal.SIGKILL)[0] == -signal.SIGKILL
    until(lambda: builds_of(harness, "on-cloud-build")[0].status.name == "SUCCESS")
    [new] = harness.now
    assert harness.maps() == [{old: 100}, {new: 100}]
    status = harness.run("status", "--config", str(config), "--output", "json").events[-1]
    assert (status["serving"], status["history"][0]["outcome"], status["lease"]) == ({new: 100}, "live", None)
    again = harness.command("resume", config)
    assert again.code == 0, again.errors
    kinds = [event["type"] for event in again.events if event["type"] != "progress"]
    assert (kinds[0], kinds[-1], kinds.count("stopped")) == ("started", "stopped", 1)


def test_who_leaves_is_told_how_to_come_back_and_does(harness: CliHarness) -> None:
    """The candidate is sick: the code is that of a release which is carried out here."""
    old = stable(harness)
    config = harness.config(STEPS, {"exit_at_start": 3})
    code, errors = _handed_over(harness, config, signal.SIGINT)
    assert (code, "resume" in errors, "the release goes on in build" in errors) == (130, True, True), errors
    again = harness.command("resume", config)
    assert (again.code, again.statuses[-1]) == (1, ("canary", "failed")), again.errors
    assert harness.maps() == [{old: 100}]
    journal = max(harness.state.glob("releases/*/*/*/journal.jsonl"))
    kinds = [json.loads(line)["type"] for line in journal.read_text().splitlines()]
    assert (kinds.count("started"), kinds[-1]) == (1, "stopped"), "each entry is kept once"
    assert "no unfinished release" in harness.command("resume", config).errors


def test_what_the_disk_alone_tells_is_checked_before_anything_is_handed_over(harness: CliHarness) -> None:
    harness.write("app/parts/words.py", "GREETING = 'not committed'\n")
    released = harness.release(harness.config(STEPS), "--on", "cloud-build")
    assert (released.code, released.statuses) == (1, [("git_clean", "failed")])
    assert builds_of(harness, "on-cloud-build") == []
    local = harness.release(harness.config(STEPS), "--on", "cloud-build", "--build-local", "namespaces")
    assert (local.code, "an engine of this machine" in local.errors) == (2, True)
