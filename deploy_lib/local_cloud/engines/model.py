"""What every engine can do, in one vocabulary.

An engine builds images from a staged context and runs containers from them: docker, podman, or Linux
namespaces. The local cloud and the local builders know only this file, so a new engine is one new module.
Nothing here knows Google Cloud or the release pipeline.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Protocol

from ..errors import EngineError
from ..registry.access import Pushed, RegistryAccess

__all__ = [
    "BuildFailed",
    "BuildSpec",
    "Cancelled",
    "Container",
    "Engine",
    "EngineError",
    "EngineUnavailable",
    "FileEntry",
    "Image",
    "ImageNotFound",
    "Mount",
    "Pushed",
    "RegistryAccess",
    "RunSpec",
]


class EngineUnavailable(EngineError):
    """This host cannot run the engine; `remedy` says what to enable or install."""

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(reason)
        self.remedy = remedy


class ImageNotFound(EngineError):
    """No image of that name, tag or digest in the engine's store."""


class BuildFailed(EngineError):
    """The Dockerfile could not be carried out. `line` is the instruction's line in the Dockerfile, when known."""

    def __init__(self, reason: str, *, output: str = "", line: int | None = None, instruction: str = "") -> None:
        super().__init__(reason, output=output)
        self.line = line
        self.instruction = instruction


class Cancelled(EngineError):
    """The caller asked the engine to stop; nothing of the build is left running or tagged."""


@dataclass(frozen=True, slots=True)
class BuildSpec:
    """One `docker build`. `context` is already staged: every file in it may be copied."""

    context: Path
    dockerfile: str = "Dockerfile"  # relative to the context, or absolute
    tags: tuple[str, ...] = ()
    args: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    target: str | None = None
    use_cache: bool = True


@dataclass(frozen=True, slots=True)
class Image:
    """An image in the engine's store. `digest` is sha256:... of its OCI manifest."""

    digest: str
    size: int  # bytes, layers compressed
    env: Mapping[str, str]
    entrypoint: tuple[str, ...]
    cmd: tuple[str, ...]
    workdir: str
    user: str
    ports: tuple[str, ...]
    labels: Mapping[str, str]
    stand_in: str | None = None  # what a stand-in base claims to be, e.g. "python:3.11-slim"


@dataclass(frozen=True, slots=True)
class Mount:
    source: Path
    target: str
    read_only: bool = False


@dataclass(frozen=True, slots=True)
class RunSpec:
    """One `docker run`. None for command or entrypoint means the image's own."""

    image: str  # tag, digest, or name@digest
    command: tuple[str, ...] | None = None
    entrypoint: tuple[str, ...] | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    mounts: tuple[Mount, ...] = ()
    workdir: str | None = None
    user: str | None = None
    name: str = ""
    network: bool = True  # False: no interface but its own loopback
    hosts: Mapping[str, str] = field(default_factory=dict)  # name to address, for /etc/hosts; only without network
    network_of: Container | None = None  # a running one of this engine, whose network and hosts it shares
    read_only: bool = False  # root file system; /tmp stays writable
    memory: int | None = None  # bytes; above it the container is killed
    stdin: bytes | None = None  # given to the process, then closed
    prepare: Callable[[int], None] | None = None  # told the process id before the command starts, if the engine can


class Container(Protocol):
    """A started container. Signals go to its first process; leaving the engine's process kills it."""

    @property
    def pid(self) -> int: ...
    @property
    def stdout(self) -> BinaryIO: ...
    @property
    def stderr(self) -> BinaryIO: ...
    def poll(self) -> int | None: ...
    def wait(self, timeout: float | None = None) -> int: ...
    def stop(self, grace: float = 10.0) -> int: ...  # SIGTERM, then SIGKILL after `grace` seconds
    def peak_memory(self) -> int | None: ...  # bytes
    def killed_for_memory(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class FileEntry:
    """One regular file or symlink of an image's merged root file system."""

    path: str  # absolute in the image
    size: int
    mode: int
    link: str | None = None


class Engine(Protocol):
    """All methods raise EngineError kinds only. `log` gets one line at a time, without its newline."""

    @property
    def name(self) -> str: ...
    def build(self, spec: BuildSpec, log: Callable[[str], None], cancelled: Callable[[], bool]) -> Image: ...
    def inspect(self, reference: str) -> Image: ...
    def tag(self, reference: str, name: str) -> None: ...
    def remove(self, reference: str) -> None: ...
    def run(self, spec: RunSpec) -> Container: ...
    def files(self, reference: str) -> Iterator[FileEntry]: ...
    def read(self, reference: str, path: str) -> bytes: ...
    def save(self, reference: str, layout: Path) -> str: ...  # adds it to an OCI layout directory; its digest
    def load(self, layout: Path, digest: str, name: str) -> Image: ...  # takes it from an OCI layout directory
    def push(self, reference: str, name: str, access: RegistryAccess) -> Pushed: ...
