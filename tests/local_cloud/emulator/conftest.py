from __future__ import annotations

from pathlib import Path

import pytest

from tests.engine_store import shared_store


@pytest.fixture(scope="session")
def engine_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shared_store(tmp_path_factory)
