"""How the containers of a template run, in words for a terminal. Pure over Google's messages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deploy_lib.drivers.services.runtime_template import GPU, PROBES


def settings_of(template: Any, container: Any) -> Mapping[str, str]:
    """What of it a template has, in words, by the keys of the YAML."""
    found = {
        "command": " ".join(container.command),
        "args": " ".join(container.args),
        "session_affinity": "true" if template.session_affinity else "",
        "execution_environment": template.execution_environment.name.rpartition("_")[2].lower()
        if template.execution_environment
        else "",
        "gpu": f"{container.resources.limits.get(GPU, '')} {template.node_selector.accelerator}".strip(),
        "cpu_boost": "true" if container.resources.startup_cpu_boost else "",
        "vpc": ", ".join(each.network or each.subnetwork for each in template.vpc_access.network_interfaces),
        "egress": template.vpc_access.egress.name.lower().replace("_", "-") if template.vpc_access.egress else "",
    }
    for volume in template.volumes:
        found[f"volume {volume.name}"] = _volume_words(volume)
    for probe in PROBES:
        found[probe] = _probe_words(getattr(container, probe)) if probe in container else ""
    for each in template.containers:
        if each != container:
            found[f"container {each.name or 'without a name'}"] = each.image
    return found


def _volume_words(volume: Any) -> str:
    if "secret" in volume:
        return f"secret {volume.secret.secret}"
    if "cloud_sql_instance" in volume:
        return f"Cloud SQL {', '.join(volume.cloud_sql_instance.instances)}"
    if "gcs" in volume:
        return f"bucket {volume.gcs.bucket}"
    if "nfs" in volume:
        return f"NFS {volume.nfs.server}:{volume.nfs.path}"
    return f"in memory {volume.empty_dir.size_limit}".strip()


def _probe_words(probe: Any) -> str:
    how = "TCP"
    if "http_get" in probe:
        how = f"HTTP {probe.http_get.path}"
    elif "grpc" in probe:
        how = f"gRPC {probe.grpc.service}".strip()
    numbers = (probe.initial_delay_seconds, probe.timeout_seconds, probe.period_seconds, probe.failure_threshold)
    return f"{how}, {'/'.join(str(number or '-') for number in numbers)} (delay/timeout/every/failures)"
