"""A service's first release has nothing beside it: nothing to compare with, nothing to go back to."""

from __future__ import annotations

from tests.rehearsal.scripts import BUILT, REST, SHORT
from tests.rehearsal.someone import Someone
from tests.rehearsal.theatre import Theatre

PROBED = (*BUILT, {"probe": {"attempts": 4, "need": 2, "every": "20ms"}}, *REST)


def test_it_fails_at_start(theatre: Theatre) -> None:
    played = theatre.release(theatre.config(PROBED, {"exit_at_start": 3}))
    assert (played.code, played.statuses[-1]) == (1, ("canary", "failed"))
    assert theatre.maps() == []
    assert played.stopped["serving"] == "nothing; the service has no revision that came up"
    assert Someone(theatre).lease() is None


def test_after_that_a_good_one_gets_all_traffic(theatre: Theatre) -> None:
    theatre.release(theatre.config(SHORT, {"exit_at_start": 3}))
    played = theatre.release(theatre.config(PROBED, {"n": 1}), "--force")
    assert played.code == 0, f"{played.statuses} {played.errors}"
    assert theatre.now == {played.candidate: 100}


def test_it_fails_at_the_probe_and_there_is_nothing_to_go_back_to(theatre: Theatre) -> None:
    played = theatre.release(theatre.config(PROBED, {"health": 500}))
    new = played.candidate
    assert (played.code, played.statuses[-1]) == (1, ("probe", "failed"))
    assert theatre.maps() == [{new: 100}]
    assert played.stopped["serving"] == f"{new} 100 %"


def test_it_fails_after_its_promotion_and_a_person_must_decide(theatre: Theatre) -> None:
    steps = (*SHORT, {"probe": {"attempts": 4, "need": 2, "every": "20ms"}})
    played = theatre.release(theatre.config(steps, {"health": 500}))
    new = played.candidate
    assert (played.code, played.statuses[-1]) == (3, ("probe", "failed"))
    assert "there is no earlier revision to go back to" in played.stopped["reason"]
    assert theatre.maps() == [{new: 100}]


def test_its_plan_compares_nothing(theatre: Theatre) -> None:
    steps = (*BUILT, {"promote": {"percent": 10}}, {"compare": {"for": "60s"}}, *REST)
    told = theatre.command("plan", theatre.config(steps))
    assert told.code == 0, told.errors
    planned = [event["step"] for event in told.events]
    assert "promote 100 %" in planned and not [step for step in planned if step.startswith("compare")]
