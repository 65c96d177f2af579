"""What Cloud Run takes one by one and refuses together: told with the file, before anything is built. Pure.

Only what the YAML itself says is judged: what it leaves out is kept as the running service has it. The pages behind the
rules: https://cloud.google.com/run/docs/configuring/services/cpu, .../memory-limits, .../gpu,
https://cloud.google.com/run/docs/configuring/healthchecks, https://cloud.google.com/run/docs/container-contract, and
what `gcloud run deploy --help` says of --gpu.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from deploy_lib.config.circles import circle_in
from deploy_lib.config.lines import Path
from deploy_lib.config.runtime import ContainerProbeSettings
from deploy_lib.config.service_settings import ServiceSettings
from deploy_lib.model.memory import in_words, memory_bytes

Impossible = tuple[Path, str]
"""Where it stands below the service, and what is wrong as a whole clause."""
_GIB = 2**30
_CPUS = (1.0, 2.0, 4.0, 6.0, 8.0)
_LEAST_CPU, _LEAST_MEMORY, _MOST_MEMORY = 0.08, 2**27, 32 * _GIB
_LEAST_OF_GEN2 = 2**29
_MOST_FOR = ((0.5, 0.5), (1.0, 1.0), (2.0, 4.0), (4.0, 8.0), (6.0, 16.0), (8.0, 24.0))
"""With less than so many processors, at most so many GiB; nothing more is allowed with 8."""
_LEAST_FOR = {4.0: 2, 6.0: 4, 8.0: 4}  # GiB
_GPU_CPU, _GPU_MEMORY = 4.0, 8 * _GIB
_STARTUP = 240  # seconds, all tries together
_EVERY, _FAILURES = 10.0, 3  # of a probe that does not say
_SYSTEM = ("/dev", "/proc", "/sys")
_SOCKETS = "/cloudsql"


def impossible(service: ServiceSettings) -> Iterator[Impossible]:
    """Everything of one service that does not go together."""
    yield from _networks(service)
    yield from _counts(service)
    yield from _sizes(service)
    yield from _gpu(service)
    yield from _probes(service)
    yield from _mounts(service)
    yield from _containers(service)


def _networks(service: ServiceSettings) -> Iterator[Impossible]:
    if service.vpc is not None and service.vpc_connector is not None:
        yield ("vpc",), "vpc and vpc_connector are two ways out; leave one out"
    if service.public and service.invokers is not None:
        yield ("invokers",), "invokers mean nothing where public: true lets anybody call the service; leave one out"


def _counts(service: ServiceSettings) -> Iterator[Impossible]:
    least, most = service.instances.min, service.instances.max
    if least is not None and most is not None and least > most:
        yield ("instances", "min"), f"instances: min {least} is more than max {most}"
    if service.request_timeout is not None and service.request_timeout % 1:
        yield ("request_timeout",), "request_timeout is counted in whole seconds"


def _sizes(service: ServiceSettings) -> Iterator[Impossible]:
    cpu, memory = _processors(service.cpu), memory_bytes(service.memory)
    if cpu is not None and service.gpu is None and cpu not in _CPUS and not _LEAST_CPU <= cpu < 1:
        yield ("cpu",), f"cpu: {service.cpu} is none of 0.08 to 1, 2, 4, 6 and 8, which Cloud Run has"
        return
    if memory is not None and service.gpu is None and not _LEAST_MEMORY <= memory <= _MOST_MEMORY:
        yield ("memory",), f"memory: {service.memory} is not from 128Mi to 32Gi"
        return
    second = (
        "a job" if service.is_job else "execution_environment: gen2" if service.execution_environment == "gen2" else ""
    )
    if memory is not None and memory < _LEAST_OF_GEN2 and second:
        yield (
            ("memory",),
            f"memory: {service.memory} is too little for {second}, which needs {in_words(_LEAST_OF_GEN2)}",
        )
    if cpu is not None and cpu < 1 and service.is_job:
        yield ("cpu",), f"cpu: {service.cpu} is too little for a job, which needs a whole processor"
    if cpu is None:
        return
    if cpu < 1 and not service.containers:
        yield from _less_than_one(service)
    if memory is None or service.gpu is not None:
        return
    most = next((gib for less_than, gib in _MOST_FOR if cpu < less_than), _MOST_MEMORY / _GIB)
    if memory > most * _GIB:
        allowed = in_words(int(most * _GIB))
        yield ("memory",), f"memory: {service.memory} is too much for cpu: {service.cpu}, which may have {allowed}"
    if memory < _LEAST_FOR.get(cpu, 0) * _GIB:
        least = in_words(_LEAST_FOR[cpu] * _GIB)
        yield ("memory",), f"memory: {service.memory} is too little for cpu: {service.cpu}, which needs {least}"


def _less_than_one(service: ServiceSettings) -> Iterator[Impossible]:
    if service.concurrency is not None and service.concurrency > 1:
        message = f"concurrency: {service.concurrency} needs a whole processor; with cpu: {service.cpu} it is 1"
        yield ("concurrency",), message
    if service.cpu_always:
        yield ("cpu_always",), f"cpu_always needs a whole processor, and cpu is {service.cpu}"
    if service.execution_environment == "gen2":
        yield ("execution_environment",), f"gen2 needs a whole processor, and cpu is {service.cpu}; write gen1"


def _gpu(service: ServiceSettings) -> Iterator[Impossible]:
    if service.gpu is None:
        return
    cpu, memory = _processors(service.cpu), memory_bytes(service.memory)
    if cpu is not None and cpu < _GPU_CPU:
        yield ("cpu",), f"cpu: {service.cpu} is too little for a gpu, which needs {_GPU_CPU:g}"
    if memory is not None and memory < _GPU_MEMORY:
        yield ("memory",), f"memory: {service.memory} is too little for a gpu, which needs {in_words(_GPU_MEMORY)}"
    if service.cpu_always is False:
        yield ("cpu_always",), "a gpu needs CPU between requests, too; write cpu_always: true"
    if service.execution_environment == "gen1":
        yield ("execution_environment",), "a gpu is not in gen1; write gen2, or leave it out"


def _probes(service: ServiceSettings) -> Iterator[Impossible]:
    names = ("startup_probe", "liveness_probe", "readiness_probe")
    found: list[tuple[Path, ContainerProbeSettings | None]] = [((name,), getattr(service, name)) for name in names]
    found += [
        (("containers", container, name), getattr(each, name))
        for container, each in service.containers.items()
        for name in names[:2]
    ]
    for at, probe in found:
        if probe is not None:
            yield from _probe(at, probe)


def _probe(at: Path, probe: ContainerProbeSettings) -> Iterator[Impossible]:
    for name in ("delay", "timeout", "every"):
        if (getattr(probe, name) or 0) % 1:
            yield (*at, name), f"{name} is counted in whole seconds"
    every = _EVERY if probe.every is None else probe.every
    if probe.every is None and (probe.timeout or 0) > every:
        yield (*at, "timeout"), f"timeout must not be longer than every, which is {every:g}s where it is left out"
    tries = _FAILURES if probe.failures is None else probe.failures
    if at[-1] == "startup_probe" and tries * every > _STARTUP:
        message = f"a start may take {_STARTUP}s, and {tries} tries every {every:g}s take longer"
        yield (*at, "failures" if probe.failures is not None else "every"), message


def _mounts(service: ServiceSettings) -> Iterator[Impossible]:
    own: dict[Path, str] = {
        ("volumes", name, "mount"): each.mount for name, each in service.volumes.items() if each.mount
    }
    yield from _places(own, {_SOCKETS: "cloud_sql"} if service.cloud_sql else {})
    for container, each in service.containers.items():
        beside: dict[Path, str] = {("containers", container, "mounts", name): to for name, to in each.mounts.items()}
        yield from _places(beside, {})
    for name, volume in service.volumes.items():
        if volume.file is not None and ".." in volume.file.split("/"):
            yield ("volumes", name, "file"), f"file: {volume.file} is not below the volume"
        if (volume.bucket or volume.nfs) and service.execution_environment == "gen1":
            kind = "a bucket" if volume.bucket else "an NFS export"
            yield ("volumes", name), f"{kind} cannot be mounted in gen1; write execution_environment: gen2"


def _places(mounts: Mapping[Path, str], taken: dict[str, str]) -> Iterator[Impossible]:
    first = dict(taken)
    for at, place in mounts.items():
        name = str(at[-1] if at[-1] != "mount" else at[-2])
        if place in first:
            yield at, f"{place} is where {first[place]} is mounted already"
        first.setdefault(place, name)
        if any(place == each or place.startswith(f"{each}/") for each in _SYSTEM):
            yield at, f"{place} is the system's; nothing can be mounted there"


def _containers(service: ServiceSettings) -> Iterator[Impossible]:
    for name, each in service.containers.items():
        for variable in each.secrets:
            if variable in each.env:
                yield ("containers", name, "secrets", variable), f"{variable} is both in env and in secrets"
    waits = {name: each.depends_on or () for name, each in service.containers.items()}
    if circle := circle_in(waits):
        yield ("containers", circle[0], "depends_on"), f"containers that wait for each other: {' for '.join(circle)}"


def _processors(text: str | None) -> float | None:
    if text is None:
        return None
    return int(text[:-1]) / 1000 if text.endswith("m") else float(text)
