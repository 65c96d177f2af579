"""A start in which something fails that nobody foresaw: its operation says so, and the service goes on."""

from __future__ import annotations

from pathlib import Path

import pytest
from google.cloud.run_v2 import Service

from deploy_lib.local_cloud.engines.model import Engine
from tests.local_cloud.emulator.broken import Break, Broken, Unreadable, breaks
from tests.local_cloud.emulator.run.bench import PARENT, RunBench, template


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
