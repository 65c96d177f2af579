"""A start in which something fails that nobody foresaw: its operation says so, and the service goes on."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from google.cloud.run_v2 import Container, RevisionTemplate, Service

from deploy_lib.local_cloud.engines.model import Engine
from tests.local_cloud.emulator.broken import Break, Broken, Unreadable, breaks
from tests.local_cloud.emulator.run.bench import IMAGE, PARENT, RunBench, template


@pytest.mark.parametrize(
    ("instead", "said"),
    [
        (breaks(RuntimeError("a loop")), "the local cloud failed: RuntimeError: a loop"),
        (breaks(AssertionError()), "the local cloud failed: AssertionError"),
        (Unreadable, "failed to start"),
    ],
)
def test_the_operation_ends_and_says_so(
    engine: Engine, subject: str, tmp_path: Path, instead: Break, said: str
) -> None:
    bench = RunBench(Broken(engine, "run", instead), subject, tmp_path)  # type: ignore[arg-type]
    try:
        ended = bench.wait(bench.create("odd", Service(template=template("odd-a"))))
        assert said in ended.error.message
        again = bench.wait(bench.update(Service(name=f"{PARENT}/services/odd", template=template("odd-b"))))
        assert said in again.error.message
    finally:
        bench.close()


def from_the_second_on(error: Exception) -> Break:
    calls: Iterator[int] = count(1)

    def instead(answer: Any) -> Any:
        if next(calls) > 1:
            answer.stop(0)
            raise error
        return answer

    return instead


@pytest.mark.parametrize("error", [OSError(24, "Too many open files"), RuntimeError("a loop")])
def test_one_that_another_waits_for_and_that_cannot_be_started_fails_the_revision(
    engine: Engine, subject: str, tmp_path: Path, error: Exception
) -> None:
    """The first runs, the second fails, and the third waits for the second."""
    bench = RunBench(Broken(engine, "run", from_the_second_on(error)), subject, tmp_path)  # type: ignore[arg-type]
    waits = "import os, signal; signal.signal(signal.SIGTERM, lambda *_: os._exit(0)); signal.pause()"
    listens = "import socket; s = socket.create_server(('', 9000)); import signal; signal.pause()"
    probe = {"tcp_socket": {"port": 9000}, "period_seconds": 10, "timeout_seconds": 10}
    rows = [("api", waits, ["second"]), ("second", listens, ["first"]), ("first", listens, [])]
    containers = [
        Container(
            name=name,
            image=IMAGE,
            command=["python", "-S", "-c", script],
            depends_on=after,
            **({"ports": [{"container_port": 8080}]} if name == "api" else {"startup_probe": probe}),
        )
        for name, script, after in rows
    ]
    try:
        ended = bench.wait(bench.create("odd", Service(template=RevisionTemplate(containers=containers))))
        assert str(error) in ended.error.message
    finally:
        bench.close()
