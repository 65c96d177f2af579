"""Looking at what runs: its log, its address, its state as it changes. None of it changes anything."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.cli.screen import terminal
from tests.cloud import LocalCloud
from tests.forked import COMMAND
from tests.rehearsal.cli_harness import CliHarness
from tests.rehearsal.plans import SHORT
from tests.rehearsal.test_signals import Command
from tests.waits import WITHIN, until

SECRET = "pl4nted-token-0123456789"


@pytest.fixture(scope="module")
def live(cloud: LocalCloud, tmp_path_factory: pytest.TempPathFactory) -> CliHarness:
    """A service that says a secret, and tries to move the cursor, as it starts."""
    harness = CliHarness(cloud, tmp_path_factory.mktemp("looking"), cloud.name("play"))
    harness.write("app/says.txt", f"the token is {SECRET}\nred \x1b[31mtitle \x1b]0;x\x07 ::error::no\n")
    harness.commit()
    released = harness.release(_config(harness))
    assert released.code == 0, released.errors
    return harness


def _config(harness: CliHarness) -> Path:
    entry = harness.entry(harness.service)
    return harness.config(SHORT, services={"backend": {**entry, "env": {**entry["env"], "API_TOKEN": SECRET}}})


def _line(harness: CliHarness, command: str, *words: str) -> list[str]:
    where = ["--config", str(_config(harness)), "--state", str(harness.state)]
    return [sys.executable, str(COMMAND), command, *words, *where]


@pytest.mark.slow
def test_a_log_is_shown_masked_and_fit_for_a_terminal(live: CliHarness) -> None:
    config, (revision,) = str(_config(live)), live.now
    shown = live.run("logs", "backend", "--config", config, "--since", "1h")
    assert shown.code == 0
    assert f"{revision}  the token is [masked]" in shown.errors and "Listening on" in shown.errors
    assert SECRET not in shown.errors and "\x1b" not in shown.errors and "::error::" not in shown.errors
    as_json = live.run(
        "logs", "backend", "--config", config, "--revision", revision, "--since", "1h", "--output", "json"
    )
    assert {event["revision"] for event in as_json.events} == {revision}
    assert "stderr" in {event["source"] for event in as_json.events}
    assert not [event for event in as_json.events if SECRET in json.dumps(event)]
    release = next((live.state / "releases").glob("*/*/*")).name
    of_release = live.run("logs", "backend", "--config", config, "--release", release[-4:])
    assert "the token is [masked]" in of_release.errors


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["nobody"], 2, "unknown service 'nobody'; known: backend"),
        (["--revision", 'x" OR "'], 2, "is not the name of a revision; status lists them"),
        (["--revision", "backend-none"], 0, "nothing was logged by backend-none since"),
        (["--release", "nothing"], 2, "--release nothing: there is no such release; the last ones: 2"),
        (["--since", "soon"], 2, "--since soon: "),
        (["--since", "-1h"], 2, "--since -1h: "),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_cannot_be_meant(live: CliHarness, words: list[str], code: int, told: str) -> None:
    given = [f"{words[0]}={words[1]}"] if len(words) == 2 else words
    result = live.run("logs", *given, "--config", str(_config(live)))
    assert (result.code, told in result.errors) == (code, True), result.errors


@pytest.mark.slow
def test_followed_and_watched_until_ctrl_c(live: CliHarness) -> None:
    """Each shows what happens meanwhile, and is ended by one signal with 130."""
    logs = _line(live, "logs", "backend", "--follow", "--since", "1h", "--output", "json")
    watched = _line(live, "status", "--watch", "1s", "--output", "json")
    environment = {**os.environ, **live.variables}
    with (
        subprocess.Popen(logs, stdout=-1, stderr=-1, text=True, env=environment) as following,
        subprocess.Popen(watched, stdout=-1, stderr=-1, text=True, env=environment) as watching,
    ):
        log, status = Command(following), Command(watching)
        log.wait_for(text="the token is [masked]")
        status.wait_for(service="backend")
        assert status.events[-1]["lease"] is None
        assert live.command("hold", _config(live), "--why", "look").code == 0
        status.wait_for(service="backend")
        assert status.events[-1]["lease"]["why"] == "look"
        httpx.get(f"{live.url()}/work", verify=False, trust_env=False)
        log.wait_for(source="request")
        for each in (log, status):
            code, errors = each.signal(signal.SIGINT)
            assert (code, "Traceback" in errors) == (130, False), errors
    assert live.command("hold", _config(live), "--release").code == 0


@pytest.mark.slow
def test_watched_at_a_terminal_it_is_drawn_over(live: CliHarness) -> None:
    environment = {**os.environ, **live.variables, "TERM": "xterm"}
    with terminal(60, 20) as shown:
        line = _line(live, "status", "--watch", "1s")
        process = subprocess.Popen(line, stdin=-3, stdout=shown.out, stderr=shown.out, env=environment)
        until(lambda: shown.written.count(b"serving: ") > 1)
        process.send_signal(signal.SIGINT)
        assert process.wait(WITHIN) == 130
        lines = shown.screen(60, 20).whole
    assert len([each for each in lines if each.startswith("serving: ")]) == 1, lines


@pytest.mark.slow
def test_the_address_is_printed_and_opened_where_a_person_has_a_browser(live: CliHarness, tmp_path: Path) -> None:
    config = str(_config(live))
    assert live.run("open", "backend", "--config", config).errors.strip() == live.url()
    refused = live.run("open", "--console", "--config", config)
    assert (refused.code, "a local cloud has no page in Google's console" in refused.errors) == (2, True)
    noted, browser = tmp_path / "noted", tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > {noted}\n')
    browser.chmod(0o755)
    with terminal(100, 20) as shown:
        environment = {**os.environ, **live.variables, "BROWSER": f"{browser} %s", "CI": ""}
        done = subprocess.run(_line(live, "open", "backend"), stdout=shown.out, stderr=shown.out, env=environment)
        assert done.returncode == 0
        until(noted.exists)
    assert until(lambda: noted.read_text().strip()) == live.url()
