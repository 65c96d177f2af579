"""Several services in one run: all of them live, or all as they were."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.rehearsal.scripts import BUILT, SHORT, compare
from tests.rehearsal.theatre import Played, Shares, Theatre

AFTER: dict[str, list[str]] = {"auth": [], "backend": ["auth"], "web": ["backend"]}
PROBED = (*BUILT, {"probe": {"attempts": 4, "need": 2, "every": "200ms"}}, {"promote": {"percent": 100}})
SICK_UNDER_TRAFFIC = (*SHORT, compare("1s"))


def configured(
    theatre: Theatre, behave: Mapping[str, Mapping[str, Any]], steps: Sequence[Mapping[str, Any]] = SHORT
) -> Path:
    services = {
        name: theatre.entry(f"{theatre.service}-{name}", behave.get(name), after=after) for name, after in AFTER.items()
    }
    return theatre.config(steps, services=services)


def maps(theatre: Theatre) -> dict[str, list[Shares]]:
    return {name: theatre.maps(f"{theatre.service}-{name}") for name in AFTER}


def candidates(played: Played) -> dict[str, str]:
    return {event["service"]: event["release"]["candidate"] for event in played.of_type("judged")}


def moves(theatre: Theatre) -> list[str]:
    """The services in the order in which their traffic changed, as the cloud tells it; creations left out."""
    changes = []
    for name in AFTER:
        entries = [entry for entry in theatre.cloud.traffic(f"{theatre.service}-{name}") if entry["shares"]]
        pairs = itertools.pairwise(entries)
        changes += [(later["at"], name) for before, later in pairs if later["shares"] != before["shares"]]
    return [name for _, name in sorted(changes)]


def test_three_services_follow_each_other(theatre: Theatre) -> None:
    old = candidates(theatre.release(configured(theatre, {}), "--all"))
    played = theatre.release(configured(theatre, {name: {"n": 1} for name in AFTER}), "--all")
    made = candidates(played)
    assert played.code == 0, played.errors
    assert maps(theatre) == {name: [{old[name]: 100}, {made[name]: 100}] for name in AFTER}
    assert moves(theatre) == ["auth", "backend", "web"]
    assert sorted(event["service"] for event in played.of_type("stopped")) == ["auth", "backend", "web"]


@pytest.mark.parametrize("lost", ["backend", "web"])
def test_no_service_has_users_before_the_slowest_one_is_as_far(theatre: Theatre, lost: str) -> None:
    """One of three comes up late and fails its probe: users of the other two never meet a candidate."""
    old = candidates(theatre.release(configured(theatre, {}), "--all"))
    behave = {name: {"health": 500} if name == lost else {"n": 1} for name in AFTER}
    played = theatre.release(configured(theatre, behave, PROBED), "--all")
    assert played.code == 1, played.errors
    assert maps(theatre) == {name: [{old[name]: 100}] for name in AFTER}
    last = {event["service"]: event for event in played.of_type("stopped")}
    assert len(played.of_type("stopped")) == 3, "each ends once"
    for name in AFTER:
        assert (last[name]["outcome"], last[name]["serving"]) == ("rejected", f"{old[name]} 100 %")
        assert name == lost or f"{lost} was not released" in last[name]["reason"]


@pytest.mark.slow
def test_what_is_live_goes_back_when_a_later_one_fails_under_traffic(theatre: Theatre) -> None:
    """With --keep it stays."""
    old = candidates(theatre.release(configured(theatre, {}), "--all"))
    behave = {"auth": {"n": 1}, "backend": {"n": 1}, "web": {"fail_every": 1}}
    played = theatre.release(configured(theatre, behave, SICK_UNDER_TRAFFIC), "--all")
    new = candidates(played)
    assert played.code == 1, played.errors
    for name in ("auth", "backend"):
        assert maps(theatre)[name] == [{old[name]: 100}, {new[name]: 100}, {old[name]: 100}]
    assert maps(theatre)["web"][-1] == {old["web"]: 100}
    last = {event["service"]: event for event in played.of_type("stopped")}
    assert len(played.of_type("stopped")) == 3, "each ends once"
    assert "web was not released" in last["auth"]["reason"]
    assert last["auth"]["serving"] == f"{old['auth']} 100 %"
    kept = theatre.release(configured(theatre, behave, SICK_UNDER_TRAFFIC), "--all", "--keep", "--force")
    assert kept.code == 1
    assert maps(theatre)["auth"][-1] == {candidates(kept)["auth"]: 100}
    assert maps(theatre)["web"][-1] == {old["web"]: 100}


def test_resuming_all_goes_on_with_those_that_are_unfinished(theatre: Theatre) -> None:
    """What has ended has nothing to go on with, and is no obstacle to the others."""
    old = candidates(theatre.release(configured(theatre, {}), "--all"))
    behave = {name: {"n": 1} for name in AFTER}
    ready = theatre.release(configured(theatre, behave), "--service", "web", "--no-traffic")
    assert (ready.code, ready.stopped["outcome"]) == (0, "ready"), ready.errors
    resumed = theatre.command("resume", configured(theatre, behave), "--all")
    assert (resumed.code, [event["service"] for event in resumed.of_type("stopped")]) == (0, ["web"]), resumed.errors
    assert "auth: there is no unfinished release to go on with" in resumed.errors
    assert maps(theatre)["web"][-1] == {ready.candidate: 100}
    assert maps(theatre)["auth"] == [{old["auth"]: 100}]
    again = theatre.command("resume", configured(theatre, behave), "--all")
    assert again.code == 2
    assert all(f"{name}: there is no unfinished release" in again.errors for name in AFTER)
