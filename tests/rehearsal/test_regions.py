"""One service in two regions: one image, users of one region after those of the other, and all or none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.rehearsal.cli_harness import CliHarness, CommandResult, Shares
from tests.rehearsal.plans import REST, SHORT, TENTH, compare

EU, US = "europe-west1", "us-central1"
LABELS = {region: f"backend ({region})" for region in (EU, US)}


def configured(
    harness: CliHarness,
    behave: Mapping[str, Any] | None = None,
    steps: Sequence[Mapping[str, Any]] = SHORT,
    regions: Sequence[str] = (EU, US),
    **more: Any,
) -> Path:
    entry = harness.entry(harness.service, behave, regions=[*regions])
    entry["env"]["REGION"] = "${REGION}"
    return harness.config(steps, services={"backend": entry}, **more)


def maps(harness: CliHarness) -> dict[str, list[Shares]]:
    return {region: harness.maps(region=region) for region in (EU, US)}


def moves(harness: CliHarness) -> list[tuple[str, Shares]]:
    """Every traffic map of both regions, in the order in which they were served; creations left out."""
    served = [entry for entry in harness.cloud.traffic(harness.service) if entry["shares"]]
    found: list[tuple[str, Shares]] = []
    for entry in sorted(served, key=lambda entry: float(entry["at"])):
        region = entry["service"].split("/")[3]
        if next((shares for name, shares in reversed(found) if name == region), None) != entry["shares"]:
            found.append((region, entry["shares"]))
    return found


def candidates(result: CommandResult) -> dict[str, str]:
    by_label = {event["service"]: event["release"]["candidate"] for event in result.of_type("judged")}
    return {region: by_label[label] for region, label in LABELS.items() if label in by_label}


def last(result: CommandResult) -> dict[str, tuple[str, str]]:
    """How each region ended, and what it serves."""
    stopped = {event["service"]: event for event in result.of_type("stopped")}
    assert len(result.of_type("stopped")) == len(stopped), "each ends once"
    return {
        region: (stopped[label]["outcome"], stopped[label]["serving"])
        for region, label in LABELS.items()
        if label in stopped
    }


SICK = {"fail_every": 1, "only_in": US}
WATCHED = (*TENTH, compare("1s"), *REST)


def test_users_of_one_region_follow_those_of_the_other_and_go_back_with_them(harness: CliHarness) -> None:
    """One image for both; then the second region fails under traffic, and the first goes back, too."""
    first = harness.release(configured(harness))
    old = candidates(first)
    assert (first.code, last(first)) == (0, {each: ("live", f"{old[each]} 100 %") for each in (EU, US)}), first.errors
    images = {event["release"]["image"] for event in first.of_type("judged") if event["kind"] == "canary"}
    assert len(images) == 1
    urls = {entry["url"] for entry in harness.cloud.traffic(harness.service) if entry["url"]}
    assert len(urls) == 2, "each region has an address of its own"
    sick = harness.release(configured(harness, SICK, WATCHED))
    new = candidates(sick)
    assert sick.code == 1, sick.errors
    assert moves(harness)[2:] == [
        (EU, {old[EU]: 90, new[EU]: 10}),
        (EU, {new[EU]: 100}),
        (US, {old[US]: 90, new[US]: 10}),
        (US, {old[US]: 100}),
        (EU, {old[EU]: 100}),
    ]
    assert last(sick) == {each: ("rejected", f"{old[each]} 100 %") for each in (EU, US)}
    reasons = {event["service"]: event["reason"] for event in sick.of_type("stopped")}
    assert reasons[LABELS[EU]] == f"{LABELS[US]} was not released"


@pytest.mark.slow
def test_what_a_person_is_to_decide_is_held_in_both_and_decided_for_both(harness: CliHarness) -> None:
    old = candidates(harness.release(configured(harness)))
    held = harness.release(configured(harness, SICK, WATCHED, on_failure="hold"))
    new = candidates(held)
    assert (held.code, held.errors) == (3, "")
    assert last(held)[EU] == ("held", f"{new[EU]} 100 %")
    assert last(held)[US][0] == "held"
    assert maps(harness) == {
        EU: [{old[EU]: 100}, {old[EU]: 90, new[EU]: 10}, {new[EU]: 100}],
        US: [{old[US]: 100}, {old[US]: 90, new[US]: 10}],
    }
    back = harness.command("rollback", configured(harness))
    assert (back.code, {each: harness.maps(region=each)[-1] for each in (EU, US)}) == (
        0,
        {each: {old[each]: 100} for each in (EU, US)},
    ), back.errors
