"""Reads a running service as the YAML would say it, and tells what the YAML has no words for.

What has no word in the YAML is kept at every release, so nothing is lost by leaving it out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from deploy_lib.drivers.services import exposure
from deploy_lib.drivers.services.import_runtime import runtime_entry, variables
from deploy_lib.drivers.services.template import main_container

if TYPE_CHECKING:
    from google.cloud import run_v2


@dataclass(frozen=True, slots=True)
class ImportedService:
    """`entry` is the mapping below `services: NAME:`; `image` what serves; `kept` what stays as it is, in words."""

    entry: dict[str, Any]
    image: str
    kept: tuple[str, ...]


def import_service(service: run_v2.Service) -> ImportedService:
    """Pure. Values of secrets never stand in a service, only their names."""
    template, container = service.template, main_container(service.template)
    entry: dict[str, Any] = {
        "cloud_run": service.name.rpartition("/")[2],
        "context": ".",
        "dockerfile": "Dockerfile",
    }
    kept: list[str] = []
    if container is not None:
        if container.ports:
            entry["port"] = container.ports[0].container_port
        limits = dict(container.resources.limits)
        entry |= {name: limits[name] for name in ("cpu", "memory") if name in limits}
        if "resources" in container and not container.resources.cpu_idle:
            entry["cpu_always"] = True
        entry |= variables(container)
    if template.max_instance_request_concurrency:
        entry["concurrency"] = template.max_instance_request_concurrency
    if template.timeout:
        entry["request_timeout"] = f"{int(template.timeout.total_seconds())}s"
    scaling = template.scaling
    instances = {"min": scaling.min_instance_count, "max": scaling.max_instance_count}
    if any(instances.values()):
        entry["instances"] = {name: count for name, count in instances.items() if count or name == "min"}
    if template.service_account:
        entry["service_account"] = template.service_account
    if template.vpc_access.connector:
        entry["vpc_connector"] = template.vpc_access.connector
    if container is not None:
        runtime, unsaid = runtime_entry(template, container)
        entry |= runtime
        kept += unsaid
    unset = exposure.now(type(service)())
    known = {key: value for key, value in exposure.now(service).items() if value != unset[key]}
    entry |= ({"ingress": "all"} if service.ingress else {}) | known
    if entry.get("ingress") == exposure.UNSAID:
        kept.append(f"ingress {entry.pop('ingress')}")
    kept += [f"tag {target.tag}" for target in service.traffic if target.tag]
    return ImportedService(entry, container.image if container is not None else "", tuple(kept))
