"""How a running service's containers run, as the YAML would say it. Pure over Google's messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deploy_lib.drivers.services.runtime_template import GPU, PROBES
from deploy_lib.model.runtime import OUR_LABELS

if TYPE_CHECKING:
    from google.cloud import run_v2


def runtime_entry(template: run_v2.RevisionTemplate, container: run_v2.Container) -> tuple[dict[str, Any], list[str]]:
    """The keys of the service, and in words what has no word in the YAML and is kept at every release."""
    entry: dict[str, Any] = {name: list(getattr(container, name)) for name in ("command", "args", "depends_on")}
    entry["labels"] = {
        name: value for name, value in template.labels.items() if "/" not in name and not name.startswith(OUR_LABELS)
    }
    for name in PROBES:
        entry[name] = _probe(getattr(container, name)) if name in container else None
    entry["cpu_boost"] = container.resources.startup_cpu_boost or None
    entry["session_affinity"] = template.session_affinity or None
    if template.execution_environment:
        entry["execution_environment"] = template.execution_environment.name.rpartition("_")[2].lower()
    if template.node_selector.accelerator:
        count = int(container.resources.limits.get(GPU, "1"))
        entry["gpu"] = {"type": template.node_selector.accelerator, "count": count}
    interfaces = template.vpc_access.network_interfaces
    if interfaces:
        found = interfaces[0]
        known = {"network": found.network, "subnet": found.subnetwork, "tags": list(found.tags)}
        entry["vpc"] = {name: _short(value) for name, value in known.items() if value}
    if template.vpc_access.egress:
        entry["egress"] = template.vpc_access.egress.name.lower().replace("_", "-")
    kept = _add_volumes(template, container, entry)
    entry["containers"] = {}
    for each in template.containers:
        if each != container and each.name:
            entry["containers"][each.name] = _sidecar(each)
        elif each != container:
            kept.append("sidecar without a name")
    return {name: value for name, value in entry.items() if value not in (None, [], {})}, kept


def _short(value: Any) -> Any:
    return value.rpartition("/")[2] if isinstance(value, str) else value


def _probe(probe: run_v2.Probe) -> dict[str, Any]:
    found: dict[str, Any] = {}
    way = next((name for name in ("http_get", "grpc", "tcp_socket") if name in probe), None)
    if way == "http_get":
        found["path"] = probe.http_get.path or "/"
    elif way == "grpc":
        found["grpc"] = probe.grpc.service
    port = getattr(probe, way).port if way else 0
    if port:
        found["port"] = port
    for name, seconds in (
        ("delay", probe.initial_delay_seconds),
        ("timeout", probe.timeout_seconds),
        ("every", probe.period_seconds),
    ):
        if seconds:
            found[name] = f"{seconds}s"
    if probe.failure_threshold:
        found["failures"] = probe.failure_threshold
    return found


def variables(container: run_v2.Container) -> dict[str, Any]:
    """Its `env` and `secrets`. Values of secrets never stand in a service, only their names."""
    plain: dict[str, str] = {}
    secrets: dict[str, str] = {}
    for variable in container.env:
        if "value_source" in variable:
            reference = variable.value_source.secret_key_ref
            secrets[variable.name] = f"{reference.secret}:{reference.version or 'latest'}"
        else:
            plain[variable.name] = variable.value
    return {name: values for name, values in (("env", plain), ("secrets", secrets)) if values}


def _sidecar(container: run_v2.Container) -> dict[str, Any]:
    entry: dict[str, Any] = {"image": container.image}
    entry |= {name: list(getattr(container, name)) for name in ("command", "args", "depends_on")}
    entry |= variables(container)
    limits = dict(container.resources.limits)
    entry |= {name: limits[name] for name in ("cpu", "memory") if name in limits}
    entry["mounts"] = {mount.name: mount.mount_path for mount in container.volume_mounts}
    for name in ("startup_probe", "liveness_probe"):
        entry[name] = _probe(getattr(container, name)) if name in container else None
    return {name: value for name, value in entry.items() if value not in (None, [], {})}


def _add_volumes(template: run_v2.RevisionTemplate, container: run_v2.Container, entry: dict[str, Any]) -> list[str]:
    places = {mount.name: mount.mount_path for mount in container.volume_mounts}
    kept: list[str] = []
    entry["volumes"] = {}
    for volume in template.volumes:
        known: dict[str, Any] = {"mount": places[volume.name]} if volume.name in places else {}
        if "cloud_sql_instance" in volume:
            entry["cloud_sql"] = list(volume.cloud_sql_instance.instances)
            continue
        if "secret" in volume and len(volume.secret.items) == 1:
            item = volume.secret.items[0]
            known |= {"secret": f"{volume.secret.secret}:{item.version or 'latest'}", "file": item.path}
        elif "gcs" in volume:
            known |= {"bucket": volume.gcs.bucket} | ({"read_only": True} if volume.gcs.read_only else {})
        elif "nfs" in volume:
            known |= {"nfs": f"{volume.nfs.server}:{volume.nfs.path}"}
            known |= {"read_only": True} if volume.nfs.read_only else {}
        elif "empty_dir" in volume:
            known |= {"size": volume.empty_dir.size_limit} if volume.empty_dir.size_limit else {}
        else:
            kept.append(f"volume {volume.name}")
            continue
        entry["volumes"][volume.name] = known
    return kept
