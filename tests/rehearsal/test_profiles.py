"""The main stories in the production profile of the local cloud: late, slow and within quotas as at Google, where stale
etags are ignored and where they are refused, since nobody knows for certain which of the two Google does.

All other rehearsals are those of the relaxed profile. Each story has a project of its own here, since a minute's quota
is a project's, and no story may use one up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cloud import LocalCloud
from tests.engine_store import shared_store
from tests.rehearsal.cli_harness import CliHarness, CommandResult, Shares
from tests.rehearsal.kill_harness import Moment, die
from tests.rehearsal.plans import when

Steps = tuple[dict[str, Any], ...]
UP: Steps = (
    {"build": {"timeout": "2m", "cache": True}},
    {"canary": {"ready_within": "60s", "words_within": "2s"}},
    {"probe": {"attempts": 10, "need": 2, "every": "50ms"}},
)
LIVE = ({"promote": {"percent": 100}}, {"verify": {"within": "30s"}})
SHORT = (*UP, *LIVE)
COMPARED = {"for": "1s", "path": "/work", "every": "50ms", "min_samples": 5, "latency_tolerance": "1s"}
GRADUAL = (*UP, {"promote": {"percent": 10, "bake": "500ms", "every": "50ms"}}, {"compare": COMPARED}, *LIVE)
TENTH_IS_JUDGED = 9  # the number of that entry in the journal of GRADUAL
SCALE = 0.05
"""Entries are 0.25 to 1 s late and calls take 7.5 ms longer."""


@pytest.fixture(scope="module", params=["ignored", "enforced"])
def strict(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    arguments = ("--profile", "production", "--etags", request.param)
    store, state = shared_store(tmp_path_factory), tmp_path_factory.mktemp(request.param)
    with LocalCloud(state, store=store, time_scale=SCALE, arguments=arguments) as cloud:
        yield cloud


class Stage:
    """A service in a project of its own, with a revision that serves."""

    def __init__(self, cloud: LocalCloud, root: Path) -> None:
        self.harness = CliHarness(cloud, root, cloud.name("play"))
        self.project = cloud.name("netra")
        self.began = cloud.last_call()

    def config(
        self, steps: tuple[dict[str, Any], ...], *, services: dict[str, Any] | None = None, **behave: Any
    ) -> Path:
        images = f"us-central1-docker.pkg.dev/{self.project}/services"
        return self.harness.config(steps, behave, services, project=self.project, images=images)

    def live(self, steps: Steps = SHORT, **behave: Any) -> str:
        result = self.harness.release(self.config(steps, **behave))
        assert result.code == 0, f"{result.statuses} {result.errors}"
        return result.candidate

    def ends(self, result: CommandResult, code: int, serving: str, maps: list[Shares]) -> None:
        """How it ended, what its last line says, and what users were served on the way there."""
        assert (result.code, result.stopped["serving"]) == (code, serving), f"{result.statuses} {result.stopped}"
        assert self.harness.maps() == maps
        refused = [each["method"] for each in self.harness.cloud.call_records(self.began) if is_over_quota(each)]
        assert refused == []


def is_over_quota(call: dict[str, Any]) -> bool:
    return bool(call["code"] == "RESOURCE_EXHAUSTED")


@pytest.fixture
def stage(strict: LocalCloud, tmp_path: Path) -> Stage:
    return Stage(strict, tmp_path)


def test_a_crash_at_start_is_explained_by_what_it_printed(stage: Stage) -> None:
    old = stage.live()
    result = stage.harness.release(stage.config(GRADUAL, exit_at_start=7))
    stage.ends(result, 1, f"{old} 100 %", [{old: 100}])
    cause = result.of_type("diagnosed")[-1]["cause"]
    assert (cause["kind"], "no use going on" in cause["sentence"]) == ("exits_nonzero", True), cause


def test_one_that_is_sick_at_a_tenth_is_taken_back(stage: Stage) -> None:
    old = stage.live()
    result = stage.harness.release(stage.config(GRADUAL, fail_every=1))
    stage.ends(result, 1, f"{old} 100 %", [{old: 100}, {old: 90, result.candidate: 10}, {old: 100}])
    assert (result.stopped["outcome"], result.statuses[-1]) == ("rejected", ("compare 1 s", "failed"))


def test_a_rollback_puts_back_what_served_before(stage: Stage) -> None:
    """The two are built of two commits, into a repository whose tags cannot be moved, with the layers of the first."""
    old = stage.live()
    stage.harness.write("shop_backend/another.py", "OTHER = True\n")
    stage.harness.commit()
    new = stage.live()
    result = stage.harness.command("rollback", stage.config(SHORT))
    stage.ends(result, 0, f"{old} 100 %", [{old: 100}, {new: 100}, {old: 100}])


def test_a_good_release_goes_live_by_a_tenth_and_a_second_deployer_is_busy_meanwhile(stage: Stage) -> None:
    old, second = stage.live(), list[CommandResult]()
    config = stage.config(GRADUAL, n=1)

    def deploy() -> None:
        second.append(stage.harness.started(config, state=stage.harness.root / "another"))

    result = stage.harness.release(config, cue=when("promote 10 %", deploy))
    new = result.candidate
    stage.ends(result, 0, f"{new} 100 %", [{old: 100}, {old: 90, new: 10}, {new: 100}])
    assert result.stopped["outcome"] == "live"
    assert [(each.code, each.stopped["serving"]) for each in second] == [(5, f"{old} 90 %, {new} 10 %")]


def test_what_a_killed_client_began_is_ended_by_resume(stage: Stage) -> None:
    old, harness, state = stage.live(), stage.harness, stage.harness.root / "killed"
    words = ["deploy", "--config", str(stage.config(GRADUAL, n=1)), "--repo", str(harness.repository)]
    words += ["--service", "backend", "--output", "json", "--state", str(state)]
    assert die(words, harness.variables, Moment(TENTH_IS_JUDGED, after=True), harness.root / "said") == -9
    new = next(name for name in harness.now if name != old)
    assert harness.now == {old: 90, new: 10}
    result = harness.command("resume", stage.config(GRADUAL, n=1), "--force", state=state)
    stage.ends(result, 0, f"{new} 100 %", [{old: 100}, {old: 90, new: 10}, {new: 100}])


def test_a_group_moves_no_traffic_for_one_that_is_not_ready(stage: Stage) -> None:
    """Three at once, which together stay within the project's quotas."""
    names = ("auth", "shop", "web")

    def all_of(behave: Callable[[str], dict[str, Any]]) -> Path:
        harness = stage.harness
        services = {name: harness.entry(f"{harness.service}-{name}", behave(name)) for name in names}
        return stage.config(SHORT, services=services)

    first = stage.harness.release(all_of(lambda name: {}), "--all")
    assert first.code == 0, first.errors
    old = {event["service"]: event["release"]["candidate"] for event in first.of_type("judged")}
    result = stage.harness.release(all_of(lambda name: {"health": 500} if name == "web" else {"n": 1}), "--all")
    assert result.code == 1, result.stopped
    ended = {event["service"]: (event["outcome"], event["serving"]) for event in result.of_type("stopped")}
    assert ended == {name: ("rejected", f"{old[name]} 100 %") for name in names}
    assert {name: stage.harness.maps(f"{stage.harness.service}-{name}") for name in names} == {
        name: [{old[name]: 100}] for name in names
    }
    assert not [each for each in stage.harness.cloud.call_records(stage.began) if is_over_quota(each)]
