"""A repository fresh for each test, and sources that are closed when it ends."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from deploy_lib.drivers.fact_cache import NoFactCache
from deploy_lib.drivers.source.driver import GitSource
from tests.source.git_repository import FILES, GitRepository

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts"))


@pytest.fixture
def place(tmp_path: Path) -> GitRepository:
    made = GitRepository(tmp_path / "repository")
    made.commit(FILES)
    return made


Open = Callable[..., GitSource]


@pytest.fixture
def open_source() -> Iterator[Open]:
    """Opens sources that are closed when the test ends."""
    opened: list[GitSource] = []

    def open_one(root: Path) -> GitSource:
        opened.append(GitSource(root, NoFactCache()))
        return opened[-1]

    yield open_one
    for each in opened:
        each.close()
