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

from tests.rehearsal.cli_harness import CliHarness, CommandResult, Users
from tests.rehearsal.other_client import PINNED, OtherClient
from tests.rehearsal.plans import BUILT, REST, SHORT, TENTH, compare, stable, when
from tests.waits import WITHIN


def test_traffic_changed_by_someone_else_is_held_and_left_alone(harness: CliHarness) -> None:
    old, other = stable(harness), OtherClient(harness)
    made: list[str] = []

    def change() -> None:
        new = next(name for name in harness.now if name != old)
        made.append(new)
        other.split({old: 70, new: 30}, other.tags())

    cue = when("promote 10 %", change)
    with Users(f"{harness.url()}/work") as users:
        released = harness.release(harness.config((*TENTH, *REST), {"n": 1}), cue=cue)
    [new] = made
    assert (released.code, released.statuses[-1]) == (3, ("promote 100 %", "inconclusive"))
    assert harness.maps() == [{old: 100}, {old: 90, new: 10}, {old: 70, new: 30}]
    assert f"someone else changed the traffic: it now carries {old} 70 %, {new} 30 %" in released.stopped["reason"]
    assert released.stopped["serving"] == f"{old} 70 %, {new} 30 %"
    assert other.lease() is None
    assert users.answers and users.failures() == []


def test_a_restore_leaves_what_someone_else_changed(harness: CliHarness) -> None:
    old, other = stable(harness), OtherClient(harness)

    def change() -> None:
        new = next(name for name in harness.now if name != old)
        other.split({old: 60, new: 40}, other.tags())

    cue = when("compare 60 s", change, "failed")
    released = harness.release(harness.config((*TENTH, compare("60s"), *REST), {"fail_every": 1}), cue=cue)
    assert released.code == 3
    assert harness.now == {old: 60, released.candidate: 40}
    assert "it was left as it is" in released.stopped["reason"]


@pytest.mark.slow
def test_a_stable_revision_deleted_meanwhile_is_not_restored_to(harness: CliHarness) -> None:
    """The candidate has all traffic, so the old revision may go; then the candidate turns out to be sick."""
    old, other = stable(harness), OtherClient(harness)

    def delete() -> None:
        new = next(iter(harness.now))
        other.split({new: 100}, {tag: name for tag, name in other.tags().items() if name != old})
        other.delete(old)

    steps = (*BUILT, {"promote": {"percent": 100}}, compare("60s"))
    released = harness.release(harness.config(steps, {"fail_every": 1}), cue=when("promote 100 %", delete))
    new = released.candidate
    assert (released.code, released.statuses[-1]) == (3, ("compare 60 s", "failed"))
    assert harness.maps() == [{old: 100}, {new: 100}]
    assert f"the revision {old} was deleted meanwhile" in released.stopped["reason"]
    assert released.stopped["serving"] == f"{new} 100 %"


def test_a_second_deployer_is_told_who_since_and_until(harness: CliHarness) -> None:
    old = stable(harness)
    second: list[CommandResult] = []

    def deploy() -> None:
        second.append(harness.started(harness.config(SHORT, {"n": 2}), state=harness.root / "another"))

    released = harness.release(harness.config(SHORT, {"n": 1}), cue=when("canary", deploy))
    assert released.code == 0, released.errors
    [refused] = second
    assert refused.code == 5, refused.errors
    said = r".+ is deploying this service since \d\d:\d\d:\d\d UTC, until \d\d:\d\d:\d\d UTC unless renewed"
    assert re.search(said, refused.stopped["reason"]), refused.stopped["reason"]
    assert harness.maps() == [{old: 100}, {released.candidate: 100}]


def test_of_two_deployers_at_once_exactly_one_proceeds(harness: CliHarness) -> None:
    """Both start at the same moment. The first that gets to work is stopped there until the other one has ended."""
    old = stable(harness)
    config = harness.config(SHORT, {"n": 1})
    running = [harness.start(config, state=harness.root / name) for name in ("one", "two")]
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
    assert len(harness.maps()) == 2
    assert harness.maps()[0] == {old: 100}


@pytest.mark.slow
@pytest.mark.parametrize("behave", [{"n": 1}, {"fail_every": 1}], ids=["live", "restored"])
def test_other_tags_and_a_split_made_by_hand_stay(harness: CliHarness, behave: dict[str, object]) -> None:
    first, second, other = stable(harness), stable(harness, n=0), OtherClient(harness)
    other.split({first: 30, second: 70}, {"preview": first})
    released = harness.release(harness.config((*TENTH, compare("2s"), *REST), behave))
    new = released.candidate
    split, tenth = {first: 30, second: 70}, {first: 27, second: 63, new: 10}
    end = split if "fail_every" in behave else {new: 100}
    assert harness.maps() == [{first: 100}, {second: 100}, split, tenth, end]
    assert other.tags() == {"preview": first, "canary": new}
    assert released.code == (1 if "fail_every" in behave else 0), released.errors


def test_a_field_set_by_hand_is_kept(harness: CliHarness) -> None:
    stable(harness)
    other = OtherClient(harness)

    def by_hand(service: run_v2.Service) -> None:
        service.template.revision = f"{harness.service}-by-hand"
        service.template.max_instance_request_concurrency = 17
        server = service.template.containers[0]
        server.env.append(run_v2.EnvVar(name="FLAG", value="set by hand"))
        waits = ["python", "-c", "import os, signal; signal.signal(15, lambda *_: os._exit(0)); signal.pause()"]
        service.template.containers.append(run_v2.Container(name="side", image=server.image, command=waits))
        service.template.labels["team"] = "payments"
        service.traffic = [run_v2.TrafficTarget(type_=PINNED, revision=f"{harness.service}-by-hand", percent=100)]
        service.annotations["owner"] = "anna"

    other.change(by_hand, "template", "traffic", "annotations")
    released = harness.release(harness.config((*TENTH, *REST), {"n": 1}))
    assert released.code == 0, released.errors
    made = other.template_of(released.candidate)
    assert made.max_instance_request_concurrency == 17
    server, side = made.containers
    assert {each.name: each.value for each in server.env}["FLAG"] == "set by hand"
    assert (side.name, side.command[0], bool(side.ports)) == ("side", "python", False)
    assert made.labels["team"] == "payments"
    assert other.read().annotations["owner"] == "anna"
    kept = next(event for event in released.of_type("judged") if event["kind"] == "canary")["facts"]["kept"]
    assert "variable FLAG" in kept and "concurrency: 17" in kept
    assert any(each.startswith("container side: ") for each in kept)
