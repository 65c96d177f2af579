"""How an image is named: host/path:tag@digest, taken apart by Docker's rules. Pure.

Grammar: https://github.com/distribution/reference. A name without a host means Docker Hub to a client, and one without
a namespace there is an official image, kept under library/. The local cloud's own registry stands for every host: it
drops the host, and the rest is the repository (us-central1-docker.pkg.dev/p/services/api is p/services/api).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..errors import EngineError

_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_REPOSITORY = re.compile(rf"{_PART}(?:/{_PART})*")
_HOST = re.compile(r"[A-Za-z0-9.-]+(?::\d+)?|\[[0-9a-fA-F:]+\](?::\d+)?")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_LONGEST = 255
_HUB, _HUB_HOSTS = "registry-1.docker.io", ("", "docker.io", "index.docker.io")
_LOOPBACK = ("localhost", "127.0.0.1", "[::1]")


class BadName(ValueError):
    """Not a valid image name; the message says which part."""


@dataclass(frozen=True, slots=True)
class Reference:
    host: str  # "" when the name has none
    repository: str
    tag: str | None
    digest: str | None

    @property
    def wanted(self) -> str:
        """What to look up in the repository: the digest, else the tag, else `latest`."""
        return self.digest or self.tag or "latest"

    @property
    def tagged(self) -> str:
        """The whole name with its tag, so that two spellings of one name compare equal."""
        host = f"{self.host}/" if self.host else ""
        return f"{host}{self.repository}:{self.tag or 'latest'}"


def parse_reference(text: str) -> Reference:
    """Raises BadName."""
    rest, _, digest = text.partition("@")
    if digest and not is_digest(digest):
        raise BadName(f"invalid reference format: {digest!r} is not sha256: and 64 hexadecimal digits")
    slash = rest.rfind("/")
    colon = rest.find(":", slash + 1)
    tag = rest[colon + 1 :] if colon >= 0 else None
    path = rest[:colon] if colon >= 0 else rest
    if tag is not None and not _TAG.fullmatch(tag):
        raise BadName(f"invalid reference format: {tag!r} is not a tag, in {text!r}")
    first, _, others = path.partition("/")
    hosted = bool(others) and ("." in first or ":" in first or first == "localhost")
    host, repository = (first, others) if hosted else ("", path)
    check_repository(repository)
    return Reference(host, repository, tag, digest or None)


@dataclass(frozen=True, slots=True)
class RemoteImage:
    """An image as its registry knows it."""

    host: str  # with its port; where the registry answers
    repository: str
    tag: str | None
    digest: str | None
    written: str  # host and repository as they were written, for references shown to people

    @property
    def wanted(self) -> str:
        return self.digest or self.tag or "latest"

    @property
    def plain_http(self) -> bool:
        """As Docker has it: a registry on this machine needs no certificate."""
        return self.host.rpartition(":")[0] in _LOOPBACK or self.host in _LOOPBACK


def locate(text: str) -> RemoteImage:
    """Where an image of that name is kept. EngineError for what no registry would take as a name."""
    try:
        name = parse_reference(text)
    except BadName:
        name = None
    if name is None or not _HOST.fullmatch(name.host or "docker.io"):
        raise EngineError(f"{text!r} is not a valid image name; write it as HOST/PATH:TAG in lower case")
    written = f"{name.host}/{name.repository}" if name.host else name.repository
    if name.host not in _HUB_HOSTS:
        return RemoteImage(name.host, name.repository, name.tag, name.digest, written)
    repository = name.repository if "/" in name.repository else f"library/{name.repository}"
    return RemoteImage(_HUB, repository, name.tag, name.digest, written)


def check_repository(name: str) -> None:
    """Raises BadName. A repository that passes is a safe relative path."""
    if len(name) > _LONGEST or not _REPOSITORY.fullmatch(name):
        raise BadName(
            f"invalid reference format: repository name {name!r} must be lowercase path parts of letters, "
            "digits and single . _ - between them"
        )


def is_digest(text: str) -> bool:
    return _DIGEST.fullmatch(text) is not None


def is_tag(text: str) -> bool:
    return _TAG.fullmatch(text) is not None
