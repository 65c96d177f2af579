"""--changed: of two services only the one whose files or settings changed is released, and each is told why."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_events import SCHEMA
from tests.json_schema import faults
from tests.rehearsal.cli_harness import CliHarness, CommandResult
from tests.rehearsal.plans import SHORT


def _config(harness: CliHarness, **backend: Any) -> Path:
    front = harness.entry(f"{harness.service}-front", None, context="front", dockerfile="front/Dockerfile")
    return harness.config(SHORT, services={"front": front, "backend": _backend(harness, **backend)})


def _backend(harness: CliHarness, **more: Any) -> dict[str, Any]:
    """With a variable that is another one in each release."""
    entry = harness.entry(harness.service)
    return {**entry, **more, "env": {**entry["env"], "VERSION": "${COMMIT} ${RELEASE}", **more.get("env", {})}}


def _told(result: CommandResult) -> dict[str, tuple[str, list[str]]]:
    found = [event for event in result.events if event.get("type") in ("changed", "unchanged")]
    assert [fault for event in found for fault in faults(event, SCHEMA, SCHEMA)] == []
    return {event["service"]: (event["type"], event["why"]) for event in found}


@pytest.mark.slow
def test_only_what_changed_is_released(harness: CliHarness) -> None:
    harness.write(".dockerignore", "front\n")
    for path in ("Dockerfile", "app/__init__.py", "app/main.py", "app/parts/__init__.py", "app/parts/words.py"):
        harness.write(f"front/{path}", (harness.repository / path).read_text())
    harness.commit()
    first = harness.release(_config(harness), "--all", "--changed")
    assert first.code == 0, first.errors
    assert {why for _, (why,) in _told(first).values()} == {"nothing serves yet"}
    before = harness.maps(), harness.maps(f"{harness.service}-front")

    again = harness.release(_config(harness), "--all", "--changed", state=harness.root / "another-machine")
    assert (again.code, again.of_type("started")) == (0, []), again.errors
    for what, (why,) in _told(again).values():
        assert what == "unchanged" and why.startswith("files of its image and settings are those of ")
    assert (harness.maps(), harness.maps(f"{harness.service}-front")) == before

    harness.write("front/app/parts/words.py", 'GREETING = "another day"\n')
    harness.commit()
    files = harness.release(_config(harness), "--all", "--changed")
    assert {name: what for name, (what, _) in _told(files).items()} == {"front": "changed", "backend": "unchanged"}
    assert files.code == 0 and {event["service"] for event in files.of_type("stopped")} == {"front"}
    assert harness.maps() == before[0]

    settings = harness.command("plan", _config(harness, memory="300Mi"), "--all", "--changed")
    assert _told(settings)["backend"] == ("changed", ["memory: 256Mi -> 300Mi"])
    assert _told(settings)["front"][0] == "unchanged" and settings.code == 0
    variable = {"BEHAVE": '{"more": 1}'}
    behaves = harness.command("plan", _config(harness, env=variable), "--all", "--changed")
    assert _told(behaves)["backend"] == ("changed", ["variable BEHAVE: another value"])
    assert '{"more": 1}' not in json.dumps(behaves.events) + behaves.errors


@pytest.mark.parametrize("words", [["--rebuild"], ["--skip-build"], ["--skip-build", "a@sha256:" + "0" * 64]], ids=str)
def test_with_an_image_in_any_case_there_is_nothing_to_compare(harness: CliHarness, words: list[str]) -> None:
    refused = harness.release(_config(harness), "--all", "--changed", *words)
    assert (refused.code, "--changed compares what a build would put into" in refused.errors) == (2, True)
