"""The engine and its base image, made once; the repositories of rehearsals are made by scripts/rehearse."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from deploy_lib.local_cloud.engines import choose
from deploy_lib.local_cloud.engines.model import Engine, EngineUnavailable
from tests.combinations.base import base_image
from tests.engine_store import shared_store

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts"))


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    try:
        made = choose("namespaces", shared_store(tmp_path_factory).parent / "combinations-store")
    except EngineUnavailable as error:
        pytest.skip(f"{error.reason}; {error.remedy}")
    base_image(made, tmp_path_factory.mktemp("base"))
    return made


@pytest.fixture
def many(request: pytest.FixtureRequest) -> int:
    """How many of each kind are composed: few, unless the command line says otherwise."""
    return int(request.config.getoption("--combinations"))
