"""A Cloud Build of the local cloud without its wire: submit a build, wait for its end, read its log."""

from __future__ import annotations

import io
import tarfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from google.cloud.devtools.cloudbuild_v1 import (
    Build,
    BuildOptions,
    BuildStep,
    CreateBuildRequest,
    GetBuildRequest,
    ListBuildsRequest,
    Source,
    StorageSource,
)

from deploy_lib.local_cloud.emulator.builds.environment import BuildEnvironment
from deploy_lib.local_cloud.emulator.builds.service import CloudBuildService
from deploy_lib.local_cloud.emulator.registry.images import RegistryImages
from deploy_lib.local_cloud.emulator.secrets.store import Secrets
from deploy_lib.local_cloud.emulator.storage.store import Storage
from deploy_lib.local_cloud.engines import choose
from deploy_lib.local_cloud.engines.model import Engine
from tests.waits import WITHIN

DOCKER = "gcr.io/cloud-builders/docker"


def shell(script: str, **fields: Any) -> BuildStep:
    return BuildStep(name=DOCKER, entrypoint="bash", args=["-c", script], **fields)


@dataclass
class BuildBench:
    root: Path
    store: Path
    around: Callable[[Engine], Engine] = lambda engine: engine  # what stands between Cloud Build and its engine
    lines: list[tuple[str, str]] = field(default_factory=list)  # what went to Cloud Logging
    lacks: set[str] = field(default_factory=set)  # permissions that no account holds

    def __post_init__(self) -> None:
        self.storage = Storage(self.root / "storage")
        self.images = RegistryImages(self.root / "images")
        self.secrets = Secrets()
        for bucket in ("src", "logs"):
            self.storage.ensure_bucket(bucket, "p")
        self.cloud = self.open()

    def open(self) -> CloudBuildService:
        """Another Cloud Build on the same state, as after a restart."""

        def read_secret(project: str, name: str, account: str) -> bytes:
            secret, _, version = name.rpartition("/versions/")
            return self.secrets.read(project, secret, version, account)

        def write_log(build: Build, step: str, line: str) -> None:
            self.lines.append((step, line))

        engine = self.around(choose("namespaces", self.store))
        root = self.root / "builds"
        return CloudBuildService(
            BuildEnvironment(
                engine,
                self.storage,
                self.images,
                read_secret,
                write_log,
                root,
                time.time,
                lambda account, permission: permission not in self.lacks,
            )
        )

    def upload(self, files: Mapping[str, str]) -> Source:
        data = io.BytesIO()
        with tarfile.open(fileobj=data, mode="w:gz") as archive:
            for name, text in files.items():
                info = tarfile.TarInfo(name)
                info.size = len(text.encode())
                archive.addfile(info, io.BytesIO(text.encode()))
        self.storage.put("src", "source.tgz", data.getvalue())
        return Source(storage_source=StorageSource(bucket="src", object_="source.tgz"))

    def submit(self, *steps: BuildStep, parent: str = "", **fields: Any) -> str:
        """The new build's id."""
        fields.setdefault("logs_bucket", "gs://logs")
        fields.setdefault("options", BuildOptions(logging="GCS_ONLY"))
        build = Build(steps=list(steps), **fields)
        before = {found.id for found in self._all(parent)}
        self.cloud.create(CreateBuildRequest(parent=parent, project_id="p", build=build))
        (new,) = {found.id for found in self._all(parent)} - before
        return new

    def run(self, *steps: BuildStep, **fields: Any) -> Build:
        """The build when it has ended."""
        return self.wait(self.submit(*steps, **fields))

    def get(self, build_id: str) -> Build:
        return self.cloud.get(GetBuildRequest(project_id="p", id=build_id))

    def wait(self, build_id: str) -> Build:
        deadline = time.monotonic() + WITHIN
        while not (build := self.get(build_id)).finish_time:
            assert time.monotonic() < deadline, f"the build did not end:\n{self.log(build_id)}"
            time.sleep(0.02)
        return build

    def log(self, build_id: str) -> str:
        names = {item.name for item in self.storage.list("logs")}
        if f"log-{build_id}.txt" not in names:
            return ""
        item = self.storage.get("logs", f"log-{build_id}.txt")
        with self.storage.open(item) as file:
            return file.read(item.size).decode()

    def wait_for_line(self, build_id: str, text: str) -> None:
        deadline = time.monotonic() + WITHIN
        while text not in self.log(build_id):
            assert time.monotonic() < deadline, f"{text!r} never came:\n{self.log(build_id)}"
            time.sleep(0.02)

    def _all(self, parent: str) -> list[Build]:
        return list(self.cloud.list(ListBuildsRequest(parent=parent, project_id="p")).builds)
