"""What is left of a release: the report of the incident, written without help, and a channel that was told."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.cli.test_events import SCHEMA
from tests.json_schema import faults
from tests.rehearsal.cli_harness import PROJECT, WHOLE, CliHarness, CommandResult
from tests.report.channel import channel, service

SECRET = "pl4nted-in-the-log-0123456789"


def incident(harness: CliHarness, *words: str, **more: Any) -> tuple[str, CommandResult]:
    """A good release, then one whose module git ignores, with every gate before the canary off."""
    good = harness.release(harness.config(WHOLE))
    assert good.code == 0, f"{good.statuses} {good.errors}"
    harness.write("app/parts/secret_plan.py", "PLAN = 1\n")
    harness.write("app/parts/words.py", f'print("password={SECRET}")\nfrom app.parts.secret_plan import PLAN\n')
    harness.commit()
    return good.candidate, harness.release(harness.config(WHOLE, **more), *words)


def test_the_incident_is_reported_without_help(harness: CliHarness, tmp_path: Path) -> None:
    stable, result = incident(harness, "--report-dir", str(tmp_path / "reports"))
    assert (result.code, result.statuses[-1]) == (1, ("canary", "failed")), result.errors
    (path,) = (tmp_path / "reports").glob("*.json")
    report = json.loads(path.read_text())
    cause = report["cause"]
    assert cause["module"] == "app.parts.secret_plan"
    assert [link["module"] for link in cause["chain"]][-2:] == ["app.parts.words", "app.parts.secret_plan"]
    assert all(link["file"] and link["line"] for link in cause["chain"])
    assert cause["rule"] == ".gitignore:2" and cause["exit_code"] == "1"
    assert cause["whereabouts"][:2] == [
        "app/parts/secret_plan.py exists in the working copy",
        "it is not in the commit",
    ]
    assert "it is not in the image" in cause["whereabouts"]
    assert " identical failures in " in cause["frequency"]
    assert f"{stable} kept 100 %" in " ".join(report["impact"]["users"])
    image = next(row for row in report["comparison"]["facts"] if row["what"] == "image")
    assert image["before"].startswith("sha256:") and image["now"].startswith("sha256:") and image["changed"]
    assert report["comparison"]["files"] == ["changed: /srv/app/parts/words.py"]
    assert " && git add --force -- app/parts/secret_plan.py && " in report["recommendations"][0]["command"]
    assert report["standing"]["serving"] == f"{stable} 100 %"
    assert harness.maps() == [{stable: 100}]


def test_every_format_is_kept_beside_the_journal_and_none_tells_a_secret(harness: CliHarness) -> None:
    _, result = incident(harness)
    release = result.of_type("started")[-1]["release"]["id"]
    (directory,) = harness.state.glob(f"releases/*/*/{release}")
    written = sorted(path.suffix for path in directory.glob("report-*"))
    assert written == [".html", ".json", ".md", ".txt", ".xml"]
    for path in directory.iterdir():
        assert SECRET not in path.read_text(), path.name
    assert "password=[masked]" in (directory / f"report-{release}.txt").read_text()
    assert SECRET not in json.dumps(result.events) + result.errors
    assert [fault for event in result.events for fault in faults(event, SCHEMA, SCHEMA)] == []


def test_a_channel_is_told_of_start_and_end(harness: CliHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    """And so are Slack, GitHub and a topic, each of the events that it wants; one that is not there is no matter."""
    topic = f"projects/{PROJECT}/topics/{harness.service}"
    assert httpx.put(f"{harness.cloud.http}/v1/{topic}", trust_env=False).status_code == 200
    told = [
        {"pubsub": harness.service, "events": ["traffic", "success"]},
        {"slack": {"token_env": "A_TOKEN", "channel": "C1"}},
        {"github": {"environment": "rehearsal", "token_env": "A_TOKEN", "repository": "acme/shop"}},
        {"pubsub": "nowhere"},
        {"webhook_env": "REHEARSAL_WEBHOOK", "events": "failure"},
    ]
    with channel() as (address, got), service({"ok": True, "ts": "1.5", "id": 42}) as (api, asked):
        for name, value in {"WEBHOOK": address, "A_TOKEN": SECRET}.items():
            monkeypatch.setenv(name if name == "A_TOKEN" else f"REHEARSAL_{name}", value)
        monkeypatch.setenv("SLACK_API_URL", api)
        monkeypatch.setenv("GITHUB_API_URL", api)
        result = harness.release(harness.config(WHOLE, webhook_env="REHEARSAL_WEBHOOK", notify=told))
    assert result.code == 0, result.errors
    begun, ended = (json.loads(body)["text"] for body in got)
    assert "starts by" in begun and f"live: {result.candidate} serves 100 %" in ended
    published = httpx.get(f"{harness.cloud.http}/_local/published", trust_env=False).json()[topic]
    assert [each["attributes"]["event"] for each in published] == ["traffic", "success"]
    whole = json.loads(base64.b64decode(published[-1]["data"]))
    assert (whole["outcome"], whole["candidate"]) == ("live", result.candidate)
    assert [each.body.get("thread_ts") for each in asked if "chat" in each.path] == [None, "1.5"]
    assert [each.body["state"] for each in asked if "statuses" in each.path] == ["in_progress", "success"]
    assert result.errors.count("Pub/Sub was not told") == 1 and SECRET not in result.errors


@pytest.mark.parametrize("variable", ["REHEARSAL_WEBHOOK", "REHEARSAL_WEBHOOK_UNSET"])
def test_a_channel_that_refuses_fails_no_release(
    harness: CliHarness, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with channel(500) as (address, _):
        monkeypatch.setenv("REHEARSAL_WEBHOOK", address)
        result = harness.release(harness.config(WHOLE, webhook_env=variable))
    assert result.code == 0, result.errors
    assert f"the webhook of {variable} was not told: " in result.errors
    assert "pl4nted-path" not in result.errors
