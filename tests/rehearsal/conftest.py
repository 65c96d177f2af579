from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cloud import LocalCloud
from tests.rehearsal.stage import Stage
from tests.rehearsal.theatre import Theatre

_IDLE: list[Stage] = []


@pytest.fixture
def theatre(cloud: LocalCloud, tmp_path: Path) -> Theatre:
    cloud.clear_faults()
    return Theatre(cloud, tmp_path, cloud.name("play"))


@pytest.fixture
def another(cloud: LocalCloud, tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Theatre]:
    """More theatres in one test."""
    return lambda: Theatre(cloud, tmp_path_factory.mktemp("theatre"), cloud.name("play"))


@pytest.fixture
def stage(request: pytest.FixtureRequest, another: Callable[[], Theatre]) -> Iterator[Stage]:
    """Used again only after a test that went well, and left no release for the next one to go on with."""
    stage = _IDLE.pop() if _IDLE else Stage(another())
    stage.begin()
    failed = request.session.testsfailed
    yield stage
    if request.session.testsfailed == failed and stage.is_settled():
        _IDLE.append(stage)
