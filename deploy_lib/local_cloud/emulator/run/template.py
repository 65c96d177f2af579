"""Fills Cloud Run's defaults into a template, so that a client reads back what runs.

Two templates are the same when they are equal after this; the client that sends a service back as it read it
changes nothing. Defaults: https://cloud.google.com/run/docs/about-instance-autoscaling and the pages it links.
"""

from __future__ import annotations

import datetime

from google.cloud.run_v2.types import (
    Container,
    ContainerPort,
    Probe,
    ResourceRequirements,
    RevisionTemplate,
    TCPSocketAction,
)

from ..builds.environment import compute_account, project_number

PORT = 8080
_TIMEOUT = datetime.timedelta(seconds=300)
_CONCURRENCY = 80
_CPU, _MEMORY = "1000m", "512Mi"
_STARTUP_SECONDS = 240


def default_account(project: str) -> str:
    return compute_account(project_number(project))


def fill_in(template: RevisionTemplate, project: str) -> None:
    """In place. One container takes requests: the one with a port, and a single one in any case."""
    template.service_account = template.service_account or default_account(project)
    template.timeout = template.timeout or _TIMEOUT
    template.max_instance_request_concurrency = template.max_instance_request_concurrency or _CONCURRENCY
    if len(template.containers) == 1 and not template.containers[0].ports:
        template.containers[0].ports = [ContainerPort(name="http1", container_port=PORT)]
    for container in template.containers:
        for port in container.ports:
            port.name = port.name or "http1"
            port.container_port = port.container_port or PORT
        _fill_resources(container)
        fill_probe(container)


def _fill_resources(container: Container) -> None:
    """What `resources` leave out stays false: cpu_idle too, which then means CPU always allocated."""
    if "resources" not in container:
        container.resources = ResourceRequirements(cpu_idle=True)
    limits = container.resources.limits
    for name, value in (("cpu", _CPU), ("memory", _MEMORY)):
        if not limits.get(name):
            limits[name] = value


def fill_probe(container: Container, usual: int = 0) -> None:
    """In place. The default probe is that of a container which takes requests
    (https://cloud.google.com/run/docs/configuring/healthchecks); others have a probe only when it is named, of the
    port `usual` where it names none."""
    port = container.ports[0].container_port if container.ports else 0
    if "liveness_probe" in container:
        _fill_in_probe(container.liveness_probe, port)
    if "startup_probe" not in container:
        if not port:
            return
        container.startup_probe = Probe(
            tcp_socket=TCPSocketAction(port=port),
            timeout_seconds=_STARTUP_SECONDS,
            period_seconds=_STARTUP_SECONDS,
            failure_threshold=1,
        )
        return
    _fill_in_probe(container.startup_probe, port or usual)


def _fill_in_probe(probe: Probe, port: int) -> None:
    """The defaults are a start-up probe's and a liveness probe's alike [client: Probe's own docstrings]."""
    probe.timeout_seconds = probe.timeout_seconds or 1
    probe.period_seconds = probe.period_seconds or 10
    probe.failure_threshold = probe.failure_threshold or 3
    if "http_get" in probe:
        probe.http_get.path = probe.http_get.path or "/"
        probe.http_get.port = probe.http_get.port or port
    elif "grpc" not in probe:
        probe.tcp_socket = TCPSocketAction(port=probe.tcp_socket.port or port)


def is_default_probe(probe: Probe) -> bool:
    """What Cloud Run calls its default start-up probe in the log."""
    return "tcp_socket" in probe and probe.timeout_seconds == probe.period_seconds == _STARTUP_SECONDS
