"""A job that is released by itself: what its entry may say, and which image a rollback gives it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from deploy_lib.cli.rollback_job import earlier, release_of
from deploy_lib.cli.status import job_lines
from deploy_lib.config import ConfigError, load, plan_for_job
from deploy_lib.config.explain import NoSuchKey, explained
from deploy_lib.model.answers import UnfinishedRelease
from deploy_lib.model.not_possible import NotPossible
from deploy_lib.model.outcome import Outcome
from deploy_lib.model.release import Release
from deploy_lib.model.release_history import is_rollback
from deploy_lib.model.service import JobTarget
from deploy_lib.model.state import PastRelease, RevisionState, ServiceState
from deploy_lib.model.traffic import TrafficMap, TrafficTarget
from deploy_lib.plan import Plan
from deploy_lib.release.next_commands import next_commands

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HEAD = "project: netra-staging\nregion: us-central1\nimages: us-central1-docker.pkg.dev/netra-staging/s\n"


def plan(tmp_path: Path, entry: str, more: str = "") -> Plan:
    file = tmp_path / "c.yaml"
    file.write_text(f"{HEAD}{more}jobs:\n  nightly: {{cloud_run: my-nightly{entry}}}\n", encoding="utf-8")
    return plan_for_job(load(file, shown="c.yaml"), "nightly")


def test_its_checks_and_its_update_come_by_themselves(tmp_path: Path) -> None:
    found = plan(tmp_path, ', timeout: 5m, tasks: 3, run: true, env: {A: "${COMMIT}"}')
    labels = ["git_clean", "image_contents", "config_contract", "build", "import_check", "job nightly"]
    assert [step.label for step in found.steps] == labels
    assert found.service.job == JobTarget(300, None, 3, None, run=True)
    assert found.service.path == "projects/netra-staging/locations/us-central1/jobs/my-nightly"
    assert [step.kind.name for step in plan(tmp_path, ", steps: [build]").steps] == ["build", "job"]


def test_what_was_before_its_release_is_told_as_of_a_job(tmp_path: Path) -> None:
    release = Release("r-2", plan(tmp_path, "").service, "c" * 40, datetime(2026, 3, 2, tzinfo=UTC))
    assert replace(release, before=TrafficMap()).begins_from == "this is the job's first release"
    before = TrafficMap((TrafficTarget("r-1", 100),))
    assert replace(release, before=before).begins_from == "before the release: the job as of r-1"


@pytest.mark.parametrize(
    ("entry", "more", "expected"),
    [
        (
            ", steps: [build, canary]",
            "",
            "canary is not a step of a job, which has no traffic and no URL; it takes git_",
        ),
        (", steps: [build, {probe: {}}]", "", "probe is not a step of a job"),
        (", steps: [build, job]", "", "job is not a step of a job, which is changed, and run, by itself after them"),
        (", steps: [git_clean]", "", "the steps of a job need build: there is no image to run before it is built"),
        (", steps: [bild]", "", "unknown step 'bild'; did you mean build?"),
        (", port: 8080, health: {}", "", "port, health: of services only; a job takes no requests"),
        (", regions: [us-east1]", "", "regions: of services only"),
        (", retries: 11", "", "retries"),
        (", memory: 256Mi", "", "memory: 256Mi is too little for a job, which needs 512Mi"),
        (', cpu: "0.5"', "", "cpu: 0.5 is too little for a job, which needs a whole processor"),
        (", tasks: 0", "", "tasks"),
        (", on_failure: run", "", "on_failure"),
        (", env: {A: b}, secrets: {A: c}", "", "A is both in env and in secrets"),
        (', env: {A: "${COMIT}"}', "", "${COMIT} is not known"),
        ("", "services: {nightly: {cloud_run: n}}\nsteps: [build, canary]\n", "nightly is both a service and a job"),
    ],
)
def test_bad_entries(tmp_path: Path, entry: str, more: str, expected: str) -> None:
    with pytest.raises(ConfigError) as caught:
        plan(tmp_path, entry, more)
    assert any(expected in str(each) for each in caught.value.problems), [*map(str, caught.value.problems)]


REGION = "region: us-central1\n"
OF_A_SERVICE = "services: {shop: {cloud_run: shop, region: us-east1}}\nsteps: [git_clean, build, canary, promote]\n"


@pytest.mark.parametrize(
    ("where", "entry", "expected"),
    [
        ("", ", region: us-east1", "us-east1"),
        ("regions: [us-west1, us-east1]\n", "", "us-west1"),
        ("regions: [us-west1, us-east1]\n", ", region: us-east1", "us-east1"),
        ("", "", "c.yaml:1:1: region is missing"),
        (OF_A_SERVICE, "", "c.yaml:1:1: region is missing"),
        (REGION, ", region: us-ost1", "c.yaml:5:36: unknown region 'us-ost1'"),
    ],
    ids=["its own", "the file's first", "another of the file's", "none", "a service's alone", "unknown"],
)
def test_it_runs_in_its_own_region_or_the_files_first(tmp_path: Path, where: str, entry: str, expected: str) -> None:
    file = tmp_path / "c.yaml"
    jobs = f"jobs:\n  nightly: {{cloud_run: my-nightly{entry}}}\n"
    file.write_text(f"{HEAD.replace(REGION, where)}{jobs}", encoding="utf-8")
    try:
        found = plan_for_job(load(file, shown="c.yaml"), "nightly").service.region
    except ConfigError as error:
        [found] = map(str, error.problems)
    assert found.startswith(expected)


def test_where_its_values_are_from_is_told_as_of_a_services(tmp_path: Path) -> None:
    plan(tmp_path, ", memory: 1Gi, env: {LEVEL: debug}")
    config = load(tmp_path / "c.yaml", shown="c.yaml")
    for key, expected in (
        ("memory", ("jobs.nightly.memory", "1Gi", "c.yaml:5:36")),
        ("nightly.env.LEVEL", ("jobs.nightly.env.LEVEL", "debug", "c.yaml:5:55")),
        ("tasks", ("jobs.nightly.tasks", None, "")),
    ):
        [found] = explained(config, key, ["nightly"], "jobs")
        assert (found.key, found.value, found.place) == expected
    with pytest.raises(NoSuchKey, match="unknown key 'port'"):
        explained(config, "port", ["nightly"], "jobs")


def test_a_file_without_jobs_says_so(tmp_path: Path) -> None:
    file = tmp_path / "c.yaml"
    file.write_text(f"{HEAD}services: {{shop: {{cloud_run: shop}}}}\nsteps: [git_clean, build, canary, promote]\n")
    with pytest.raises(ConfigError, match="unknown job 'nightly'; the file has none"):
        plan_for_job(load(file), "nightly")


def past(number: int, outcome: Outcome, digest: str) -> PastRelease:
    return PastRelease(f"release-{number}", f"c{number}", digest, None, outcome, NOON)


A1, B2 = past(1, Outcome.LIVE, "sha256:a"), past(2, Outcome.LIVE, "sha256:b")
BAD, BACK = past(3, Outcome.REJECTED, "sha256:c"), past(4, Outcome.LIVE, "sha256:a")


@pytest.mark.parametrize(
    ("history", "now", "wanted", "expected"),
    [
        ([B2, A1], "b", None, A1),
        ([BAD, B2, A1], "b", None, A1),
        ([B2, A1], "elsewhere", None, B2),
        ([BACK, B2, A1], "a", None, None),
        ([B2, A1], "b", "c1", A1),
        ([BAD, B2, A1], "b", "release-3", None),
        ([], "b", None, None),
    ],
)
def test_the_image_of_the_last_good_update(
    tmp_path: Path, history: list[PastRelease], now: str, wanted: str | None, expected: PastRelease | None
) -> None:
    revision = RevisionState("r", f"host/p/i/nightly@sha256:{now}", True, None, 100)
    state = ServiceState(True, history=tuple(history), revisions=(revision,))
    if expected is None:
        with pytest.raises(NotPossible):
            earlier(state, plan(tmp_path, ""), wanted)
    else:
        assert earlier(state, plan(tmp_path, ""), wanted) == expected
    with pytest.raises(NotPossible, match="there is no job my-nightly"):
        earlier(replace(state, exists=False), plan(tmp_path, ""), wanted)


@pytest.mark.parametrize(("id_", "expected"), [("x-rollback", B2), ("x", A1)])
def test_a_rollback_whose_client_died_goes_back_no_further(tmp_path: Path, id_: str, expected: PastRelease) -> None:
    """Its image is on the job already; `rollback --force` finishes it, and `resume` would build and run."""
    image = "host/p/i/nightly@sha256:b"
    state = ServiceState(
        True,
        unfinished=UnfinishedRelease(id_, "c2", image, None, None, TrafficMap(), 0, 0, 0),
        history=(past(5, Outcome.LIVE, "sha256:d"), B2, A1),
        revisions=(RevisionState("r", image, True, None, 100),),
    )
    found = plan(tmp_path, "")
    assert earlier(state, found, None) == expected
    assert any("rollback --force" in each for each in job_lines(found, state, NOON)) == (expected == B2)


@pytest.mark.parametrize(
    ("outcome", "before", "conflict", "offered"),
    [
        (Outcome.HELD, "r-1", False, ["resume", "rollback", "status"]),
        (Outcome.HELD, "r-1", True, ["# release it again", "rollback", "status"]),
        (Outcome.HELD, "", False, ["resume", "status"]),
        (Outcome.BUSY, "", False, ["--wait 10m", "status", "resume --force"]),
    ],
    ids=["held", "changed by somebody", "its first release", "another is released"],
)
def test_only_what_a_job_takes_is_offered(
    tmp_path: Path, outcome: Outcome, before: str, conflict: bool, offered: list[str]
) -> None:
    found = plan(tmp_path, "")
    there = TrafficMap((TrafficTarget(before, 100),)) if before else TrafficMap()
    release = replace(release_of(found, A1, NOON), before=there)
    typed = [each.partition(".py ")[2] for each in next_commands(found, release, outcome, conflict=conflict)]
    assert [all(word in command for word in each.split()) for command, each in zip(typed, offered, strict=True)] == [
        True for _ in offered
    ], typed


def test_what_a_job_that_has_nothing_to_go_back_to_can_do_is_told(tmp_path: Path) -> None:
    image = RevisionState("r", "host/p/i/nightly@sha256:a", True, None, 100)
    left = UnfinishedRelease("x", "c2", None, None, None, TrafficMap(), 0, 0, 0)
    for unfinished, expected in (
        (left, "resume --force goes on with x, .*deploy_to_gcp.py releases it anew"),
        (None, "; .*deploy_to_gcp.py gives it another one"),
    ):
        state = ServiceState(True, unfinished=unfinished, left=unfinished, revisions=(image,))
        with pytest.raises(NotPossible, match=expected):
            earlier(state, plan(tmp_path, ""), None)


def test_the_release_of_a_rollback_is_called_one(tmp_path: Path) -> None:
    assert is_rollback(release_of(plan(tmp_path, ""), A1, NOON).id)
