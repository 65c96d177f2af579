"""Every kind of failed request, met by every step that asks one or counts those of users: docs/reference.md's table.

The path is configured once, as the service's health; the stable revision answers there well.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.rehearsal.cli_harness import CliHarness, CommandResult, Users
from tests.rehearsal.plans import BUILT, stable
from tests.rehearsal.shared_service import SharedService

TABLE = yaml.safe_load((Path(__file__).parents[1] / "cases/requests/failed.yaml").read_text())
HEALTH = {"path": "/work", "timeout": "1500ms"}
COMPARE = {"compare": {"for": "6s", "every": "50ms", "min_samples": 20, "latency_tolerance": "1s", "timeout": "10s"}}
PROMOTED = {"promote": {"percent": 100}}
STEPS: dict[str, Sequence[Mapping[str, Any]]] = {
    "probe": ({"probe": {"attempts": 2, "need": 1, "every": "20ms"}}, PROMOTED),
    "compare": (COMPARE, PROMOTED),
    "compare under traffic": ({"promote": {"percent": 10}}, COMPARE, PROMOTED),
    "bake": ({"promote": {"percent": 50, "bake": "20s", "every": "100ms"}}, PROMOTED),
    "verify": (PROMOTED, {"verify": {"within": "3s"}}),
}
JUDGED_BY = {"compare under traffic": "compare", "bake": "promote"}
# What a machine does to both revisions alike is not to decide: few users, little of our own, and an answer that comes
# long after any that the machine is late with.
SLOWER = {"max_slowdown": 1.0, "latency_tolerance": "1s", "every": "250ms"}
HALF = {"percent": 50, **SLOWER}
WHILE_USERS_WAIT: dict[str, Sequence[Mapping[str, Any]]] = {
    "bake": ({"promote": {**HALF, "bake": "20s"}}, PROMOTED),
    "shorter bake": ({"promote": {**HALF, "bake": "12s", "extend_by": "15s"}}, PROMOTED),
    "bake alone": ({"promote": {**SLOWER, "percent": 100, "bake": "20s", "warm_up": "1s"}},),
    "compare": (
        {"promote": {"percent": 50}},
        {"compare": {**SLOWER, "for": "12s", "extend_by": "20s", "min_samples": 20, "timeout": "10s"}},
        PROMOTED,
    ),
}
WAITING = [
    ("very slow", "bake"),
    ("very slow", "bake alone"),
    ("very slow", "compare"),
    ("no answer", "shorter bake"),
    ("no answer", "compare"),
]


def play(
    shared: SharedService, steps: Sequence[Mapping[str, Any]], wrong: Mapping[str, str], **health: Any
) -> CommandResult:
    entry = shared.harness.entry(
        shared.harness.service, {"number": shared.number, "wrong": wrong}, health={**HEALTH, **health}
    )
    config = shared.harness.config((*BUILT, *steps), services={"backend": entry})
    return shared.harness.release(config, "--force")  # the same image failed in the story before


def combinations() -> Iterator[Any]:
    for row in TABLE:
        for step in ("probe", "compare", "compare under traffic", "bake", "verify"):
            says = row["says"].get(step.split(" ")[0])
            yield pytest.param(row["kind"], step, says, id=f"{row['kind']} met by {step}")


@pytest.mark.parametrize(("kind", "step", "says"), [*combinations()])
def test_it_is_rejected(shared: SharedService, kind: str, step: str, says: str) -> None:
    result = play(shared, STEPS[step], {"/work": kind})
    judged = result.of_type("judged")[-1]
    assert (result.code, judged["kind"], judged["status"]) == (1, JUDGED_BY.get(step, step), "failed"), result.stopped
    assert says in judged["reason"]
    shared.assert_well(live=False)


@pytest.mark.parametrize("kind", ["5xx", "429", "404", "redirect"])
@pytest.mark.parametrize("step", ["compare under traffic", "bake"])
def test_it_is_rejected_where_only_users_meet_it(shared: SharedService, kind: str, step: str) -> None:
    with Users(f"{shared.harness.url()}/work", rate=30):
        result = play(shared, STEPS[step], {"/work": kind}, path="/health")
    judged = result.of_type("judged")[-1]
    assert (result.code, judged["kind"], judged["status"]) == (1, JUDGED_BY[step], "failed"), result.stopped
    assert "real requests: " in judged["reason"]
    shared.assert_well(live=False)


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "step"), WAITING)
def test_users_who_wait_count(shared: SharedService, kind: str, step: str) -> None:
    """Our own requests are answered at once, elsewhere."""
    with Users(f"{shared.harness.url()}/work", rate=15, people=60):
        result = play(shared, WHILE_USERS_WAIT[step], {"/work": kind}, path="/health")
    judged = result.of_type("judged")[-1]
    by = "compare" if step == "compare" else "promote"
    assert (result.code, judged["kind"], judged["status"]) == (1, by, "failed"), result.stopped
    assert "real requests: " in judged["reason"]
    shared.assert_well(live=False)


def test_a_bake_that_ends_before_its_requests_could_time_out(shared: SharedService) -> None:
    bake = {"promote": {"percent": 50, "bake": "2s", "every": "200ms", "timeout": "5m"}}
    result = play(shared, (bake, PROMOTED), {"/work": "no answer"})
    judged = result.of_type("judged")[-1]
    assert (result.code, judged["kind"], judged["status"]) == (1, "promote", "failed"), result.stopped
    assert "our own requests: too slow" in judged["reason"]
    shared.assert_well(live=False)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["404", "403", "redirect"])
def test_what_both_answer_alike_may_be_the_front_end(shared: SharedService, kind: str) -> None:
    """The revision that serves does the same; nothing is known, and what to configure is said."""
    assert play(shared, (PROMOTED,), {"/work": kind}).code == 0
    shared.number += 100_000
    result = play(shared, STEPS["compare"], {"/work": kind})
    judged = result.of_type("judged")[-1]
    assert (result.code, judged["status"]) == (3, "inconclusive")
    assert "the front end answered, not the service" in judged["reason"]
    shared.harness.command("rollback", shared.harness.config(BUILT), "--now").ended()


@pytest.mark.parametrize("step", ["compare", "compare under traffic"])
def test_a_404_is_not_the_400_that_stable_gives(shared: SharedService, step: str) -> None:
    assert play(shared, (PROMOTED,), {"/work": "400"}).code == 0
    before = shared.harness.now
    shared.number += 100_000
    result = play(shared, STEPS[step], {"/work": "404"})
    judged = result.of_type("judged")[-1]
    assert (result.code, judged["kind"], judged["status"]) == (1, "compare", "failed"), result.stopped
    assert "status 404 where the stable revision answered 400" in judged["reason"]
    assert shared.harness.now == before
    shared.harness.command("rollback", shared.harness.config(BUILT), "--now").ended()


def test_going_back_to_a_revision_that_has_no_such_path(harness: CliHarness) -> None:
    """The path of health may be younger than what is put back, which is judged by whether it serves."""
    old = stable(harness, wrong={"/work": "404"})
    stable(harness, number=2)
    entry = harness.entry(harness.service, {"number": 2}, health=HEALTH)
    config = harness.config((*BUILT, *STEPS["probe"]), services={"backend": entry})
    rolled = harness.command("rollback", config)
    assert rolled.code == 0, rolled.errors
    assert harness.now == {old: 100}
    assert any("may be younger" in event["text"] for event in rolled.of_type("progress"))
