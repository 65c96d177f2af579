"""An image's name taken apart by Docker's rules: where its registry is and what it is called there. Pure.

Grammar: https://github.com/distribution/reference. A name without a host means Docker Hub, and one without a
namespace there is an official image, kept under library/.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..engines.model import EngineError

_HUB = "registry-1.docker.io"
_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_REPOSITORY = re.compile(rf"{_PART}(?:/{_PART})*")
_HOST = re.compile(r"[A-Za-z0-9.-]+(?::\d+)?|\[[0-9a-fA-F:]+\](?::\d+)?")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_LOOPBACK = ("localhost", "127.0.0.1", "[::1]")


@dataclass(frozen=True, slots=True)
class ImageName:
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


def parse_name(text: str) -> ImageName:
    """EngineError for what no registry would take as a name."""
    rest, _, digest = text.partition("@")
    slash = rest.rfind("/")
    colon = rest.find(":", slash + 1)
    path, tag = (rest[:colon], rest[colon + 1 :]) if colon >= 0 else (rest, None)
    first, _, others = path.partition("/")
    hosted = bool(others) and ("." in first or ":" in first or first == "localhost")
    host, repository = (first, others) if hosted else ("docker.io", path)
    wrong = not _REPOSITORY.fullmatch(repository) or not _HOST.fullmatch(host)
    if wrong or (tag is not None and not _TAG.fullmatch(tag)) or (digest and not _DIGEST.fullmatch(digest)):
        raise EngineError(f"{text!r} is no image name; write it as HOST/PATH:TAG in lower case")
    if host in ("docker.io", "index.docker.io"):
        host, repository = _HUB, repository if "/" in repository else f"library/{repository}"
    return ImageName(host, repository, tag, digest or None, path)
