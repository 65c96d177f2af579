"""Builds against the local cloud: a project of its own for each test, so nobody finds another test's builds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import httpx
import pytest
from google.cloud.devtools.cloudbuild_v1 import Build, ListBuildsRequest

from deploy_lib.drivers.builds.driver import CloudBuilds
from deploy_lib.drivers.clients import Clients
from deploy_lib.drivers.clock import SystemClock
from deploy_lib.drivers.endpoints import Endpoints
from deploy_lib.model.answers import Built, ImportsChecked
from deploy_lib.model.release import Builder, Options, Release
from deploy_lib.model.requests import ImportCheck, Worker
from deploy_lib.source.model import MissingFileContext, Staged
from deploy_lib.steps.import_check import CheckImports, ImportCheckSettings
from tests.cloud import LocalCloud
from tests.drivers.builds.samples import PLAIN, release_of, request_of
from tests.engine_store import shared_store


class QuickClock(SystemClock):
    """Waits, but never long: what is waited for on loopback is there at once."""

    def sleep(self, seconds: float) -> None:
        super().sleep(min(seconds, 0.05))


@dataclass
class BuildHarness:
    """One project of the local cloud, and the driver under test. `lines` is what it told."""

    cloud: LocalCloud
    project: str
    state: Path
    store: Path
    clock: QuickClock = field(default_factory=QuickClock)
    lines: list[str] = field(default_factory=list)
    missing_file_context: MissingFileContext = field(default_factory=lambda: MissingFileContext({}))

    def __post_init__(self) -> None:
        self.clients = Clients(Endpoints(self.cloud.grpc, self.cloud.http, self.cloud.registry), self.project)

    def driver(self, staged: Staged) -> CloudBuilds:
        """A fresh one each time, as after a restart of the tool."""
        return CloudBuilds(
            self.clients,
            self.clock,
            lambda release, cloud_build: staged,
            self.state,
            self.store,
            missing_file_context=lambda commit: self.missing_file_context,
        )

    def release(self, release_id: str = "r-1", *, options: Options = PLAIN, **service: object) -> Release:
        return release_of(self.project, release_id, options=options, **service)

    def build(
        self,
        staged: Staged,
        release: Release | None = None,
        *,
        builder: str = "cloud_build",
        check: ImportCheck | None = None,
        **more: object,
    ) -> Built:
        request = request_of(release or self.release(), builder=builder, check=check, **more)
        return self.driver(staged).build(request, self.tell)

    def check(
        self,
        staged: Staged,
        built: Built,
        *,
        builder: str = "cloud_build",
        release_id: str = "r-check",
        service: Mapping[str, object] | None = None,
        cloud: Mapping[str, str] | None = None,
        **options: object,
    ) -> ImportsChecked:
        release = replace(self.release(release_id, **(service or {})), image=built.image, build_id=built.build_id)
        release = replace(release, options=replace(release.options, builder=Builder(builder)))
        settings = ImportCheckSettings(worker=Worker(**(cloud or {})), **options)  # type: ignore[arg-type]
        return self.driver(staged).check_imports(CheckImports(release, settings), self.tell)

    def tell(self, line: str) -> None:
        self.lines.append(line)

    def builds(self) -> list[Build]:
        request = ListBuildsRequest(parent=f"projects/{self.project}/locations/global", project_id=self.project)
        return list(self.clients.builds.list_builds(request=request))

    def statuses(self) -> list[str]:
        return [build.status.name for build in self.builds()]

    def objects(self, bucket: str) -> list[str]:
        """The folders of what the bucket holds."""
        found = self.clients.storage.list_blobs(bucket)
        return sorted({blob.name.partition("/")[0].partition("-")[0] for blob in found})

    def pushed(self, tag: str) -> bool:
        url = f"http://{self.cloud.registry}/v2/{self.project}/services/backend/manifests/{tag}"
        return httpx.get(url, trust_env=False).status_code == 200


@pytest.fixture
def harness(cloud: LocalCloud, tmp_path_factory: pytest.TempPathFactory, tmp_path: Path) -> Iterator[BuildHarness]:
    harness = BuildHarness(cloud, cloud.name("builds"), tmp_path, shared_store(tmp_path_factory))
    yield harness
    cloud.clear_faults()
    harness.clients.close()
