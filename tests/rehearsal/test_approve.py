"""A release that waits for a person: held with its share of users, approved from elsewhere, or not in time."""

from __future__ import annotations

import json
from typing import Any

from tests.rehearsal.cli_harness import CliHarness, Cue
from tests.rehearsal.other_client import OtherClient
from tests.rehearsal.plans import TENTH, stable


def plan(**settings: Any) -> tuple[Any, ...]:
    return (*TENTH, {"approve": settings}, {"promote": {"percent": 100}})


def approve(harness: CliHarness, wanted: str, *more: str, state: str = "elsewhere") -> Any:
    """By somebody on another machine, who has the configuration and no journal."""
    config = harness.root / "config.yaml"
    words = ["approve", wanted, *more, "--config", str(config), "--service", "backend"]
    return harness.run(*words, state=harness.root / state)


def test_it_is_held_until_it_is_approved_on_another_machine_and_then_goes_live(harness: CliHarness) -> None:
    old = stable(harness)
    config = harness.config(plan(), {"n": 2})
    summary = harness.root / "summary.md"
    harness.more["GITHUB_STEP_SUMMARY"] = str(summary)
    held = harness.release(config)
    assert (held.code, held.stopped["outcome"]) == (3, "held"), f"{held.statuses} {held.errors}"
    assert held.statuses[-1] == ("approve", "waiting")
    assert "waits with 10 % of users for a person to approve it" in held.stopped["reason"]
    release_id = held.of_type("started")[0]["release"]["id"]
    assert f" approve {release_id} " in held.stopped["next_commands"][0]
    assert f" approve {release_id} " in summary.read_text()
    assert harness.command("resume", config).code == 3, "nobody has approved it yet"
    assert approve(harness, "nothing").errors.strip() == (
        "deploy_to_gcp.py: no release nothing of backend is under way, and none of the last ones was called so"
    )
    said = approve(harness, release_id, "--why", "the figures are fine")
    assert said.code == 0, said.errors
    assert "the figures are fine" in said.errors and "resume" in said.errors
    resumed = harness.command("resume", config, state=harness.root / "third")
    assert (resumed.code, resumed.stopped["outcome"]) == (0, "live"), f"{resumed.statuses} {resumed.errors}"
    [verdict] = [each for each in resumed.of_type("judged") if each["label"] == "approve"]
    assert verdict["facts"]["approved"]["why"] == "the figures are fine"
    new = held.candidate
    assert harness.maps() == [{old: 100}, {old: 90, new: 10}, {new: 100}]
    [past] = [each for each in history(harness) if each["id"] == release_id]
    assert past["approved"] and past["approved"][0].endswith("the figures are fine")
    over = approve(harness, release_id)
    assert over.code == 2 and len(over.errors.strip().splitlines()) == 1, over.errors
    assert f"{release_id} is over: it ended live at" in over.errors


def history(harness: CliHarness) -> list[dict[str, Any]]:
    """As the service itself remembers it."""
    found: list[dict[str, Any]] = json.loads(OtherClient(harness).read().annotations["deploy-to-gcp/history"])[
        "releases"
    ]
    return found


def test_a_client_that_waits_sees_an_approval_given_elsewhere(harness: CliHarness) -> None:
    old = stable(harness)

    def elsewhere(event: dict[str, Any]) -> None:
        if event["type"] == "progress" and "waits to be approved" in event["text"]:
            release_id = event["text"].split(" approve ")[1].split()[0]
            said = harness.started(
                harness.root / "config.yaml", release_id, command="approve", state=harness.root / "x"
            )
            assert said.code == 0 and "the client that waits for it goes on" in said.errors, said.errors

    cue: Cue = elsewhere
    result = harness.release(harness.config(plan(wait="10m", look_every="100ms"), {"n": 2}), cue=cue)
    assert (result.code, result.stopped["outcome"]) == (0, "live"), f"{result.statuses} {result.errors}"
    assert harness.maps() == [{old: 100}, {old: 90, result.candidate: 10}, {result.candidate: 100}]


def test_when_nobody_approves_it_in_time_users_are_put_back_or_it_goes_on(harness: CliHarness) -> None:
    old, short = stable(harness), {"within": "1s", "wait": "10m", "look_every": "100ms"}
    late = harness.release(harness.config(plan(**short), {"n": 2}))
    assert (late.code, late.stopped["outcome"]) == (1, "rejected"), f"{late.statuses} {late.errors}"
    assert late.stopped["reason"] == "approve: nobody approved it within 1 s"
    assert harness.maps() == [{old: 100}, {old: 90, late.candidate: 10}, {old: 100}]
    release_id = late.of_type("started")[0]["release"]["id"]
    assert f"{release_id} is over: it ended rejected" in approve(harness, release_id).errors
    on = harness.release(harness.config(plan(**short, otherwise="continue"), {"n": 2}))
    assert (on.code, on.stopped["outcome"]) == (0, "live"), f"the image was not to blame: {on.errors}"
    assert harness.maps()[3:] == [{old: 90, on.candidate: 10}, {on.candidate: 100}]
