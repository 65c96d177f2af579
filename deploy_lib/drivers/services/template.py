"""The candidate's template: what serves now, with what the YAML names put over it.

A field that the YAML does not name keeps its value, whoever set it and by whichever tool: sidecars, volumes, probes,
labels, variables set by hand. Pure over Google's messages.
"""

from __future__ import annotations

import copy
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from deploy_lib.drivers.services.environment import set_env
from deploy_lib.drivers.services.runtime_template import put_over
from deploy_lib.model.release import Release
from deploy_lib.model.service import DEFAULT_PORT, Service

if TYPE_CHECKING:
    from google.cloud import run_v2

RELEASE_LABEL, COMMIT_LABEL = "deploy-to-gcp-release", "deploy-to-gcp-commit"
ATTEMPT_LABEL = "deploy-to-gcp-attempt"
"""On a revision that its release made anew, since Cloud Run itself had failed with the one before."""
_LONGEST_LABEL = 63
_SYSTEM = ("run.googleapis.com/", "serving.knative.dev/", "autoscaling.knative.dev/", "cloud.googleapis.com/")


def base(service: run_v2.Service | None, stable: run_v2.Revision | None) -> run_v2.RevisionTemplate:
    """The template to start from: the stable revision's.

    The service's own template is that of its last created revision. Where that is not what serves (a rejected
    candidate's, say), the settings are read back from the stable revision; what a revision has no field for, and fields
    of the template that not even this client knows, stay as the service has them. Where nothing serves yet, what an
    earlier release of this tool tried is not kept: else a setting taken out of the YAML would stay for good.
    """
    from google.cloud import run_v2

    if service is None:
        return run_v2.RevisionTemplate()
    last = service.template.revision or service.latest_created_revision.rpartition("/")[2]
    if stable is None and RELEASE_LABEL in service.template.labels:
        return run_v2.RevisionTemplate()
    found = copy.deepcopy(service.template)
    if stable is not None and last != stable.name.rpartition("/")[2]:
        _take_over(run_v2.RevisionTemplate.pb(found), run_v2.Revision.pb(stable))
    _drop_system_names(found)
    return found


def _take_over(template: Any, revision: Any) -> None:
    """The fields that both have, as messages and not by their names: so what is unknown inside of them comes along."""
    common = {*template.DESCRIPTOR.fields_by_name} & {*revision.DESCRIPTOR.fields_by_name}
    for name in common:
        template.ClearField(name)
    for field, value in revision.ListFields():
        if field.name not in common:
            continue
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            getattr(template, field.name).update(value)
        elif field.message_type is not None and hasattr(value, "CopyFrom"):
            getattr(template, field.name).CopyFrom(value)
        elif hasattr(value, "extend"):
            getattr(template, field.name).extend(value)
        else:
            setattr(template, field.name, value)


def without_system_names(service: run_v2.Service) -> run_v2.Service:
    """A copy without labels and annotations in Google's own namespaces, which v2 may show and does not take back.

    "Cloud Run API v2 does not support [them], and they will be rejected in new resources": docstrings of
    google.cloud.run_v2.Service and RevisionTemplate. v2 has fields for what they say.
    """
    found = copy.deepcopy(service)
    _drop_system_names(found)
    _drop_system_names(found.template)
    return found


def _drop_system_names(found: run_v2.Service | run_v2.RevisionTemplate) -> None:
    for names in (found.labels, found.annotations):
        for name in [key for key in names if key.startswith(_SYSTEM)]:
            del names[name]


def merged(start: run_v2.RevisionTemplate, release: Release) -> run_v2.RevisionTemplate:
    """A new message, without a name yet. Asking twice gives the same template."""
    from google.cloud import run_v2

    wanted, template = release.service, copy.deepcopy(start)
    template.revision = ""
    template.labels.pop(ATTEMPT_LABEL, None)
    template.labels[RELEASE_LABEL] = release_label(release)
    template.labels[COMMIT_LABEL] = release.commit.lower()[:_LONGEST_LABEL]
    container = main_container(template)
    if container is None:
        template.containers = [run_v2.Container()]
        container = template.containers[0]
    container.image = release.image or ""
    _set_port(container, wanted.port)
    _set_resources(container, wanted)
    set_env(container, wanted.env, wanted.secrets)
    if wanted.concurrency is not None:
        template.max_instance_request_concurrency = wanted.concurrency
    if wanted.request_timeout is not None:
        template.timeout = timedelta(seconds=int(wanted.request_timeout))
    if wanted.instances.min is not None:
        template.scaling.min_instance_count = wanted.instances.min
    if wanted.instances.max is not None:
        template.scaling.max_instance_count = wanted.instances.max
    if wanted.service_account is not None:
        template.service_account = wanted.service_account
    if wanted.vpc_connector is not None:
        template.vpc_access.connector = wanted.vpc_connector
        template.vpc_access.network_interfaces = []
    put_over(template, container, wanted.runtime, wanted.name)
    return template


def release_label(release: Release) -> str:
    """The release's id as a label holds it."""
    return release.id.lower()[-_LONGEST_LABEL:].lstrip("-_")


def main_container(template: Any) -> run_v2.Container | None:
    """The one that takes requests: the one with a port, else the first. Others are sidecars."""
    containers = list(template.containers)
    found: run_v2.Container | None = next((each for each in containers if each.ports), None)
    return found if found is not None else next(iter(containers), None)


def startup_limit(container: run_v2.Container) -> float | None:
    """Seconds the start-up probe allows: https://cloud.google.com/run/docs/configuring/healthchecks#startup-probes.

    None for a probe that is not written out.
    """
    if "startup_probe" not in container:
        return None
    probe = container.startup_probe
    return float(probe.initial_delay_seconds + probe.failure_threshold * (probe.period_seconds or 0)) or None


def _set_port(container: run_v2.Container, port: int | None) -> None:
    """Probes that asked at the old port ask at the new one: Cloud Run writes its default probe out with the port."""
    from google.cloud import run_v2

    if port is None:
        return
    old = container.ports[0].container_port if container.ports else DEFAULT_PORT
    if container.ports:
        container.ports[0].container_port = port
    else:
        container.ports = [run_v2.ContainerPort(container_port=port)]
    for name in ("startup_probe", "liveness_probe", "readiness_probe"):
        if name not in container:
            continue
        probe = getattr(container, name)
        for way in ("tcp_socket", "http_get", "grpc"):
            if way in probe and getattr(probe, way).port == old:
                getattr(probe, way).port = port


def _set_resources(container: run_v2.Container, wanted: Service) -> None:
    """Where a container had no `resources`, those that come to be must say cpu_idle: without it they mean CPU always
    allocated, which is billed otherwise (docstring of google.cloud.run_v2.ResourceRequirements)."""
    unset = "resources" not in container
    for name, amount in (("cpu", wanted.cpu), ("memory", wanted.memory)):
        if amount is not None:
            container.resources.limits[name] = amount
    if wanted.cpu_always is not None:
        container.resources.cpu_idle = not wanted.cpu_always
    elif unset and "resources" in container:
        container.resources.cpu_idle = True
