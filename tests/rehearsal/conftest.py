from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cloud import LocalCloud
from tests.rehearsal.theatre import Theatre


@pytest.fixture
def theatre(cloud: LocalCloud, tmp_path: Path) -> Theatre:
    cloud.clear_faults()
    return Theatre(cloud, tmp_path, cloud.name("play"))


@pytest.fixture
def another(cloud: LocalCloud, tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Theatre]:
    """More theatres in one test."""
    return lambda: Theatre(cloud, tmp_path_factory.mktemp("theatre"), cloud.name("play"))
