"""Several services in one run: all of them live, or all as they were."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.rehearsal.scripts import SHORT
from tests.rehearsal.theatre import Played, Shares, Theatre

AFTER: dict[str, list[str]] = {"auth": [], "backend": ["auth"], "web": ["backend"]}
SICK = {"auth": {"n": 1}, "backend": {"exit_at_start": 3}, "web": {"n": 1}}


def configured(theatre: Theatre, behave: Mapping[str, Mapping[str, Any]]) -> Path:
    services = {
        name: theatre.entry(f"{theatre.service}-{name}", behave.get(name), after=after) for name, after in AFTER.items()
    }
    return theatre.config(SHORT, services=services)


def maps(theatre: Theatre) -> dict[str, list[Shares]]:
    return {name: theatre.maps(f"{theatre.service}-{name}") for name in AFTER}


def candidates(played: Played) -> dict[str, str]:
    return {event["service"]: event["release"]["candidate"] for event in played.of_type("judged")}


def test_three_services_follow_each_other(theatre: Theatre) -> None:
    played = theatre.release(configured(theatre, {}), "--all")
    made = candidates(played)
    assert played.code == 0, played.errors
    assert maps(theatre) == {name: [{made[name]: 100}] for name in AFTER}
    assert [event["service"] for event in played.of_type("stopped")] == ["auth", "backend", "web"]


def test_the_second_of_three_fails(theatre: Theatre) -> None:
    """The first is taken back, the third never starts; with --keep the first stays."""
    old = candidates(theatre.release(configured(theatre, {}), "--all"))
    played = theatre.release(configured(theatre, SICK), "--all")
    new = candidates(played)
    assert played.code == 1, played.errors
    assert maps(theatre) == {
        "auth": [{old["auth"]: 100}, {new["auth"]: 100}, {old["auth"]: 100}],
        "backend": [{old["backend"]: 100}],
        "web": [{old["web"]: 100}],
    }
    assert "web" not in {event["service"] for event in played.events}
    last = {event["service"]: event for event in played.of_type("stopped")}
    assert last["auth"]["outcome"] == "rejected"
    assert "backend was not released" in last["auth"]["reason"]
    assert last["auth"]["serving"] == f"{old['auth']} 100 %"
    kept = theatre.release(configured(theatre, SICK), "--all", "--keep", "--force")
    assert kept.code == 1
    assert maps(theatre)["auth"][-1] == {candidates(kept)["auth"]: 100}
    assert maps(theatre)["web"] == [{old["web"]: 100}]
