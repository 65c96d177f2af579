"""The stories the tool is made for, each told by the traffic maps the service really served."""

from __future__ import annotations

import pytest

from tests.rehearsal.cli_harness import CliHarness, Users

GATES = ({"git_clean": {"branches": ["main"]}}, {"image_contents": None}, {"config_contract": None})
BUILT = ({"build": {"timeout": "2m"}}, {"import_check": None})
UP = (
    {"canary": {"ready_within": "60s", "words_within": "1s"}},
    {"probe": {"attempts": 10, "need": 2, "every": "20ms"}},
)
GRADUAL = (
    {"promote": {"percent": 10}},
    {"compare": {"for": "1s", "path": "/work", "every": "10ms", "min_samples": 5, "latency_tolerance": "1s"}},
    {"promote": {"percent": 100}},
    {"verify": {"within": "10s"}},
)
EVERY_STEP = (*GATES, *BUILT, *UP, *GRADUAL)


def test_a_first_release_gets_all_traffic_because_there_is_no_other(harness: CliHarness) -> None:
    result = harness.release(harness.config(EVERY_STEP))
    assert result.code == 0, result.errors
    assert harness.maps() == [{result.candidate: 100}]
    assert ("compare 1 s", "skipped") in result.statuses
    assert "first release" in next(event["reason"] for event in result.of_type("judged") if event["kind"] == "compare")


def test_a_good_release_gets_a_tenth_first_and_users_lose_nothing(harness: CliHarness) -> None:
    stable = harness.release(harness.config(EVERY_STEP)).ended().candidate
    harness.write("app/parts/words.py", 'GREETING = "good evening"\n')
    harness.commit()
    with Users(f"{harness.url()}/work") as users:
        result = harness.release(harness.config(EVERY_STEP))
    assert result.code == 0, result.errors
    new = result.candidate
    assert harness.maps() == [{stable: 100}, {stable: 90, new: 10}, {new: 100}]
    assert users.answers and users.failures() == []
    assert result.stopped["serving"] == f"{new} 100 %"


def test_a_module_that_only_the_disk_has_is_stopped_before_a_build(harness: CliHarness) -> None:
    stable = harness.release(harness.config(EVERY_STEP)).ended().candidate
    harness.write("app/parts/secret_plan.py", "PLAN = 1\n")
    harness.write("app/parts/words.py", 'from app.parts.secret_plan import PLAN\n\nGREETING = f"good day {PLAN}"\n')
    harness.commit()
    before = harness.cloud.last_call()
    result = harness.release(harness.config(EVERY_STEP[1:]))
    assert result.code == 1
    assert result.statuses == [("image_contents", "failed")]
    finding = next(each for each in result.of_type("judged")[0]["findings"] if each["severity"] == "error")
    assert (finding["module"], finding["cause"], finding["rule"]) == (
        "app.parts.secret_plan",
        "gitignored",
        ".gitignore:2",
    )
    assert "git add --force" in finding["fix"]
    assert not [call for call in harness.cloud.calls(before) if "CreateBuild" in call]
    assert harness.maps() == [{stable: 100}]


def test_the_same_is_stopped_by_git_clean_when_that_gate_is_on(harness: CliHarness) -> None:
    harness.write("app/parts/secret_plan.py", "PLAN = 1\n")
    harness.write("app/parts/words.py", 'from app.parts.secret_plan import PLAN\n\nGREETING = f"good day {PLAN}"\n')
    harness.commit()
    result = harness.release(harness.config(EVERY_STEP))
    assert (result.code, result.statuses) == (1, [("git_clean", "failed")])


def test_a_failed_import_is_stopped_in_the_image_and_never_pushed(harness: CliHarness) -> None:
    stable = harness.release(harness.config(EVERY_STEP)).ended().candidate
    harness.write("app/parts/words.py", 'from app.parts.nowhere import PLAN\n\nGREETING = f"good day {PLAN}"\n')
    harness.commit()
    result = harness.release(harness.config((*BUILT, *UP, *GRADUAL)))
    assert (result.code, result.statuses[-1]) == (1, ("import_check", "failed"))
    assert "app.parts.nowhere" in result.stopped["reason"]
    assert harness.maps() == [{stable: 100}]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("behave", "cause"),
    [
        pytest.param({"exit_at_start": 7}, "exits_nonzero", id="crash at start"),
        pytest.param({"port": 9999}, "wrong_port", id="wrong port"),
        pytest.param({"address": "127.0.0.1"}, "localhost_only", id="listens on localhost only"),
    ],
)
def test_a_candidate_that_does_not_come_up_never_meets_a_user(
    harness: CliHarness, behave: dict[str, object], cause: str
) -> None:
    stable = harness.release(harness.config(EVERY_STEP)).ended().candidate
    with Users(f"{harness.url()}/work") as users:
        result = harness.release(harness.config(EVERY_STEP, behave))
    assert (result.code, result.statuses[-1]) == (1, ("canary", "failed"))
    assert result.of_type("diagnosed")[-1]["cause"]["kind"] == cause
    assert harness.maps() == [{stable: 100}]
    assert users.answers and users.failures() == []
    assert result.stopped["serving"] == f"{stable} 100 %"


def test_a_candidate_that_is_sick_only_under_traffic_is_taken_back(harness: CliHarness) -> None:
    stable = harness.release(harness.config(EVERY_STEP)).ended().candidate
    with Users(f"{harness.url()}/work") as users:
        result = harness.release(harness.config(EVERY_STEP, {"fail_every": 1}))
    assert (result.code, result.statuses[-1]) == (1, ("compare 1 s", "failed"))
    assert harness.maps() == [{stable: 100}, {stable: 90, result.candidate: 10}, {stable: 100}]
    lost = users.failures()
    assert {revision for revision, _ in lost} <= {result.candidate}
    assert len(lost) <= 0.12 * len(users.answers)


def test_a_bad_health_check_is_stopped_by_the_probe(harness: CliHarness) -> None:
    stable = harness.release(harness.config(EVERY_STEP)).ended().candidate
    result = harness.release(harness.config(EVERY_STEP, {"health": 503}))
    assert (result.code, result.statuses[-1]) == (1, ("probe", "failed"))
    assert "status 503 instead of 200" in result.stopped["reason"]
    assert harness.maps() == [{stable: 100}]


@pytest.mark.slow
def test_two_releases_of_one_commit_build_once(harness: CliHarness) -> None:
    """A change of memory needs no build; a change of a variable only has the imports checked again."""
    harness.release(harness.config(EVERY_STEP)).ended()
    before = harness.cloud.last_call()
    larger = {"backend": harness.entry(harness.service, memory="300Mi")}
    result = harness.release(harness.config(EVERY_STEP, services=larger))
    assert result.code == 0, result.errors
    calls = harness.cloud.calls(before)
    assert not [call for call in calls if "CreateBuild" in call], calls
    assert calls.count("storage.objects.insert") == 1, "the lease alone"
    assert "built before" in next(event["reason"] for event in result.of_type("judged") if event["kind"] == "build")
    again = harness.release(harness.config(EVERY_STEP, {"slow": 0.001}))
    assert again.code == 0, again.errors
    assert again.of_type("judged")[-1]["release"]["image"] == result.of_type("judged")[-1]["release"]["image"]
    inserted = [call for call in harness.cloud.calls(before) if "objects.insert" in call]
    assert len(inserted) == 3, "two leases and the values of the variables, sealed, and not the source"
