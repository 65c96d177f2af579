"""How containers run, put over a template: what is set is changed, what is to be removed goes, all else stays.

Pure over Google's messages. Lists are set as a whole; labels, volumes and containers one by one, by their names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from deploy_lib.drivers.services.environment import secret_parts, set_env
from deploy_lib.model.runtime import Gpu, ProbeCheck, Runtime, Sidecar, VolumeSource
from deploy_lib.model.service import DEFAULT_PORT

if TYPE_CHECKING:
    from google.cloud import run_v2

SOCKETS = "/cloudsql"
"""Where Cloud Run puts the sockets of Cloud SQL: https://cloud.google.com/sql/docs/postgres/connect-run."""
GPU = "nvidia.com/gpu"
PROBES = ("startup_probe", "liveness_probe", "readiness_probe")


def put_over(template: run_v2.RevisionTemplate, container: run_v2.Container, runtime: Runtime, name: str) -> None:
    """Changes both; `container` is the one of the template that takes requests, `name` what it is called if it must."""
    from google.cloud import run_v2

    _remove(template, container, runtime.remove)
    template.labels.update(runtime.labels)
    _set_process(container, runtime)
    for probe in PROBES:
        wanted = getattr(runtime, probe)
        if wanted is not None:
            setattr(container, probe, probe_of(wanted))
    if runtime.cpu_boost is not None:
        _resources(container).startup_cpu_boost = runtime.cpu_boost
    if runtime.session_affinity is not None:
        template.session_affinity = runtime.session_affinity
    if runtime.execution_environment is not None:
        generation = f"EXECUTION_ENVIRONMENT_{runtime.execution_environment.upper()}"
        template.execution_environment = getattr(run_v2.ExecutionEnvironment, generation)
    if runtime.gpu is not None:
        _set_gpu(template, container, runtime.gpu)
    _set_network(template, runtime)
    if runtime.cloud_sql is not None:
        _set_cloud_sql(template, container, runtime.cloud_sql)
    for volume, source in runtime.volumes.items():
        _set_volume(template, container, volume, source)
    for sidecar, wanted in runtime.containers.items():
        _set_sidecar(template, container, sidecar, wanted)
    if len(template.containers) > 1:
        _set_apart(template, container, name)
    if runtime.depends_on is not None:
        container.depends_on = list(runtime.depends_on)


def _set_apart(template: run_v2.RevisionTemplate, container: run_v2.Container, name: str) -> None:
    """Of several containers each has a name, and exactly one a port, which tells who takes requests
    (https://cloud.google.com/run/docs/deploying#sidecars)."""
    from google.cloud import run_v2

    container.name = container.name or name
    if not any(each.ports for each in template.containers):
        container.ports = [run_v2.ContainerPort(container_port=DEFAULT_PORT)]


def probe_of(check: ProbeCheck) -> run_v2.Probe:
    """The message; what is None is left to Cloud Run."""
    from google.cloud import run_v2

    probe = run_v2.Probe()
    if check.path is not None:
        probe.http_get = run_v2.HTTPGetAction(path=check.path, port=check.port or 0)
    elif check.grpc is not None:
        probe.grpc = run_v2.GRPCAction(service=check.grpc, port=check.port or 0)
    else:
        probe.tcp_socket = run_v2.TCPSocketAction(port=check.port or 0)
    for field, value in (
        ("initial_delay_seconds", check.delay),
        ("timeout_seconds", check.timeout),
        ("period_seconds", check.every),
        ("failure_threshold", check.failures),
    ):
        if value is not None:
            setattr(probe, field, int(value))
    return probe


def _resources(container: run_v2.Container) -> run_v2.ResourceRequirements:
    """Of a container that had none, they must say cpu_idle: without it they mean CPU always allocated, which is billed
    otherwise (docstring of google.cloud.run_v2.ResourceRequirements)."""
    if "resources" not in container:
        container.resources.cpu_idle = True
    return container.resources


def _set_process(container: run_v2.Container, wanted: Runtime | Sidecar) -> None:
    if wanted.command is not None:
        container.command = list(wanted.command)
    if wanted.args is not None:
        container.args = list(wanted.args)


def _set_gpu(template: run_v2.RevisionTemplate, container: run_v2.Container, gpu: Gpu) -> None:
    template.node_selector.accelerator = gpu.type
    _resources(container).limits[GPU] = str(gpu.count)
    if gpu.zonal_redundancy is not None:
        template.gpu_zonal_redundancy_disabled = not gpu.zonal_redundancy


def _set_network(template: run_v2.RevisionTemplate, runtime: Runtime) -> None:
    from google.cloud import run_v2

    if runtime.vpc is not None:
        vpc = runtime.vpc
        interface = run_v2.VpcAccess.NetworkInterface(network=vpc.network, subnetwork=vpc.subnet, tags=vpc.tags)
        template.vpc_access.network_interfaces = [interface]
        template.vpc_access.connector = ""
    if runtime.egress is not None:
        template.vpc_access.egress = getattr(run_v2.VpcAccess.VpcEgress, runtime.egress.replace("-", "_").upper())


def _set_cloud_sql(template: run_v2.RevisionTemplate, container: run_v2.Container, instances: tuple[str, ...]) -> None:
    """Into the volume of that kind that there is."""
    from google.cloud import run_v2

    found = next((volume for volume in template.volumes if "cloud_sql_instance" in volume), None)
    if found is None:
        found = run_v2.Volume(name="cloudsql")
        template.volumes.append(found)
        found = template.volumes[-1]
    found.cloud_sql_instance = run_v2.CloudSqlInstance(instances=list(instances))
    if not any(mount.name == found.name for mount in container.volume_mounts):
        _mount(container, found.name, SOCKETS)


def _set_volume(
    template: run_v2.RevisionTemplate, container: run_v2.Container, name: str, source: VolumeSource
) -> None:
    from google.cloud import run_v2

    volume = run_v2.Volume(name=name)
    if source.secret is not None:
        secret, version = secret_parts(source.secret)
        path = source.file or secret.rpartition("/")[2]
        items = [run_v2.VersionToPath(path=path, version=version)]
        volume.secret = run_v2.SecretVolumeSource(secret=secret, items=items)
    elif source.bucket is not None:
        volume.gcs = run_v2.GCSVolumeSource(bucket=source.bucket, read_only=source.read_only)
    elif source.nfs is not None:
        server, _, path = source.nfs.partition(":")
        volume.nfs = run_v2.NFSVolumeSource(server=server, path=path, read_only=source.read_only)
    else:
        memory = run_v2.EmptyDirVolumeSource.Medium.MEMORY
        volume.empty_dir = run_v2.EmptyDirVolumeSource(medium=memory, size_limit=source.size or "")
    template.volumes = [*(each for each in template.volumes if each.name != name), volume]
    if source.mount is not None:
        _mount(container, name, source.mount)


def _mount(container: run_v2.Container, volume: str, place: str) -> None:
    from google.cloud import run_v2

    others = [mount for mount in container.volume_mounts if mount.name != volume]
    container.volume_mounts = [*others, run_v2.VolumeMount(name=volume, mount_path=place)]


def _set_sidecar(template: run_v2.RevisionTemplate, container: run_v2.Container, name: str, wanted: Sidecar) -> None:
    from google.cloud import run_v2

    found = next((each for each in template.containers if each.name == name and each != container), None)
    if found is None:
        template.containers.append(run_v2.Container(name=name))
        found = template.containers[-1]
        found.resources.cpu_idle = container.resources.cpu_idle if "resources" in container else True
    found.image = wanted.image
    _set_process(found, wanted)
    for key, amount in (("cpu", wanted.cpu), ("memory", wanted.memory)):
        if amount is not None:
            found.resources.limits[key] = amount
    set_env(found, wanted.env, wanted.secrets)
    for volume, place in wanted.mounts.items():
        _mount(found, volume, place)
    for probe in ("startup_probe", "liveness_probe"):
        check = getattr(wanted, probe)
        if check is not None:
            setattr(found, probe, probe_of(check))
    if wanted.depends_on is not None:
        found.depends_on = list(wanted.depends_on)


def _remove(template: run_v2.RevisionTemplate, container: run_v2.Container, names: tuple[str, ...]) -> None:
    for name in names:
        key, _, entry = name.partition(".")
        if entry:
            _remove_entry(template, container, key, entry)
        elif key in ("vpc", "vpc_connector", "egress"):
            _remove_network(template, key)
        elif key == "gpu":
            del template.node_selector
            container.resources.limits.pop(GPU, None)
            del template.gpu_zonal_redundancy_disabled
        elif key == "cloud_sql":
            for volume in [each.name for each in template.volumes if "cloud_sql_instance" in each]:
                _remove_entry(template, container, "volumes", volume)
        elif key == "cpu_boost":
            container.resources.startup_cpu_boost = False
        elif key in ("command", "args", "depends_on", *PROBES):
            delattr(container, key)
        elif key in ("session_affinity", "execution_environment", "service_account"):
            delattr(template, key)


def _remove_network(template: run_v2.RevisionTemplate, key: str) -> None:
    field = {"vpc": "network_interfaces", "vpc_connector": "connector", "egress": "egress"}[key]
    if "vpc_access" in template:
        delattr(template.vpc_access, field)
    if not template.vpc_access.connector and not template.vpc_access.network_interfaces:
        del template.vpc_access


def _remove_entry(template: run_v2.RevisionTemplate, container: run_v2.Container, key: str, entry: str) -> None:
    match key:
        case "labels":
            template.labels.pop(entry, None)
        case "env" | "secrets":
            container.env = [each for each in container.env if each.name != entry]
        case "volumes":
            template.volumes = [each for each in template.volumes if each.name != entry]
            for each in template.containers:
                each.volume_mounts = [mount for mount in each.volume_mounts if mount.name != entry]
        case "containers":
            for index in reversed(range(len(template.containers))):  # in place: `container` stays one of them
                if template.containers[index].name == entry and template.containers[index] != container:
                    del template.containers[index]
            for each in template.containers:
                each.depends_on = [other for other in each.depends_on if other != entry]
