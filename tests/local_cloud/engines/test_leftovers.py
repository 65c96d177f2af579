"""What a killed build of podman left is removed, and never what is being made."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from deploy_lib.local_cloud.engines.docker_like.commands import Commands
from deploy_lib.local_cloud.engines.docker_like.orphaned_builds import building, creating

pytestmark = pytest.mark.fast


@dataclass
class Podman:
    """One container of a build that was killed, and one that works."""

    removed: list[str] = field(default_factory=list)

    def attempt(self, *words: str) -> Any:
        if words[0] == "rm":
            self.removed.append(words[-1])
        return SimpleNamespace(stdout="a1 Storage\nb2 Up 3 seconds\n")


def test_the_last_build_to_end_sweeps(tmp_path: Path) -> None:
    podman, lock = Podman(), tmp_path / "store" / "builds.lock"
    with building(cast(Commands, podman), lock):
        with building(cast(Commands, podman), lock):
            pass
        assert podman.removed == [], "a build of somebody else goes on"
    assert podman.removed == ["a1"]


def test_a_container_that_is_being_made_looks_like_a_leftover_and_is_let_be(tmp_path: Path) -> None:
    podman, lock = Podman(), tmp_path / "store" / "builds.lock"
    with creating(lock), building(cast(Commands, podman), lock):
        pass
    assert podman.removed == []
    with creating(None), building(cast(Commands, podman), lock):
        pass
    assert podman.removed == ["a1"]
