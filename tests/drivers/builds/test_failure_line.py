"""The telling line of a failed build's log."""

from __future__ import annotations

import pytest

from deploy_lib.drivers.builds.failure_line import failure_line
from deploy_lib.drivers.builds.log import BuildLog

PIP = """\
#8 [4/5] RUN pip install --no-cache-dir -r requirements.txt
#8 1.911 ERROR: Could not find a version that satisfies the requirement fastapi==9.9 (from versions: 0.1.0, 0.1.2)
#8 1.911 ERROR: No matching distribution found for fastapi==9.9
#8 ERROR: process "/bin/sh -c pip install --no-cache-dir -r requirements.txt" did not complete: exit code: 1
------
ERROR: failed to solve: process "/bin/sh -c pip install" did not complete: exit code: 1
"""
COPY = """\
#6 [3/4] COPY missing.txt .
#6 ERROR: failed to calculate checksum of ref 1::2: "/missing.txt": not found
ERROR: failed to solve: failed to compute cache key: failed to calculate checksum of ref 1::2: "/missing.txt": not found
"""


@pytest.mark.parametrize(
    ("log", "says"),
    [
        (PIP, "ERROR: No matching distribution found for fastapi==9.9"),
        (COPY, '"/missing.txt": not found'),
        ("a\n\x1b[31mValueError: no\x1b[0m\nlast words", "ValueError: no"),
        ("E: Unable to locate package libpq-dvv\nERROR: failed to build: exit code 100", "libpq-dvv"),
        ("write /app/x: No space left on device\nERROR: failed to build: x", "No space left on device"),
        ("just\nwords\n\n", "words"),
        ("", ""),
    ],
)
def test_the_line_that_helps_is_picked(log: str, says: str) -> None:
    found = failure_line(log.splitlines())
    assert says in found if says else not found


def test_the_only_step_of_a_build_is_not_named_in_its_log() -> None:
    said = b'starting build "1"\nBUILD\n[1/2] FROM x\nERROR: failed to build: no\nERROR\nERROR: build step 0\n'
    log = BuildLog(lambda start: said[start:], lambda line: None)
    log.follow(ended=True)
    assert log.of_step("build") == ["[1/2] FROM x", "ERROR: failed to build: no"]


def test_a_log_is_told_as_it_grows_each_line_once_with_its_step() -> None:
    data = b""
    told: list[str] = []
    log = BuildLog(lambda start: data[start:], told.append)
    for piece in (b'starting build "1"\nStep #0 - "build": [1/2] FROM x@sha256:' + b"a" * 64, b'\nStep #0 - "bu', b""):
        data += piece
        log.follow()
    data += b'ild": done\nStep #1: no id\nlast'
    log.follow()
    log.follow(ended=True)
    assert told == [f"build: [1/2] FROM x@sha256:{'a' * 64}", "build: done", "step 1: no id", "last"]
    assert log.of_step("build")[-1] == "done"
    assert log.base_digest == "sha256:" + "a" * 64
