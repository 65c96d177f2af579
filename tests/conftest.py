"""What tests of several rooms share: the local cloud as a process, one for each worker of pytest-xdist."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.cloud import LocalCloud
from tests.engine_store import shared_store


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    with LocalCloud(tmp_path_factory.mktemp("cloud"), store=shared_store(tmp_path_factory)) as cloud:
        yield cloud
