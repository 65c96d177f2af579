"""Who holds which roles in the local cloud's projects: one policy for all of them, set over the control interface.

Without one, every caller holds what a deployer is usually given. What a build or a revision does by itself is asked
for no permission.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping

from .roles import holds, is_known

USUAL: Mapping[str, tuple[str, ...]] = {
    "roles/run.admin": ("allAuthenticatedUsers",),
    "roles/cloudbuild.builds.editor": ("allAuthenticatedUsers",),
    "roles/storage.admin": ("allAuthenticatedUsers",),
    "roles/logging.viewer": ("allAuthenticatedUsers",),
    "roles/monitoring.viewer": ("allAuthenticatedUsers",),
    "roles/secretmanager.admin": ("allAuthenticatedUsers",),
    "roles/artifactregistry.writer": ("allAuthenticatedUsers",),
    "roles/logging.logWriter": ("allAuthenticatedUsers",),
    "roles/iam.serviceAccountUser": ("allAuthenticatedUsers",),
}


class BadGrant(Exception):
    """The policy cannot be set; the message says why."""


class Grants:
    """May be used from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._members = {role: tuple(members) for role, members in USUAL.items()}

    def set(self, policy: object) -> None:
        """`policy` is JSON: a mapping of roles to lists of members. Raises BadGrant."""
        if not isinstance(policy, dict):
            raise BadGrant("a policy maps roles to lists of members, such as user:a@example.com")
        for role, members in policy.items():
            if not is_known(role):
                raise BadGrant(f"the role {role!r} is not known here")
            if not isinstance(members, list) or not all(isinstance(member, str) for member in members):
                raise BadGrant(f"{role}: want a list of members, such as serviceAccount:a@example.com")
        with self._lock:
            self._members = {role: tuple(members) for role, members in policy.items()}

    def as_json(self) -> dict[str, list[str]]:
        with self._lock:
            return {role: list(members) for role, members in self._members.items()}

    def allows(self, account: str, permission: str) -> bool:
        """`account` is an e-mail address."""
        wanted = {f"user:{account}", f"serviceAccount:{account}", "allAuthenticatedUsers", "allUsers"}
        with self._lock:
            roles = [role for role, members in self._members.items() if wanted.intersection(members)]
        return holds(roles, permission)
