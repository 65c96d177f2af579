"""What Cloud Run refuses of a container before anything is deployed. Pure.

Limits are from https://cloud.google.com/run/quotas and the pages on containers, environment variables and health
checks; sentences in quotation form are Cloud Run's own where a public report has them
(hashicorp/terraform-provider-google#26877).
"""

from __future__ import annotations

import collections
import re
from collections.abc import Iterator

from google.cloud.run_v2.types import Container, Probe

from .quantity import check_together, parse_cpu, parse_memory

RESERVED = ("PORT", "K_SERVICE", "K_REVISION", "K_CONFIGURATION")
_VARIABLE = re.compile(r"[^=\0]+")
_MOST_VARIABLES = 1000
_LONGEST_STARTUP = 240  # seconds


def check_container(container: Container, where: str, concurrency: int, second: bool) -> Iterator[str]:
    """Every violation of a service's, filled in. `where` is its path, `concurrency` that of its instance; `second`
    whether it runs in the second generation."""
    if not container.image:
        yield f"{where}.image: the image is missing"
    for port in container.ports:
        if not 1 <= port.container_port <= 65535:
            yield f"{where}.ports[0].container_port: must be from 1 to 65535"
        if port.name != "http1":
            yield f"{where}.ports[0].name: {port.name!r} is neither http1 nor h2c"
    yield from _environment(container, f"{where}.env")
    yield from check_limits(container, f"{where}.resources.limits", concurrency, second)
    if "startup_probe" in container:
        yield from check_probe(container.startup_probe, f"{where}.startup_probe")


def _environment(container: Container, where: str) -> Iterator[str]:
    names = [variable.name for variable in container.env]
    if len(names) > _MOST_VARIABLES:
        yield f"{where}: {len(names)} variables; a container may have at most {_MOST_VARIABLES}"
    reserved = [name for name in names if name in RESERVED]
    if reserved:
        yield (
            f"{where}: The following reserved env names were provided: {', '.join(reserved)}. "
            "These values are automatically set by the system."
        )
    for name, times in collections.Counter(names).items():
        if not _VARIABLE.fullmatch(name):
            yield f"{where}: {name!r} is not a valid variable name"
        if times > 1:
            yield f"{where}: {name} is set {times} times"


def check_limits(container: Container, where: str, concurrency: int, second: bool) -> Iterator[str]:
    """As for check_container."""
    limits = container.resources.limits
    try:
        cpu, memory = parse_cpu(limits["cpu"]), parse_memory(limits["memory"])
    except ValueError as error:
        yield f"{where}: {error}"
        return
    wrong = check_together(cpu, memory, concurrency, second)
    if wrong:
        yield f"{where}.{wrong}"


def check_probe(probe: Probe, where: str) -> Iterator[str]:
    """Of a start-up probe."""
    if not 1 <= probe.period_seconds <= _LONGEST_STARTUP:
        yield f"{where}.period_seconds: must be from 1 to {_LONGEST_STARTUP}"
    if not 1 <= probe.timeout_seconds <= probe.period_seconds:
        yield f"{where}.timeout_seconds: must be from 1 to period_seconds"
    if not 0 <= probe.initial_delay_seconds <= _LONGEST_STARTUP:
        yield f"{where}.initial_delay_seconds: must be from 0 to {_LONGEST_STARTUP}"
    if probe.failure_threshold * probe.period_seconds > _LONGEST_STARTUP:
        yield f"{where}: failure_threshold times period_seconds must be at most {_LONGEST_STARTUP}"
    port = probe.http_get.port if "http_get" in probe else probe.tcp_socket.port
    if not 1 <= port <= 65535:
        yield f"{where}: its port must be from 1 to 65535"
