"""Makes the specification of a revision's instances from its template. Pure.

Every container gets PORT, K_SERVICE, K_REVISION and K_CONFIGURATION
(https://cloud.google.com/run/docs/container-contract#env-vars).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from google.cloud.run_v2.types import Probe, RevisionTemplate

from ..builds.environment import project_number
from ..reach.reach import Reach
from .instances.instance_spec import InstanceSpec, StartupProbe
from .names import ServiceName
from .quantity import parse_memory
from .template import is_default_probe
from .volumes import Open


def make_instance_spec(
    template: RevisionTemplate,
    service: ServiceName,
    revision: str,
    image: str,
    secrets: Callable[[], Mapping[str, str]],
    reach: Reach,
    volumes: Open,
) -> InstanceSpec:
    """`template` is filled in; `image` is what the engine knows the image by."""
    container = template.containers[0]
    port = container.ports[0].container_port
    given = {variable.name: variable.value for variable in container.env if "value_source" not in variable}
    platform = {
        "PORT": str(port),
        "K_SERVICE": service.service,
        "K_REVISION": revision,
        "K_CONFIGURATION": service.service,
    }
    return InstanceSpec(
        image=image,
        container=container.name or f"{service.service}-1",
        port=port,
        entrypoint=tuple(container.command) or None,
        command=tuple(container.args) or None,
        env={**given, **platform},
        secrets=secrets,
        workdir=container.working_dir or None,
        memory=parse_memory(container.resources.limits["memory"]),
        probe=_startup_probe(container.startup_probe),
        reach=reach,
        volumes=volumes,
        volume_mounts=tuple(container.volume_mounts),
        metadata={
            "project": service.project,
            "number": project_number(service.project),
            "region": service.location,
            "account": template.service_account,
        },
    )


def _startup_probe(probe: Probe) -> StartupProbe:
    http = "http_get" in probe
    return StartupProbe(
        default=is_default_probe(probe),
        port=probe.http_get.port if http else probe.tcp_socket.port,
        path=probe.http_get.path if http else None,
        headers={header.name: header.value for header in probe.http_get.http_headers} if http else {},
        initial_delay=probe.initial_delay_seconds,
        timeout=probe.timeout_seconds,
        period=probe.period_seconds,
        threshold=probe.failure_threshold,
    )
