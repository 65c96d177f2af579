from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cloud import LocalCloud
from tests.rehearsal.cli_harness import CliHarness
from tests.rehearsal.shared_service import SharedService

_IDLE: list[SharedService] = []


@pytest.fixture
def harness(cloud: LocalCloud, tmp_path: Path) -> CliHarness:
    cloud.clear_faults()
    return CliHarness(cloud, tmp_path, cloud.name("play"))


@pytest.fixture
def another(cloud: LocalCloud, tmp_path_factory: pytest.TempPathFactory) -> Callable[[], CliHarness]:
    """More harnesses in one test."""
    return lambda: CliHarness(cloud, tmp_path_factory.mktemp("harness"), cloud.name("play"))


@pytest.fixture
def shared(request: pytest.FixtureRequest, another: Callable[[], CliHarness]) -> Iterator[SharedService]:
    """Used again only after a test that went well, and left no release for the next one to go on with."""
    shared = _IDLE.pop() if _IDLE else SharedService(another())
    shared.begin()
    failed = request.session.testsfailed
    yield shared
    if request.session.testsfailed == failed and shared.is_settled():
        _IDLE.append(shared)
