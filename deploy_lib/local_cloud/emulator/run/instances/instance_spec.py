"""How the containers of one revision are run: everything that an instance needs, decided before it starts."""

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
class ContainerSpec:
    """`secrets` reads their values anew for each instance, so that `latest` is the latest; it may raise OSError."""

    name: str  # in the log, e.g. "api-1"
    image: str  # digest, as the engine knows it
    entrypoint: tuple[str, ...] | None
    command: tuple[str, ...] | None
    env: Mapping[str, str]
    secrets: Callable[[], Mapping[str, str]]
    workdir: str | None
    memory: int  # bytes
    volume_mounts: tuple[VolumeMount, ...]
    port: int | None = None  # at which it takes requests; None for one that takes none
    probe: StartupProbe | None = None  # without one it is up as soon as it runs
    after: tuple[str, ...] = ()  # the names of those that are up before it starts

    @property
    def ports(self) -> frozenset[int]:
        """Those at which it is known to listen."""
        probed = self.probe.port if self.probe is not None else None
        return frozenset(port for port in (self.port, probed) if port is not None)


@dataclass(frozen=True, slots=True)
class InstanceSpec:
    """With `finite` its containers are there to end by themselves: a task's, not a service's."""

    containers: tuple[ContainerSpec, ...]  # each stands behind those that it comes after
    reach: Reach  # the ways out of their network
    volumes: Open  # those of a new instance
    metadata: Mapping[str, str]  # what metadata_server.respond is told of the service; the instance adds its id
    finite: bool = False

    @property
    def main(self) -> ContainerSpec:
        """The one that takes requests; of a task the one that waits for the most others."""
        return next((each for each in self.containers if each.port is not None), self.containers[-1])


Say = Callable[[str, str, str, str, str], None]
"""Takes the ids of instance and container, the stream (stdout, stderr, system), the severity and one line."""
