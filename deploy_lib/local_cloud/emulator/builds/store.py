"""Stores every build that was submitted, in memory and on disk.

A client that lost its answer finds its build again by its tags, also after the local cloud was restarted, so
builds are kept on disk. One that was running when the local cloud died can never end by itself: it is reported as an
internal error.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from google.cloud.devtools.cloudbuild_v1.types import Build

from ...files import write_whole
from .refusal import BuildRefusal

Status = Build.Status
UNDER_WAY = frozenset({Status.PENDING, Status.QUEUED, Status.WORKING})


class BuildStore:
    """Hands out copies: what a caller holds does not change under it. May be used from any thread."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._changed = threading.Condition()
        self._builds: dict[str, Build] = {}
        root.mkdir(parents=True, exist_ok=True)
        for path in sorted(root.glob("*.build")):
            build = Build.deserialize(path.read_bytes())
            if build.status in UNDER_WAY:
                build.status = Status.INTERNAL_ERROR
                build.status_detail = "the local cloud ended while the build was running"
                build.finish_time = build.start_time or build.create_time
            self._builds[build.id] = build

    def add(self, build: Build) -> None:
        with self._changed:
            self._builds[build.id] = _copy(build)
            self._save(build)

    def get(self, project: str, build_id: str) -> Build:
        """Raises BuildRefusal NOT_FOUND."""
        with self._changed:
            found = self._builds.get(build_id)
            if found is None or project not in _names(found):
                raise BuildRefusal("NOT_FOUND", f"Requested entity was not found: build {build_id} of {project}")
            return _copy(found)

    def change(self, build_id: str, change: Callable[[Build], None]) -> Build:
        """Applies one change as a whole; the build after it. Written to disk when the build has ended."""
        with self._changed:
            build = self._builds[build_id]
            change(build)
            self._changed.notify_all()
            if build.status not in UNDER_WAY:
                self._save(build)
            return _copy(build)

    def wait(self, build_id: str, seconds: float) -> Build:
        """The build when it has ended, or as it is when the time is up."""
        with self._changed:
            self._changed.wait_for(lambda: self._builds[build_id].status not in UNDER_WAY, seconds)
            return _copy(self._builds[build_id])

    def list(self, project: str, location: str, matches: Callable[[Build], bool]) -> list[Build]:
        """Newest first, of a location."""
        with self._changed:
            there = [b for b in self._builds.values() if project in _names(b) and b.name.split("/")[3] == location]
            found = [b for b in there if matches(b)]
        return [_copy(b) for b in sorted(found, key=lambda b: (b.create_time, b.id), reverse=True)]

    def _save(self, build: Build) -> None:
        write_whole(self._root / f"{build.id}.build", Build.serialize(build))


def _names(build: Build) -> tuple[str, str]:
    """The id of its project and, but for a build of an earlier version, the number: requests may give either."""
    return build.project_id, build.name.split("/")[1]


def _copy(build: Build) -> Build:
    copy: Build = Build.deserialize(Build.serialize(build))
    return copy
