"""Several services in one run: all of them live, or all as they were."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.rehearsal.cli_harness import CliHarness, CommandResult, Shares
from tests.rehearsal.plans import BUILT, SHORT, compare

AFTER: dict[str, list[str]] = {"auth": [], "backend": ["auth"], "web": ["backend"]}
PROBED = (*BUILT, {"probe": {"attempts": 4, "need": 2, "every": "200ms"}}, {"promote": {"percent": 100}})
SICK_UNDER_TRAFFIC = (*SHORT, compare("1s"))


def configured(
    harness: CliHarness, behave: Mapping[str, Mapping[str, Any]], steps: Sequence[Mapping[str, Any]] = SHORT
) -> Path:
    services = {
        name: harness.entry(f"{harness.service}-{name}", behave.get(name), after=after) for name, after in AFTER.items()
    }
    return harness.config(steps, services=services)


def maps(harness: CliHarness) -> dict[str, list[Shares]]:
    return {name: harness.maps(f"{harness.service}-{name}") for name in AFTER}


def candidates(result: CommandResult) -> dict[str, str]:
    return {event["service"]: event["release"]["candidate"] for event in result.of_type("judged")}


def moves(harness: CliHarness) -> list[str]:
    """The services in the order in which their traffic changed, as the cloud tells it; creations left out."""
    changes = []
    for name in AFTER:
        entries = [entry for entry in harness.cloud.traffic(f"{harness.service}-{name}") if entry["shares"]]
        pairs = itertools.pairwise(entries)
        changes += [(later["at"], name) for before, later in pairs if later["shares"] != before["shares"]]
    return [name for _, name in sorted(changes)]


def test_three_services_follow_each_other(harness: CliHarness) -> None:
    old = candidates(harness.release(configured(harness, {}), "--all"))
    result = harness.release(configured(harness, {name: {"n": 1} for name in AFTER}), "--all")
    made = candidates(result)
    assert result.code == 0, result.errors
    assert maps(harness) == {name: [{old[name]: 100}, {made[name]: 100}] for name in AFTER}
    assert moves(harness) == ["auth", "backend", "web"]
    assert sorted(event["service"] for event in result.of_type("stopped")) == ["auth", "backend", "web"]


@pytest.mark.parametrize("lost", ["backend", "web"])
def test_no_service_has_users_before_the_slowest_one_is_as_far(harness: CliHarness, lost: str) -> None:
    """One of three comes up late and fails its probe: users of the other two never meet a candidate."""
    old = candidates(harness.release(configured(harness, {}), "--all"))
    behave = {name: {"health": 500} if name == lost else {"n": 1} for name in AFTER}
    result = harness.release(configured(harness, behave, PROBED), "--all")
    assert result.code == 1, result.errors
    assert maps(harness) == {name: [{old[name]: 100}] for name in AFTER}
    last = {event["service"]: event for event in result.of_type("stopped")}
    assert len(result.of_type("stopped")) == 3, "each ends once"
    for name in AFTER:
        assert (last[name]["outcome"], last[name]["serving"]) == ("rejected", f"{old[name]} 100 %")
        assert name == lost or f"{lost} was not released" in last[name]["reason"]


@pytest.mark.slow
def test_what_is_live_goes_back_when_a_later_one_fails_under_traffic(harness: CliHarness) -> None:
    """With --keep it stays."""
    old = candidates(harness.release(configured(harness, {}), "--all"))
    behave = {"auth": {"n": 1}, "backend": {"n": 1}, "web": {"fail_every": 1}}
    result = harness.release(configured(harness, behave, SICK_UNDER_TRAFFIC), "--all")
    new = candidates(result)
    assert result.code == 1, result.errors
    for name in ("auth", "backend"):
        assert maps(harness)[name] == [{old[name]: 100}, {new[name]: 100}, {old[name]: 100}]
    assert maps(harness)["web"][-1] == {old["web"]: 100}
    last = {event["service"]: event for event in result.of_type("stopped")}
    assert len(result.of_type("stopped")) == 3, "each ends once"
    assert "web was not released" in last["auth"]["reason"]
    assert last["auth"]["serving"] == f"{old['auth']} 100 %"
    kept = harness.release(configured(harness, behave, SICK_UNDER_TRAFFIC), "--all", "--keep", "--force")
    assert kept.code == 1
    assert maps(harness)["auth"][-1] == {candidates(kept)["auth"]: 100}
    assert maps(harness)["web"][-1] == {old["web"]: 100}


def test_resuming_all_goes_on_with_those_that_are_unfinished(harness: CliHarness) -> None:
    """What has ended has nothing to go on with, and does not stop the others."""
    old = candidates(harness.release(configured(harness, {}), "--all"))
    behave = {name: {"n": 1} for name in AFTER}
    ready = harness.release(configured(harness, behave), "--service", "web", "--no-traffic")
    assert (ready.code, ready.stopped["outcome"]) == (0, "ready"), ready.errors
    resumed = harness.command("resume", configured(harness, behave), "--all")
    assert (resumed.code, [event["service"] for event in resumed.of_type("stopped")]) == (0, ["web"]), resumed.errors
    assert "auth: there is no unfinished release to go on with" in resumed.errors
    assert maps(harness)["web"][-1] == {ready.candidate: 100}
    assert maps(harness)["auth"] == [{old["auth"]: 100}]
    again = harness.command("resume", configured(harness, behave), "--all")
    assert again.code == 2
    assert all(f"{name}: there is no unfinished release" in again.errors for name in AFTER)
