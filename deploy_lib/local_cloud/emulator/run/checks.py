"""What Cloud Run refuses in a template before anything is deployed.

Limits are from https://cloud.google.com/run/quotas; sentences in quotation form are Cloud Run's own where a public
report has them (GoogleCloudPlatform/magic-modules#10173, terraform-google-cloud-run#302).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from google.cloud.run_v2.types import Container, ExecutionEnvironment, RevisionTemplate, Service

from .container_checks import check_container
from .metadata_keys import check_metadata
from .names import check_revision
from .quantity import parse_cpu
from .refusal import RunRefusal, invalid, not_here
from .start_order import check_order
from .volumes import check_volumes

_LONGEST_REQUEST = 3600  # seconds
_LARGEST_CONCURRENCY = 1000
_WHERE = "template.containers"


def check_shape(template: RevisionTemplate) -> None:
    """What must hold before defaults can be filled in. Raises RunRefusal."""
    if not template.containers:
        raise invalid(f"{_WHERE}: a revision needs one container")
    for number, container in enumerate(template.containers):
        if len(container.ports) > 1:
            raise invalid(f"Violation in service.{_WHERE}[{number}].ports: ports should contain 0 or 1 port.")
    listening = sum(bool(container.ports) for container in template.containers)
    if len(template.containers) > 1 and listening != 1:
        raise invalid(f"{_WHERE}: Revision template should contain exactly one container with an exposed port.")


def check_service(service: Service, before: Service, short: str) -> None:
    """The whole request, its template filled in. Raises RunRefusal with every violation in one message."""
    template = service.template
    for found in _beyond(template):
        raise found
    if template.revision:
        check_revision(short, template.revision)
    concurrency = template.max_instance_request_concurrency
    alone = len(template.containers) == 1
    second = template.execution_environment == ExecutionEnvironment.EXECUTION_ENVIRONMENT_GEN2
    problems = [
        *check_metadata(service, before),
        *(
            problem
            for number, container in enumerate(template.containers)
            for problem in check_container(container, f"{_WHERE}[{number}]", concurrency if alone else 1, second)
        ),
        *(() if alone else _together(template.containers, concurrency)),
        *check_order(template.containers, _WHERE),
        *_template(template),
        *check_volumes("template", template.volumes, template.containers),
    ]
    if problems:
        raise invalid("; ".join(problems))


def _beyond(template: RevisionTemplate) -> Iterator[RunRefusal]:
    """Real features that would change how the containers run, and that are not here."""
    for container in template.containers:
        if container.ports and container.ports[0].name == "h2c":
            yield not_here("HTTP/2 to the container: ports[0].name must be http1")
        if "grpc" in container.startup_probe:
            yield not_here("gRPC start-up probes")


def _together(containers: Sequence[Container], concurrency: int) -> Iterator[str]:
    """Of several containers the whole CPU counts."""
    try:
        total = sum(parse_cpu(container.resources.limits["cpu"]) for container in containers)
    except ValueError:
        return  # told where it stands
    if total < 1000 and concurrency > 1:
        yield f"{_WHERE}: Invalid value specified for cpu. Total cpu < 1 is not supported with concurrency > 1."


def _template(template: RevisionTemplate) -> Iterator[str]:
    if not 1 <= template.max_instance_request_concurrency <= _LARGEST_CONCURRENCY:
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
