"""Makes the specification of a revision's instances from its template. Pure.

Every container gets K_SERVICE, K_REVISION and K_CONFIGURATION, the one that takes requests PORT too
(https://cloud.google.com/run/docs/container-contract#env-vars).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from google.cloud.run_v2.types import Container, Probe, RevisionTemplate

from ..builds.environment import project_number
from ..reach.reach import Reach
from .instances.instance_spec import ContainerSpec, InstanceSpec, StartupProbe
from .names import ServiceName
from .quantity import parse_memory
from .start_order import full_name, in_order
from .template import is_default_probe
from .volumes import Open


def make_instance_spec(
    template: RevisionTemplate,
    service: ServiceName,
    revision: str,
    images: Sequence[str],
    secrets: Callable[[int], Mapping[str, str]],
    reach: Reach,
    volumes: Open,
) -> InstanceSpec:
    """`template` is filled in; `images` are what the engine knows those of its containers by, and `secrets` reads the
    variables of one of them."""
    platform = {"K_SERVICE": service.service, "K_REVISION": revision, "K_CONFIGURATION": service.service}
    found = []
    for number in in_order(template.containers):
        container = template.containers[number]
        port = container.ports[0].container_port if container.ports else None
        variables = {**platform, "PORT": str(port)} if port is not None else platform
        name = full_name(template.containers, number, service.service)
        found.append(
            make_container_spec(container, name, images[number], variables, partial(secrets, number), port=port)
        )
    return InstanceSpec(
        containers=tuple(found),
        reach=reach,
        volumes=volumes,
        metadata=about(service.project, service.location, template.service_account),
    )


def make_container_spec(
    container: Container,
    name: str,
    image: str,
    platform: Mapping[str, str],
    secrets: Callable[[], Mapping[str, str]],
    *,
    port: int | None = None,
) -> ContainerSpec:
    """`platform` are the variables that Cloud Run sets."""
    given = {variable.name: variable.value for variable in container.env if "value_source" not in variable}
    return ContainerSpec(
        name=name,
        image=image,
        entrypoint=tuple(container.command) or None,
        command=tuple(container.args) or None,
        env={**given, **platform},
        secrets=secrets,
        workdir=container.working_dir or None,
        memory=parse_memory(container.resources.limits["memory"]),
        volume_mounts=tuple(container.volume_mounts),
        port=port,
        probe=_startup_probe(container.startup_probe) if "startup_probe" in container else None,
        after=tuple(container.depends_on),
    )


def about(project: str, location: str, account: str) -> dict[str, str]:
    """What the metadata server of an instance tells."""
    return {"project": project, "number": project_number(project), "region": location, "account": account}


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
