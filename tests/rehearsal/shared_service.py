"""One service that many tests of a worker release again and again, so that each costs one release and not two."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from google.cloud.devtools.cloudbuild_v1 import Build, CloudBuildClient, ListBuildsRequest
from google.cloud.devtools.cloudbuild_v1.services.cloud_build.transports import CloudBuildGrpcTransport

from tests.rehearsal.cli_harness import PROJECT, CliHarness, Shares
from tests.rehearsal.other_client import OtherClient

_NUMBER = itertools.count(1)


@dataclass
class SharedService:
    """`before` is what it serves as the test begins, `fired` how often each fault was met."""

    harness: CliHarness
    before: Shares = field(default_factory=dict)
    number: int = 0
    fired: list[int] = field(default_factory=list)

    def begin(self) -> None:
        """Another revision will be released from now on."""
        self.harness.cloud.clear_faults()
        if not self.harness.cloud.traffic(self.harness.service):
            result = self.harness.release(
                self.config(({"build": None}, {"canary": None}, {"promote": {"percent": 100}}))
            )
            assert result.code == 0, result.errors
        self.number = next(_NUMBER)
        self.before = self.harness.now

    def commit(self) -> None:
        """Another image, too."""
        self.harness.write("app/parts/words.py", f'GREETING = "good day number {next(_NUMBER)}"\n')
        self.harness.commit()

    def config(self, steps: Sequence[Mapping[str, Any]]) -> Path:
        return self.harness.config(steps, {"number": self.number})

    def assert_well(self, *, live: bool) -> None:
        """All users are on one side; nothing was made twice; nothing keeps the next deployer waiting."""
        assert [*self.harness.now.values()] == [100]
        assert (self.harness.now != self.before) is live, self.harness.maps()
        service = OtherClient(self.harness)
        revisions = service.revisions.list_revisions(parent=service.path)
        assert_once(each.labels["deploy-to-gcp-release"] for each in revisions)
        assert_once(tag for build in self._builds() for tag in build.tags if tag.startswith("release-"))
        assert "deploy-to-gcp/lease" not in service.read().annotations
        assert not live or "deploy-to-gcp/release" not in service.read().annotations

    def is_settled(self) -> bool:
        """Whether no release is under way or unfinished."""
        return not {"deploy-to-gcp/lease", "deploy-to-gcp/release"} & {*OtherClient(self.harness).read().annotations}

    def _builds(self) -> list[Build]:
        """The newest ones of all stages that were not cancelled."""
        client = CloudBuildClient(transport=CloudBuildGrpcTransport(channel=self.harness.cloud.channel()))
        request = ListBuildsRequest(project_id=PROJECT, page_size=20)
        found = next(iter(client.list_builds(request).pages)).builds
        return [build for build in found if build.status != Build.Status.CANCELLED]


def assert_once(names: Iterable[str]) -> None:
    found = [*names]
    assert len(set(found)) == len(found), found
