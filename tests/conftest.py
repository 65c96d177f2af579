"""What tests of several rooms share: the local cloud as a process, one for each worker of pytest-xdist."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.cloud import LocalCloud
from tests.engine_store import shared_store


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Twice as many as there are cores: half of the time a test waits for a container, a port or a deadline."""
    return 2 * (os.cpu_count() or 1)


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    with LocalCloud(tmp_path_factory.mktemp("cloud"), store=shared_store(tmp_path_factory)) as cloud:
        yield cloud
