from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cloud import LocalCloud
from tests.engine_store import shared_store
from tests.rehearsal.cli_harness import CliHarness
from tests.rehearsal.shared_service import SharedService

_IDLE: list[SharedService] = []


@pytest.fixture
def harness(cloud: LocalCloud, tmp_path: Path) -> CliHarness:
    cloud.clear_faults()
    return CliHarness(cloud, tmp_path, cloud.name("play"))


@pytest.fixture(scope="session")
def strict_cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    """As strict as production, where stale etags are refused."""
    store, arguments = shared_store(tmp_path_factory), ("--profile", "production", "--etags", "enforced")
    with LocalCloud(tmp_path_factory.mktemp("strict"), store=store, time_scale=0.05, arguments=arguments) as cloud:
        yield cloud


@pytest.fixture
def strict_harness(strict_cloud: LocalCloud, tmp_path: Path) -> CliHarness:
    """In a project of its own: a minute's quota is a project's."""
    strict_cloud.clear_faults()
    return CliHarness(strict_cloud, tmp_path, strict_cloud.name("play"), project=strict_cloud.name("netra"))


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
