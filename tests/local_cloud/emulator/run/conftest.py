from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy_lib.local_cloud.engines import choose
from deploy_lib.local_cloud.engines.model import Engine
from tests.local_cloud.emulator.run.bench import RunBench, build_subject


@pytest.fixture(scope="session")
def engine(engine_store: Path) -> Engine:
    return choose("namespaces", engine_store)


@pytest.fixture(scope="session")
def subject(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> str:
    return build_subject(engine, tmp_path_factory.mktemp("subject"))


@pytest.fixture(scope="session")
def bench(engine: Engine, subject: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunBench]:
    """One Cloud Run for all tests that do not end it; each test deploys services of its own names."""
    found = RunBench(engine, subject, tmp_path_factory.mktemp("cloud-run"))
    yield found
    found.close()
