"""A driver of the real kind against a local cloud of the real kind, and an image that does as it is told."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from deploy_lib.local_cloud.engines import choose
from deploy_lib.local_cloud.engines.model import RegistryAccess
from tests.cloud import LocalCloud
from tests.drivers.cloud_run.driver_harness import IMAGES, DriverHarness
from tests.engine_store import shared_store
from tests.local_cloud.emulator.run.bench import build_subject


@pytest.fixture(scope="session")
def image(cloud: LocalCloud, tmp_path_factory: pytest.TempPathFactory) -> str:
    """name@sha256:... of a small server; BEHAVIOUR among its variables says how it behaves."""
    engine = choose("namespaces", shared_store(tmp_path_factory))
    digest = build_subject(engine, tmp_path_factory.mktemp("driver-image"))
    return engine.push(digest, f"{IMAGES}/subject", RegistryAccess(address=cloud.registry)).reference


@pytest.fixture
def harness(cloud: LocalCloud, image: str) -> Iterator[DriverHarness]:
    """One deployer, on a service of its own."""
    found = DriverHarness(cloud, image, cloud.name("shop"))
    yield found
    cloud.clear_faults()
    found.close()
