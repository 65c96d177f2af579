"""One service in two regions: one image, users of one region after those of the other, and all or none."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from deploy_lib.release.rollback.runner import NOT_ALONE
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


def id_of(result: CommandResult, region: str) -> str:
    return next(str(each["release"]["id"]) for each in result.of_type("started") if each["service"] == LABELS[region])


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
    [beside] = held.of_type("withdrawn")
    assert (beside["service"], beside["why"], beside["hold"]) == (LABELS[EU], f"{LABELS[US]} is held", True)
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


@pytest.mark.slow
@pytest.mark.parametrize(("behave", "code"), [({"n": 1}, 0), (SICK, 1)], ids=["well", "sick"])
def test_killed_in_the_second_region_both_go_on_or_back(harness: CliHarness, behave: dict[str, Any], code: int) -> None:
    """The first region is live by then, and waits for the second."""
    old = candidates(harness.release(configured(harness)))
    config, events = configured(harness, behave, WATCHED), list[dict[str, Any]]()
    with harness.start(config) as process:
        assert process.stdout is not None
        for line in process.stdout:
            events.append(json.loads(line))
            told = events[-1]
            if (told["service"], told.get("label"), told["type"]) == (LABELS[US], "promote 10 %", "judged"):
                process.kill()
                break
    new = candidates(CommandResult(0, tuple(events)))
    assert {region: harness.maps(region=region)[-1] for region in (EU, US)} == {
        EU: {new[EU]: 100},
        US: {old[US]: 90, new[US]: 10},
    }
    resumed = harness.command("resume", config, "--force")
    serves = old if code else new
    assert (resumed.code, last(resumed)) == (
        code,
        {each: ("rejected" if code else "live", f"{serves[each]} 100 %") for each in (EU, US)},
    ), resumed.errors
    assert {region: harness.maps(region=region)[-1] for region in (EU, US)} == {
        each: {serves[each]: 100} for each in (EU, US)
    }


@pytest.mark.slow
def test_a_region_is_added_beside_one_that_serves_and_one_alone_is_rolled_back(harness: CliHarness) -> None:
    first = harness.release(configured(harness, regions=[EU]))
    assert (first.code, first.stopped["service"]) == (0, "backend"), first.errors
    both = configured(harness, {"n": 1}, (*TENTH, *REST), region_order="side_by_side")
    second = harness.release(both)
    new = candidates(second)
    assert (second.code, last(second)) == (0, {each: ("live", f"{new[each]} 100 %") for each in (EU, US)}), (
        second.errors
    )
    steps = [{first.candidate: 100}, {first.candidate: 90, new[EU]: 10}, {new[EU]: 100}]
    assert maps(harness) == {EU: steps, US: [{new[US]: 100}]}
    back = harness.command("rollback", both, "--region", EU)
    assert (back.code, back.stopped["service"]) == (0, LABELS[EU]), back.errors
    assert maps(harness) == {EU: [*steps, {first.candidate: 100}], US: [{new[US]: 100}]}
    told = {each["service"]: each["serving"] for each in harness.command("status", both).events}
    assert told == {LABELS[EU]: {first.candidate: 100}, LABELS[US]: {new[US]: 100}}
    [listed] = [harness.command("rollback", both, "--to").errors.split(f"{LABELS[US]}: ")]
    assert len(listed) == 2 and all(
        f"  release   {id_of(second, each)}  {how}" in part
        for each, how, part in zip((EU, US), ("rolled back", "live"), listed, strict=True)
    )
    refused = harness.command("rollback", both, "--to", first.of_type("started")[0]["release"]["id"])
    assert refused.code == 1 and f"{LABELS[US]}: there is no revision" in refused.errors, refused.errors
    assert NOT_ALONE in str(refused.events) and harness.maps(region=EU)[-1] == {first.candidate: 100}
    forth = harness.command("rollback", both, "--to", id_of(second, US))
    assert (forth.code, maps(harness)) == (
        0,
        {EU: [*steps, {first.candidate: 100}, {new[EU]: 100}], US: [{new[US]: 100}]},
    ), f"{forth.events} {forth.errors}"
    other = harness.command("status", both, "--region", "us-east1")
    assert (other.code, "backend runs in europe-west1, us-central1" in other.errors) == (2, True), other.errors


@pytest.mark.slow
@pytest.mark.parametrize("order", ["one_after_the_other", "side_by_side"])
def test_one_approval_is_for_all_regions(harness: CliHarness, order: str) -> None:
    """Whether the other region asks at the same time, or only once the first one is live."""
    old = candidates(harness.release(configured(harness)))
    asked = list[str]()

    def answer(event: dict[str, Any]) -> None:
        if event["type"] == "progress" and "waits to be approved" in event["text"]:
            asked.append(event["text"].split(" approve ")[1].split()[0])
            if len(asked) == (2 if order == "side_by_side" else 1):
                end = "-".join(asked[0].split("-")[-2:])
                said = harness.started(configured(harness), end, command="approve", state=harness.root / "x")
                assert said.code == 0, said.errors

    steps = (*TENTH, {"approve": {"wait": "10m", "look_every": "100ms"}}, *REST)
    result = harness.release(configured(harness, {"n": 1}, steps, region_order=order), cue=answer)
    new = candidates(result)
    assert (result.code, last(result)) == (0, {each: ("live", f"{new[each]} 100 %") for each in (EU, US)}), (
        f"{result.statuses} {result.errors}"
    )
    assert maps(harness) == {
        each: [{old[each]: 100}, {old[each]: 90, new[each]: 10}, {new[each]: 100}] for each in (EU, US)
    }
    approved = [event["facts"]["approved"] for event in result.of_type("judged") if event["label"] == "approve"]
    assert len(approved) == 2 and approved[0]["by"] == approved[1]["by"]
