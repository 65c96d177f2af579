from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from deploy_lib.local_cloud.engines import BY_CUSTOM, choose
from deploy_lib.local_cloud.engines.model import Engine, EngineUnavailable
from tests.engine_store import shared_store

Opened = Callable[[str], Engine]


@pytest.fixture(scope="session")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Opened:
    """An engine by name, one of each for all tests; a test that needs one this machine lacks is skipped."""
    store = shared_store(tmp_path_factory)

    @cache
    def choose_once(name: str) -> Engine | str:
        try:
            return choose(name, store)
        except EngineUnavailable as error:
            return f"{error.reason}; {error.remedy}"

    def open_or_skip(name: str) -> Engine:
        found = choose_once(name)
        if isinstance(found, str):
            pytest.skip(f"the engine {name} does not work on this machine: {found}")
        return found

    return open_or_skip


@pytest.fixture(scope="session", params=BY_CUSTOM)
def engine(request: pytest.FixtureRequest, opened: Opened) -> Engine:
    return opened(request.param)


@pytest.fixture(scope="session")
def namespaces(opened: Opened) -> Engine:
    return opened("namespaces")


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shared_store(tmp_path_factory)
