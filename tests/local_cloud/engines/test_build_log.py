"""What three builders print when a build fails, as recorded from them, and the reason that is made of it."""

from __future__ import annotations

import pytest

from deploy_lib.local_cloud.engines.docker_like.build_log import read_failure
from deploy_lib.local_cloud.engines.dockerfile import parse_dockerfile
from deploy_lib.local_cloud.engines.model import BuildFailed

DOCKERFILE = "FROM python:3.11-slim\nWORKDIR /app\nCOPY shop shop\nRUN pip install \\\n    nosuch==9\nRUN exit 3\n"
PIP = [
    "Looking in indexes: https://pypi.org/simple",
    "ERROR: Could not find a version that satisfies the requirement nosuch==9 (from versions: none)",
    "ERROR: No matching distribution found for nosuch==9",
]
PODMAN = [
    "STEP 1/5: FROM localhost/stand-in/python:3.11-slim", "STEP 2/5: WORKDIR /app", "--> 992b892b975",
    "STEP 4/5: RUN pip install     nosuch==9", *PIP,
    'Error: building at STEP "RUN pip install     nosuch==9": while running runtime: exit status 1',
]  # fmt: skip
OLD_DOCKER = [
    "DEPRECATED: The legacy builder is deprecated and will be removed in a future release.",
    "Step 1/5 : FROM python:3.11-slim", " ---> d9900baecf3c", "Step 4/5 : RUN pip install     nosuch==9",
    " ---> Running in 7bfb2693da30", *PIP,
    "The command '/bin/sh -c pip install     nosuch==9' returned a non-zero code: 1",
]  # fmt: skip
BUILDKIT = [
    "#5 [1/4] FROM docker.io/library/python:3.11-slim", "#5 CACHED", "#8 [4/5] RUN pip install     nosuch==9",
    *[f"#8 1.{number} {line}" for number, line in enumerate(PIP)],
    '#8 ERROR: process "/bin/sh -c pip install     nosuch==9" did not complete successfully: exit code: 1',
    "------", " > [4/5] RUN pip install     nosuch==9:", "------", "Dockerfile:4", "--------------------",
    '   4 | >>> RUN pip install \\',
    'ERROR: failed to build: failed to solve: process "/bin/sh -c pip" did not complete successfully: exit code: 1',
]  # fmt: skip

OLD_BUILDKIT = [
    "#8 [4/5] RUN pip install     nosuch==9", "#8 sha256:b8bee7fc54b838f1f6adf1c91755d7170081d84c9a0a7bb8a1685d4df96e7",
    *[f"#8 0.{number} {line}" for number, line in enumerate(PIP)],
    "#8 ERROR: executor failed running [/bin/sh -c pip install     nosuch==9]: exit code: 1",
    "------", " > [4/5] RUN pip install     nosuch==9:", "------",
    "executor failed running [/bin/sh -c pip install     nosuch==9]: exit code: 1",
]  # fmt: skip


@pytest.mark.parametrize(
    "lines",
    [PODMAN, OLD_DOCKER, BUILDKIT, OLD_BUILDKIT],
    ids=["podman", "old docker", "BuildKit", "BuildKit in docker 20.10"],
)
def test_a_command_that_failed(lines: list[str]) -> None:
    failure = read_failure(lines, parse_dockerfile(DOCKERFILE), "/store")
    assert isinstance(failure, BuildFailed)
    assert failure.line == 4
    assert failure.reason == (
        "Dockerfile line 4: RUN: the command ended with exit code 1: "
        "ERROR: No matching distribution found for nosuch==9"
    )
    assert "Could not find a version" in failure.output


def test_a_source_that_is_not_there() -> None:
    told = 'Error: building at STEP "COPY shop shop": checking on sources under "/ctx": copier: stat: "/shop": no such'
    failure = read_failure(["STEP 3/5: COPY shop shop", told], parse_dockerfile(DOCKERFILE), "/store")
    assert isinstance(failure, BuildFailed)
    assert failure.line == 3
    assert '"/shop": no such' in failure.reason


def test_an_image_that_buildkit_cannot_get() -> None:
    told = [
        "#4 [stage-0 1/2] FROM localhost/stand-in/python:3.11-slim", "#4 CACHED",
        "#5 FROM docker.io/library/nosuch:latest", "#5 resolve docker.io/library/nosuch:latest done",
        "#5 ERROR: failed to do request: no such host", "failed to load cache key: failed to do request: no such host",
    ]  # fmt: skip
    failure = read_failure(told, parse_dockerfile("FROM python:3.11-slim\nCOPY --from=nosuch /x /x\n"), "/store")
    assert isinstance(failure, BuildFailed)
    assert failure.line == 2


def test_a_full_disk_is_no_fault_of_the_dockerfile() -> None:
    told = ["STEP 3/5: COPY shop shop", "Error: committing: write /x: no space left on device"]
    failure = read_failure(told, parse_dockerfile(DOCKERFILE), "/store")
    assert not isinstance(failure, BuildFailed)
    assert failure.reason == "the disk that holds /store is full"


def test_a_builder_that_dies_without_a_word() -> None:
    assert read_failure([], parse_dockerfile(DOCKERFILE), "/store").reason == "the builder printed no error"
