"""One service that many tests of a worker release again and again, so that each costs one release and not two."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from google.cloud.devtools.cloudbuild_v1 import CloudBuildClient, ListBuildsRequest
from google.cloud.devtools.cloudbuild_v1.services.cloud_build.transports import CloudBuildGrpcTransport

from deploy_lib.drivers.builds.request import tag_of
from tests.rehearsal.someone import Someone
from tests.rehearsal.theatre import PROJECT, Shares, Theatre

_IDLE: list[Stage] = []
_NUMBER = itertools.count()


@dataclass
class Stage:
    """`before` is what it serves as the test begins; `since` the last call until then."""

    theatre: Theatre
    before: Shares = field(default_factory=dict)
    since: int = 0
    behave: dict[str, Any] = field(default_factory=dict)

    def config(self, steps: Sequence[Mapping[str, Any]]) -> Path:
        return self.theatre.config(steps, self.behave)

    def new_commit(self) -> None:
        """Whose image is not built yet."""
        self.theatre.write("app/parts/words.py", f'GREETING = "good day number {next(_NUMBER)}"\n')
        self.theatre.commit()

    def is_well(self, *, live: bool) -> None:
        """All users are on one side; nothing was made twice; nothing keeps the next deployer waiting."""
        assert [*self.theatre.now.values()] == [100]
        assert (self.theatre.now != self.before) is live
        service = Someone(self.theatre)
        found = service.revisions.list_revisions(parent=service.path)
        releases = [each.labels["deploy-to-gcp-release"] for each in found]
        assert len(set(releases)) == len(releases), "one revision for one release"
        for release in self._releases_under_way():
            assert self.builds_of(release) <= 1, "one build for one release"
        assert "deploy-to-gcp/lease" not in service.read().annotations
        assert "deploy-to-gcp/release" not in service.read().annotations
        _IDLE.append(self)
