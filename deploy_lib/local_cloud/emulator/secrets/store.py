"""Stores the secrets of the local cloud, independent of the protocol.

Three things go wrong with a secret in production and each needs its own answer here: there is no such secret,
it has no such (usable) version, or the account that runs the container may not read it. Values are held in
memory alone: a local cloud that stops forgets them, and nothing of them reaches a disk or a log.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from types import MappingProxyType

from ..builds.environment import project_number
from ..refusal import Refusal

_ID = re.compile(r"[A-Za-z0-9_-]{1,255}")
_NONE: Mapping[str, int] = MappingProxyType({})
_LARGEST = 64 * 1024  # bytes, https://cloud.google.com/secret-manager/quotas

# Roles that hold secretmanager.versions.access (https://cloud.google.com/secret-manager/docs/access-control).
READER_ROLES = frozenset({"roles/secretmanager.secretAccessor", "roles/secretmanager.admin", "roles/owner"})


class SecretRefusal(Refusal):
    """Of Secret Manager; each kind has its code."""

    code = "INVALID_ARGUMENT"

    def __init__(self, message: str) -> None:
        super().__init__(self.code, message)


class SecretMissing(SecretRefusal):
    code = "NOT_FOUND"


class VersionMissing(SecretRefusal):
    code = "NOT_FOUND"


class VersionUnusable(SecretRefusal):
    """The version is disabled or destroyed."""

    code = "FAILED_PRECONDITION"


class AccessDenied(SecretRefusal):
    code = "PERMISSION_DENIED"


class SecretExists(SecretRefusal):
    code = "ALREADY_EXISTS"


class VersionState(Enum):
    ENABLED = "ENABLED"
    DISABLED = "DISABLED"
    DESTROYED = "DESTROYED"


@dataclass(frozen=True, slots=True)
class Version:
    name: str  # projects/NUMBER/secrets/S/versions/N
    state: VersionState
    created: float  # seconds since the epoch
    value: bytes = field(repr=False)
    checksummed: bool = False  # whoever added it sent a checksum as well
    etag: str = ""
    destroyed: float | None = None  # seconds since the epoch

    @property
    def number(self) -> int:
        return int(self.name.rpartition("/")[2])


@dataclass(frozen=True, slots=True)
class Secret:
    """`readers` None means nobody ever set a policy: every account may read, as with a grant on the project."""

    name: str  # projects/NUMBER/secrets/S
    created: float
    settings: bytes = b""  # google.cloud.secretmanager.v1.Secret, what its owner may set of it
    aliases: Mapping[str, int] = field(default_factory=dict)  # of versions, by their numbers
    versions: tuple[Version, ...] = ()  # oldest first
    policy: bytes | None = None  # google.iam.v1.Policy as it was set
    readers: frozenset[str] | None = None  # IAM members such as serviceAccount:a@b
    etag: str = ""


class StaleEtag(SecretRefusal):
    """https://cloud.google.com/secret-manager/docs/etags"""

    code = "FAILED_PRECONDITION"


class Secrets:
    """All methods raise SecretRefusal kinds and may be called from any thread.

    Names may give the project by its id or its number; what is given back has the number [recorded].
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self.clock = clock
        self.lock = threading.RLock()
        self._secrets: dict[str, Secret] = {}
        self._etags = 0

    def read(self, project: str, secret: str, version: str, account: str) -> bytes:
        """A version's value for a service account (its e-mail): what Cloud Run and Cloud Build mount.

        `secret` may be the short id or a full name, then its own project counts. `version` is a number or "latest".
        """
        name = secret if secret.startswith("projects/") else f"projects/{project}/secrets/{secret}"
        found = self.secret(name)
        allowed = {f"serviceAccount:{account}", "allUsers", "allAuthenticatedUsers"}
        if found.readers is not None and not found.readers & allowed:
            raise AccessDenied(
                f"Permission denied on secret: {name}/versions/{version} for service account {account}. The "
                "account needs the role roles/secretmanager.secretAccessor on the secret"
            )
        return self.access(f"{name}/versions/{version}")

    def access(self, name: str) -> bytes:
        """A version's value for the owner of the project: projects/P/secrets/S/versions/(N|latest)."""
        version = self.version(name)
        if version.state is not VersionState.ENABLED:
            raise VersionUnusable(f"Secret Version [{version.name}] is in {version.state.value} state.")
        return version.value

    def create(self, project: str, secret: str, settings: bytes = b"", aliases: Mapping[str, int] = _NONE) -> Secret:
        if not _ID.fullmatch(secret):
            raise SecretRefusal(f"Secret id {secret!r} must be 1-255 letters, digits, underscores or hyphens")
        name = _numbered(f"projects/{project}/secrets/{secret}")
        with self.lock:
            if name in self._secrets:
                raise SecretExists(f"Secret [{name}] already exists.")
            return self._keep(Secret(name, self.clock(), settings, aliases, etag=self._next_etag()))

    def change(self, name: str, settings: bytes, aliases: Mapping[str, int], etag: str = "") -> Secret:
        with self.lock:
            found = self.secret(name)
            _check(found, etag)
            return self._keep(replace(found, settings=settings, aliases=aliases, etag=self._next_etag()))

    def secret(self, name: str) -> Secret:
        name = _numbered(name)
        with self.lock:
            if name not in self._secrets:
                raise SecretMissing(f"Secret [{name}] not found.")
            return self._secrets[name]

    def secrets(self, project: str) -> list[Secret]:
        with self.lock:
            found = [s for s in self._secrets.values() if s.name.startswith(_numbered(f"projects/{project}/"))]
            return sorted(found, key=lambda secret: secret.name)

    def delete(self, name: str, etag: str = "") -> None:
        with self.lock:
            found = self.secret(name)
            _check(found, etag)
            del self._secrets[found.name]

    def add_version(self, name: str, value: bytes, *, checksummed: bool = False) -> Version:
        if len(value) > _LARGEST:
            raise SecretRefusal(f"A secret's payload may have {_LARGEST} bytes; this one has {len(value)}")
        with self.lock:
            found = self.secret(name)
            number = len(found.versions) + 1
            full, etag = f"{found.name}/versions/{number}", self._next_etag()
            version = Version(full, VersionState.ENABLED, self.clock(), value, checksummed, etag)
            self._keep(replace(found, versions=(*found.versions, version)))
            return version

    def version(self, name: str) -> Version:
        name = _numbered(name)
        secret, _, wanted = name.rpartition("/versions/")
        kept = self.secret(secret)
        if not kept.versions:
            raise VersionMissing(f"Secret [{secret}] not found or has no versions.")
        if wanted == "latest":
            return kept.versions[-1]
        for version in kept.versions:
            if version.number == kept.aliases.get(wanted) or str(version.number) == wanted:
                return version
        raise VersionMissing(f"Secret Version [{name}] not found.")

    def set_state(self, name: str, state: VersionState, etag: str = "") -> Version:
        """A destroyed version never comes back and its value is gone."""
        with self.lock:
            old = self.version(name)
            _check(old, etag)
            if old.state is VersionState.DESTROYED and state is not VersionState.DESTROYED:
                raise VersionUnusable(f"Secret Version [{old.name}] is in DESTROYED state.")
            if old.state is state:
                return old
            new = replace(old, state=state, etag=self._next_etag())
            if state is VersionState.DESTROYED:
                new = replace(new, value=b"", destroyed=self.clock())
            found = self.secret(name.rpartition("/versions/")[0])
            self._keep(replace(found, versions=tuple(new if v is old else v for v in found.versions)))
            return new

    def set_policy(self, name: str, policy: bytes, readers: frozenset[str]) -> Secret:
        with self.lock:
            return self._keep(replace(self.secret(name), policy=policy, readers=readers))

    def _keep(self, secret: Secret) -> Secret:
        self._secrets[secret.name] = secret
        return secret

    def _next_etag(self) -> str:
        """Hold the lock. A 1 and the microseconds of the change in hexadecimal digits, as recorded ones read."""
        self._etags = max(int(self.clock() * 1_000_000), self._etags + 1)
        return f'"1{self._etags:x}"'


def _numbered(name: str) -> str:
    """The name with its project's number."""
    head, _, rest = name.removeprefix("projects/").partition("/")
    return f"projects/{head if head.isdigit() else project_number(head)}/{rest}"


def _check(found: Secret | Version, etag: str) -> None:
    if etag and etag != found.etag:
        kind = "Secret Version" if isinstance(found, Version) else "Secret"
        raise StaleEtag(f"The etag provided does not match the current etag of {kind} [{found.name}].")
