"""Steps of a build, really run: what they see, in which order, and what their failures mean."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from pathlib import Path

import pytest
from google.cloud.devtools.cloudbuild_v1 import (
    Build,
    BuildOptions,
    BuildStep,
    SecretManagerSecret,
    Secrets,
    Volume,
)

from tests.local_cloud.emulator.build_bench import DOCKER, BuildBench, shell

Status = Build.Status
STILL = "sleep 60"  # longer than any test waits


@pytest.fixture
def bench(tmp_path: Path, engine_store: Path) -> Iterator[BuildBench]:
    bench = BuildBench(tmp_path, engine_store)
    yield bench
    bench.cloud.close()


def statuses(build: Build) -> list[str]:
    return [step.status.name for step in build.steps]


def seconds(number: float) -> datetime.timedelta:
    return datetime.timedelta(seconds=number)


def test_steps_share_workspace_home_and_volumes_and_start_in_the_source(bench: BuildBench) -> None:
    shared = [Volume(name="cache", path="/cache")]
    build = bench.run(
        shell(
            "cat note.txt sub/in.txt; pwd; echo left > here; echo kept > $$HOME/at-home; echo v > /cache/x",
            volumes=shared,
        ),
        shell("pwd; cat ../here $$HOME/at-home /cache/x; ls -A $$BUILDER_OUTPUT", dir_="sub", volumes=shared),
        source=bench.upload({"note.txt": "from the source\n", "sub/in.txt": "deep\n"}),
    )
    assert build.status == Status.SUCCESS, bench.log(build.id)
    assert bench.log(build.id).splitlines() == [
        f'starting build "{build.id}"',
        "",
        "FETCHSOURCE",
        f"Fetching storage object: gs://src/source.tgz#{build.source_provenance.resolved_storage_source.generation}",
        "Operation completed over 1 objects.",
        "BUILD",
        "Starting Step #0",
        f"Step #0: Already have image (with digest): {DOCKER}",
        "Step #0: from the source",
        "Step #0: deep",
        "Step #0: /workspace",
        "Finished Step #0",
        "Starting Step #1",
        f"Step #1: Already have image (with digest): {DOCKER}",
        "Step #1: /workspace/sub",
        "Step #1: left",
        "Step #1: kept",
        "Step #1: v",
        "Finished Step #1",
        "DONE",
    ]


def test_variables_scripts_and_secrets_reach_a_step_and_secrets_no_log(bench: BuildBench) -> None:
    bench.secrets.create("p", "token")
    bench.secrets.add_version("projects/p/secrets/token", b"hunter2-hunter2")
    build = bench.run(
        BuildStep(
            name=DOCKER,
            script='echo "$A $B $0"; test -n "$TOKEN" && echo "token: $TOKEN"; echo "$TOKEN" > /builder/outputs/output',
            env=["B=step"],
            secret_env=["TOKEN"],
        ),
        BuildStep(name=DOCKER, script="#!/usr/bin/env python3\nimport os\nprint('TOKEN' in os.environ)"),
        options=BuildOptions(logging="GCS_ONLY", env=["A=build", "B=build"]),
        available_secrets=Secrets(
            secret_manager=[SecretManagerSecret(version_name="projects/p/secrets/token/versions/1", env="TOKEN")]
        ),
    )
    log = bench.log(build.id)
    assert build.status == Status.SUCCESS, log
    assert "Step #0: build step /builder/script" in log
    assert "Step #0: token: ****" in log
    assert "hunter2" not in log
    assert "Step #1: False" in log
    assert build.results.build_step_outputs[0] == b"hunter2-hunter2\n"


def test_a_secret_the_build_may_not_read_ends_it_before_any_step(bench: BuildBench) -> None:
    build = bench.run(
        shell("echo started", secret_env=["TOKEN"]),
        available_secrets=Secrets(
            secret_manager=[SecretManagerSecret(version_name="projects/p/secrets/none/versions/1", env="TOKEN")]
        ),
    )
    assert build.status == Status.FAILURE
    assert "failed to access secret version" in build.status_detail
    assert "started" not in bench.log(build.id)


def test_steps_that_wait_for_nothing_run_at_the_same_time(bench: BuildBench) -> None:
    meet = "touch {mine}; for i in $$(seq 400); do test -e {other} && exit 0; sleep 0.05; done; exit 1"
    build = bench.run(
        shell(meet.format(mine="a", other="b"), id="a", wait_for=["-"]),
        shell(meet.format(mine="b", other="a"), id="b", wait_for=["-"]),
        shell("test -e a && test -e b", id="last"),
    )
    assert statuses(build) == ["SUCCESS"] * 3, bench.log(build.id)
    assert build.steps[2].timing.start_time >= max(step.timing.end_time for step in list(build.steps)[:2])


def test_a_failing_step_ends_the_build_and_the_steps_beside_it(bench: BuildBench) -> None:
    build = bench.run(
        shell(STILL, wait_for=["-"]),
        shell("echo bad; exit 3", id="gate", wait_for=["-"]),
        shell("echo never"),
    )
    assert build.status == Status.FAILURE
    assert statuses(build) == ["CANCELLED", "FAILURE", "QUEUED"]
    assert build.steps[1].exit_code == 3
    reason = f'build step 1 "{DOCKER}" failed: step exited with non-zero status: 3'
    assert build.status_detail == f"Build step failure: {reason}"
    assert build.failure_info.type_.name == "USER_BUILD_STEP"
    assert bench.log(build.id).endswith(f"\nERROR\nERROR: {reason}\n")
    assert "never" not in bench.log(build.id)
    assert (build.finish_time - build.start_time).total_seconds() < 30


@pytest.mark.parametrize(
    ("fields", "code", "passes"),
    [
        ({"allow_failure": True}, 3, True),
        ({"allow_exit_codes": [3, 4]}, 3, True),
        ({"allow_exit_codes": [4]}, 3, False),
        ({}, 3, False),
    ],
)
def test_failures_may_be_allowed(bench: BuildBench, fields: dict[str, object], code: int, passes: bool) -> None:
    build = bench.run(shell(f"exit {code}", **fields), shell("echo next"))
    assert build.steps[0].status == Status.FAILURE
    assert build.steps[0].exit_code == code
    assert (build.status == Status.SUCCESS) is passes
    assert ("next" in bench.log(build.id)) is passes


def test_an_output_is_kept_up_to_its_limit_and_is_the_step_s_own(bench: BuildBench) -> None:
    build = bench.run(
        shell("head -c 60000 /dev/zero | tr '\\0' x > $$BUILDER_OUTPUT/output"),
        shell("true"),
        shell("ln -s /etc/passwd $$BUILDER_OUTPUT/output"),
        shell("echo last > $$BUILDER_OUTPUT/output"),
    )
    first, *others = build.results.build_step_outputs
    assert (len(first), set(first)) == (50 * 1024, {ord("x")})
    assert others == [b"", b"", b"last\n"]


def test_a_step_that_takes_too_long_fails_alone_in_name(bench: BuildBench) -> None:
    build = bench.run(shell("echo begun; " + STILL, timeout=seconds(0.5)), shell("echo never"))
    assert build.status == Status.FAILURE
    assert statuses(build) == ["TIMEOUT", "QUEUED"]
    assert "did not end within its timeout of 0.5s" in build.status_detail


def test_a_build_that_takes_too_long_is_a_timeout(bench: BuildBench) -> None:
    build = bench.run(shell(STILL), timeout=seconds(1))
    assert build.status == Status.TIMEOUT
    assert statuses(build) == ["TIMEOUT"]
    assert bench.log(build.id).endswith("\nTIMEOUT\nERROR: context deadline exceeded\n")


def test_an_image_nobody_has_is_named_and_no_step_runs(bench: BuildBench) -> None:
    build = bench.run(BuildStep(name="gcr.io/cloud-builders/mvn", args=["package"]))
    assert build.status == Status.FAILURE
    assert "the local cloud has no builder image gcr.io/cloud-builders/mvn; it has" in build.status_detail
    assert "gcr.io/cloud-builders/docker" in build.status_detail


def test_an_unknown_command_of_docker_is_refused_by_name(bench: BuildBench) -> None:
    build = bench.run(BuildStep(name=DOCKER, args=["swarm", "init"]))
    assert build.status == Status.FAILURE
    assert "the local cloud does not know the command 'swarm init'" in bench.log(build.id)
