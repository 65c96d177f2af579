"""What builds need of the local cloud: the engine, storage, images, secrets and the log."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from google.cloud.devtools.cloudbuild_v1.types import Build

from ...engines.model import Engine
from ..profile.grants import Allows
from ..registry.images import RegistryImages
from ..storage.store import Storage

WriteLog = Callable[[Build, str, str], None]
"""Takes the build, the step's label ("" for the build's own) and one line, for Cloud Logging."""


@dataclass(frozen=True, slots=True)
class BuildEnvironment:
    """`read_secret` takes project, version name and account; `root` is the builds' own directory."""

    engine: Engine
    storage: Storage
    images: RegistryImages
    read_secret: Callable[[str, str, str], bytes]
    write_log: WriteLog
    root: Path
    clock: Callable[[], float]  # seconds since the epoch
    allows: Allows | None = None  # what a build's account may do; without it, everything
    addresses: dict[str, str] = field(default_factory=dict)  # variables that lead a step's clients here

    def refusal(self, account: str, permission: str) -> str | None:
        """The sentence with which Cloud Storage or Artifact Registry refuses a build; None where it may."""
        if self.allows is None or self.allows(account, permission):
            return None
        if permission.startswith("artifactregistry."):
            return f'denied: Permission "{permission}" denied on resource (or it may not exist)'
        return (
            f"{account} does not have {permission} access to the Google Cloud Storage object. Permission "
            f"'{permission}' denied on resource (or it may not exist)."
        )


def project_number(project: str) -> str:
    """Twelve digits, always the same for a project."""
    return str(int(hashlib.sha256(project.encode()).hexdigest(), 16) % 900_000_000_000 + 100_000_000_000)


def compute_account(number: str) -> str:
    """What builds and revisions run as where nothing else is said: Compute Engine's own account."""
    return f"{number}-compute@developer.gserviceaccount.com"
