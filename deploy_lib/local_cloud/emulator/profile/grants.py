"""Who holds which roles in the local cloud's projects: one policy for all of them, set over the control interface.

Without one, everybody holds what a deployer and the account of builds are usually given. What a revision does by
itself is asked for no permission.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping

from .roles import holds, is_known

_EVERYBODY = ("allAuthenticatedUsers", "principalSet://iam.googleapis.com/*")
"""allAuthenticatedUsers leaves out federated identities: https://cloud.google.com/iam/docs/principals-overview"""
USUAL: Mapping[str, tuple[str, ...]] = {
    "roles/run.admin": _EVERYBODY,
    "roles/cloudbuild.builds.editor": _EVERYBODY,
    "roles/storage.admin": _EVERYBODY,
    "roles/logging.viewer": _EVERYBODY,
    "roles/monitoring.viewer": _EVERYBODY,
    "roles/secretmanager.admin": _EVERYBODY,
    "roles/artifactregistry.writer": _EVERYBODY,
    "roles/logging.logWriter": _EVERYBODY,
    "roles/iam.serviceAccountUser": _EVERYBODY,
    "roles/iam.serviceAccountTokenCreator": _EVERYBODY,
    "roles/serviceusage.serviceUsageConsumer": _EVERYBODY,
}


Allows = Callable[[str, str], bool]
"""Whether an account holds a permission on everything there is."""


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
        """`account` is an e-mail address, or the principal:// of a federated identity."""
        with self._lock:
            roles = [role for role, members in self._members.items() if is_among(account, members)]
        return holds(roles, permission)


def is_among(account: str, members: Iterable[str]) -> bool:
    """Whether the members of a role include an account; of principal sets, a whole pool's alone are looked up."""
    if account.startswith("principal://"):
        as_set = account.replace("principal://", "principalSet://", 1)
        return any(
            member in (account, "allUsers") or (member.endswith("/*") and as_set.startswith(member[:-1]))
            for member in members
        )
    return not {f"user:{account}", f"serviceAccount:{account}", "allAuthenticatedUsers", "allUsers"}.isdisjoint(members)
