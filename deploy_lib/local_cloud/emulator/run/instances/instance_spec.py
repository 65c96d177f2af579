"""How the container of one revision is run: everything that an instance needs, decided before it starts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from google.cloud.run_v2.types import VolumeMount

from ...reach.reach import Reach
from ..volumes import Open


@dataclass(frozen=True, slots=True)
class StartupProbe:
    """Seconds as configured, before the local cloud's time scale. `path` makes it an HTTP probe."""

    default: bool = True
    port: int = 8080
    path: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    initial_delay: float = 0.0
    timeout: float = 240.0
    period: float = 240.0
    threshold: int = 1

    @property
    def kind(self) -> str:
        return "TCP" if self.path is None else "HTTP"


@dataclass(frozen=True, slots=True)
class InstanceSpec:
    """`secrets` reads their values anew for each instance, so that `latest` is the latest; it may raise OSError."""

    image: str  # digest, as the engine knows it
    container: str  # its name in the log, e.g. "api-1"
    port: int
    entrypoint: tuple[str, ...] | None
    command: tuple[str, ...] | None
    env: Mapping[str, str]
    secrets: Callable[[], Mapping[str, str]]
    workdir: str | None
    memory: int  # bytes
    probe: StartupProbe
    reach: Reach  # the ways out of its network
    volumes: Open  # those of a new instance
    volume_mounts: tuple[VolumeMount, ...]
    metadata: Mapping[str, str]  # what metadata_server.respond is told of the service; the instance adds its id


Say = Callable[[str, str, str, str], None]
"""Takes the instance's id, the stream (stdout, stderr, system), the severity and one line."""
