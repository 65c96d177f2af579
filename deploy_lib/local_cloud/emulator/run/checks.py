"""What Cloud Run refuses in a template before anything is deployed.

Limits are from https://cloud.google.com/run/quotas and the pages on containers, environment variables and health
checks; sentences in quotation form are Cloud Run's own where a public report has them
(hashicorp/terraform-provider-google#26877, GoogleCloudPlatform/magic-modules#10173).
"""

from __future__ import annotations

import collections
import re
from collections.abc import Iterator

from google.cloud.run_v2.types import Container, Probe, RevisionTemplate, Service

from .metadata_keys import check_metadata
from .names import check_revision
from .quantity import check_together, parse_cpu, parse_memory
from .refusal import RunRefusal, invalid, not_here
from .volumes import check_volumes

RESERVED = ("PORT", "K_SERVICE", "K_REVISION", "K_CONFIGURATION")
_VARIABLE = re.compile(r"[^=\0]+")
_LONGEST_REQUEST = 3600  # seconds
_LARGEST_CONCURRENCY = 1000
_LONGEST_STARTUP = 240  # seconds


def check_shape(template: RevisionTemplate) -> None:
    """What must hold before defaults can be filled in. Raises RunRefusal."""
    if not template.containers:
        raise invalid("template.containers: a revision needs one container")
    if len(template.containers) > 1:
        raise not_here("sidecars: template.containers must hold one container")
    if len(template.containers[0].ports) > 1:
        raise invalid("Violation in service.template.containers[0].ports: ports should contain 0 or 1 port.")


def check_service(service: Service, before: Service, short: str) -> None:
    """The whole request, its template filled in. Raises RunRefusal with every violation in one message."""
    template = service.template
    container = template.containers[0]
    for found in _beyond(template, container):
        raise found
    if template.revision:
        check_revision(short, template.revision)
    problems = [
        *check_metadata(service, before),
        *_container(container),
        *_environment(container),
        *_template(template),
        *_probe(container.startup_probe),
        *check_volumes(template.volumes, template.containers),
    ]
    if problems:
        raise invalid("; ".join(problems))


def _beyond(template: RevisionTemplate, container: Container) -> Iterator[RunRefusal]:
    """Real features that would change how the container runs, and that are not here."""
    if container.ports[0].name == "h2c":
        yield not_here("HTTP/2 to the container: ports[0].name must be http1")
    if "grpc" in container.startup_probe:
        yield not_here("gRPC start-up probes")


def _container(container: Container) -> Iterator[str]:
    if not container.image:
        yield "template.containers[0].image: the image is missing"
    port = container.ports[0]
    if not 1 <= port.container_port <= 65535:
        yield "template.containers[0].ports[0].container_port: must be from 1 to 65535"
    if port.name != "http1":
        yield f"template.containers[0].ports[0].name: {port.name!r} is neither http1 nor h2c"


def _environment(container: Container) -> Iterator[str]:
    names = [variable.name for variable in container.env]
    reserved = [name for name in names if name in RESERVED]
    if reserved:
        yield (
            f"template.containers[0].env: The following reserved env names were provided: {', '.join(reserved)}. "
            "These values are automatically set by the system."
        )
    for name, times in collections.Counter(names).items():
        if not _VARIABLE.fullmatch(name):
            yield f"template.containers[0].env: {name!r} is not a valid variable name"
        if times > 1:
            yield f"template.containers[0].env: {name} is set {times} times"


def _template(template: RevisionTemplate) -> Iterator[str]:
    limits = template.containers[0].resources.limits
    concurrency = template.max_instance_request_concurrency
    try:
        cpu, memory = parse_cpu(limits["cpu"]), parse_memory(limits["memory"])
    except ValueError as error:
        yield f"template.containers[0].resources.limits: {error}"
    else:
        wrong = check_together(cpu, memory, concurrency)
        if wrong:
            yield f"template.containers[0].resources.limits: {wrong}"
    if not 1 <= concurrency <= _LARGEST_CONCURRENCY:
        yield f"template.max_instance_request_concurrency: must be from 1 to {_LARGEST_CONCURRENCY}"
    if not 0 < template.timeout.total_seconds() <= _LONGEST_REQUEST:
        yield f"template.timeout: must be more than 0 and at most {_LONGEST_REQUEST}s"
    scaling = template.scaling
    if scaling.max_instance_count and scaling.min_instance_count > scaling.max_instance_count:
        yield "template.scaling: min_instance_count is larger than max_instance_count"
    if "vpc_access" in template and bool(template.vpc_access.connector) == bool(template.vpc_access.network_interfaces):
        yield (
            "Violation in service.template.vpc_access.connector: one and only one of connector and "
            "network_interfaces must be set."
        )


def _probe(probe: Probe) -> Iterator[str]:
    where = "template.containers[0].startup_probe"
    if not 1 <= probe.period_seconds <= _LONGEST_STARTUP:
        yield f"{where}.period_seconds: must be from 1 to {_LONGEST_STARTUP}"
    if not 1 <= probe.timeout_seconds <= probe.period_seconds:
        yield f"{where}.timeout_seconds: must be from 1 to period_seconds"
    if not 0 <= probe.initial_delay_seconds <= _LONGEST_STARTUP:
        yield f"{where}.initial_delay_seconds: must be from 0 to {_LONGEST_STARTUP}"
    if probe.failure_threshold * probe.period_seconds > _LONGEST_STARTUP:
        yield f"{where}: failure_threshold times period_seconds must be at most {_LONGEST_STARTUP}"
