"""Maps a path inside a build step to the file on this machine.

A step sees its mounts only; so does a command it gives. A link that leads out of a mount is refused, or a
source archive could read this machine's files into an image.
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Sequence
from pathlib import Path

from ...engines.model import Mount
from .shim_server import CommandFailed


def to_host(mounts: Sequence[Mount], path: str, cwd: str) -> Path:
    """The host's path of `path` as the step names it. Raises CommandFailed when no mount holds it."""
    asked = posixpath.normpath(posixpath.join(cwd, path))
    for mount in sorted(mounts, key=lambda mount: -len(mount.target)):
        if asked != mount.target and not asked.startswith(mount.target.rstrip("/") + "/"):
            continue
        root = Path(os.path.realpath(mount.source))
        found = Path(os.path.realpath(root / asked[len(mount.target) :].lstrip("/")))
        if found != root and root not in found.parents:
            raise CommandFailed(f"{path}: the path leads outside {mount.target}, which is not followed", 125)
        return found
    seen = ", ".join(sorted(mount.target for mount in mounts))
    raise CommandFailed(f"{path}: only files under {seen} can be used by this command in the local cloud", 125)
