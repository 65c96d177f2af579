"""Other people at the same service: what they did is seen, kept, and never overwritten in silence."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from google.cloud import run_v2

from tests.rehearsal.scripts import BUILT, REST, SHORT, TENTH, compare, stable, when
from tests.rehearsal.someone import PINNED, Someone
from tests.rehearsal.theatre import Played, Theatre, Users
from tests.waits import WITHIN


def test_traffic_changed_by_someone_else_is_held_and_left_alone(theatre: Theatre) -> None:
    old, someone = stable(theatre), Someone(theatre)
    made: list[str] = []

    def change() -> None:
        new = next(name for name in theatre.now if name != old)
        made.append(new)
        someone.split({old: 70, new: 30}, someone.tags())

    cue = when("promote 10 %", change)
    with Users(f"{theatre.url()}/work") as users:
        played = theatre.release(theatre.config((*TENTH, *REST), {"n": 1}), cue=cue)
    [new] = made
    assert (played.code, played.statuses[-1]) == (3, ("promote 100 %", "inconclusive"))
    assert theatre.maps() == [{old: 100}, {old: 90, new: 10}, {old: 70, new: 30}]
    assert f"someone else changed the traffic: it now carries {old} 70 %, {new} 30 %" in played.stopped["reason"]
    assert played.stopped["serving"] == f"{old} 70 %, {new} 30 %"
    assert someone.lease() is None
    assert users.answers and users.failures() == []


def test_a_restore_leaves_what_someone_else_changed(theatre: Theatre) -> None:
    old, someone = stable(theatre), Someone(theatre)

    def change() -> None:
        new = next(name for name in theatre.now if name != old)
        someone.split({old: 60, new: 40}, someone.tags())

    cue = when("compare 60 s", change, "failed")
    played = theatre.release(theatre.config((*TENTH, compare("60s"), *REST), {"fail_every": 1}), cue=cue)
    assert played.code == 3
    assert theatre.now == {old: 60, played.candidate: 40}
    assert "it was left as it is" in played.stopped["reason"]


@pytest.mark.slow
def test_a_stable_revision_deleted_meanwhile_is_not_restored_to(theatre: Theatre) -> None:
    """The candidate has all traffic, so the old revision may go; then the candidate turns out to be sick."""
    old, someone = stable(theatre), Someone(theatre)

    def delete() -> None:
        new = next(iter(theatre.now))
        someone.split({new: 100}, {tag: name for tag, name in someone.tags().items() if name != old})
        someone.delete(old)

    steps = (*BUILT, {"promote": {"percent": 100}}, compare("60s"))
    played = theatre.release(theatre.config(steps, {"fail_every": 1}), cue=when("promote 100 %", delete))
    new = played.candidate
    assert (played.code, played.statuses[-1]) == (3, ("compare 60 s", "failed"))
    assert theatre.maps() == [{old: 100}, {new: 100}]
    assert f"the revision {old} was deleted meanwhile" in played.stopped["reason"]
    assert played.stopped["serving"] == f"{new} 100 %"


def test_a_second_deployer_is_told_who_since_and_until(theatre: Theatre) -> None:
    old = stable(theatre)
    second: list[Played] = []

    def deploy() -> None:
        second.append(theatre.started(theatre.config(SHORT, {"n": 2}), state=theatre.root / "another"))

    played = theatre.release(theatre.config(SHORT, {"n": 1}), cue=when("canary", deploy))
    assert played.code == 0, played.errors
    [refused] = second
    assert refused.code == 5, refused.errors
    said = r".+ is deploying this service since \d\d:\d\d:\d\d UTC, until \d\d:\d\d:\d\d UTC unless renewed"
    assert re.search(said, refused.stopped["reason"]), refused.stopped["reason"]
    assert theatre.maps() == [{old: 100}, {played.candidate: 100}]


def test_of_two_deployers_at_once_exactly_one_proceeds(theatre: Theatre) -> None:
    """Both start at the same moment. The first that gets to work is stopped there until the other one has ended."""
    old = stable(theatre)
    config = theatre.config(SHORT, {"n": 1})
    running = [theatre.start(config, state=theatre.root / name) for name in ("one", "two")]
    at_work: list[subprocess.Popen[str]] = []
    ended: list[subprocess.Popen[str]] = []
    one_at_a_time = threading.Lock()

    def follow(process: subprocess.Popen[str]) -> int:
        assert process.stdout
        for line in process.stdout:
            with one_at_a_time:
                if json.loads(line)["type"] == "judged" and not at_work and not ended:
                    at_work.append(process)
                    process.send_signal(signal.SIGSTOP)
        code = process.wait(WITHIN)
        with one_at_a_time:
            ended.append(process)
            for each in at_work:
                each.send_signal(signal.SIGCONT)
        return code

    with ThreadPoolExecutor(2) as pool:
        try:
            codes = [ended.result(WITHIN) for ended in [pool.submit(follow, process) for process in running]]
        finally:
            for process in running:
                process.kill()
    assert sorted(codes) == [0, 5]
    assert len(theatre.maps()) == 2
    assert theatre.maps()[0] == {old: 100}


@pytest.mark.slow
@pytest.mark.parametrize("behave", [{"n": 1}, {"fail_every": 1}], ids=["live", "restored"])
def test_other_tags_and_a_split_made_by_hand_stay(theatre: Theatre, behave: dict[str, object]) -> None:
    first, second, someone = stable(theatre), stable(theatre, n=0), Someone(theatre)
    someone.split({first: 30, second: 70}, {"preview": first})
    played = theatre.release(theatre.config((*TENTH, compare("2s"), *REST), behave))
    new = played.candidate
    split, tenth = {first: 30, second: 70}, {first: 27, second: 63, new: 10}
    end = split if "fail_every" in behave else {new: 100}
    assert theatre.maps() == [{first: 100}, {second: 100}, split, tenth, end]
    assert someone.tags() == {"preview": first, "canary": new}
    assert played.code == (1 if "fail_every" in behave else 0), played.errors


def test_a_field_set_by_hand_is_kept(theatre: Theatre) -> None:
    stable(theatre)
    someone = Someone(theatre)

    def by_hand(service: run_v2.Service) -> None:
        service.template.revision = f"{theatre.service}-by-hand"
        service.template.max_instance_request_concurrency = 17
        service.template.containers[0].env.append(run_v2.EnvVar(name="FLAG", value="set by hand"))
        service.template.labels["team"] = "payments"
        service.traffic = [run_v2.TrafficTarget(type_=PINNED, revision=f"{theatre.service}-by-hand", percent=100)]
        service.annotations["owner"] = "anna"

    someone.change(by_hand, "template", "traffic", "annotations")
    played = theatre.release(theatre.config((*TENTH, *REST), {"n": 1}))
    assert played.code == 0, played.errors
    made = someone.template_of(played.candidate)
    assert made.max_instance_request_concurrency == 17
    assert {each.name: each.value for each in made.containers[0].env}["FLAG"] == "set by hand"
    assert made.labels["team"] == "payments"
    assert someone.read().annotations["owner"] == "anna"
    kept = next(event for event in played.of_type("judged") if event["kind"] == "canary")["facts"]["kept"]
    assert "variable FLAG" in kept and "concurrency: 17" in kept
