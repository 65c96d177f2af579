"""Whether v1 of Cloud Run has words for all that a service holds, so that a write by v1 loses nothing. Pure.

The fields are those that https://cloud.google.com/run/docs/reference/rest/v1/namespaces.services and its annotations
(.../v1/ObjectMeta) name, less what was never seen to come back as it went. A field that is not here, or that not even
this client knows, makes the service one that is written by v2.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from google.cloud import run_v2

_OUTPUT = {
    "name", "uid", "generation", "create_time", "update_time", "creator", "last_modifier", "urls", "uri", "etag",
    "observed_generation", "terminal_condition", "conditions", "latest_ready_revision", "latest_created_revision",
    "traffic_statuses", "reconciling", "satisfies_pzs",
}  # fmt: skip
_SERVICE = _OUTPUT | {
    "description", "labels", "annotations", "client", "client_version", "ingress", "launch_stage", "template",
    "traffic", "scaling", "invoker_iam_disabled", "default_uri_disabled", "custom_audiences", "iap_enabled",
}  # fmt: skip
_TEMPLATE = {
    "revision", "labels", "annotations", "scaling", "vpc_access", "timeout", "service_account", "containers", "volumes",
    "execution_environment", "max_instance_request_concurrency", "session_affinity", "health_check_disabled",
}  # fmt: skip
_CONTAINER = {
    "name", "image", "command", "args", "env", "resources", "ports", "volume_mounts", "working_dir", "startup_probe",
    "liveness_probe", "depends_on",  # the template's annotation run.googleapis.com/container-dependencies
}  # fmt: skip
_VOLUME = {"name", "secret", "cloud_sql_instance", "empty_dir"}


def has_no_word(service: run_v2.Service) -> str:
    """The first field that v1 has no word for, as "template.volumes.gcs"; empty where it has one for all."""
    message = type(service).pb(service)
    template = message.template
    parts: list[tuple[str, Any, set[str]]] = [("", message, _SERVICE), ("template.", template, _TEMPLATE)]
    parts += [("template.containers.", each, _CONTAINER) for each in template.containers]
    parts += [("template.volumes.", each, _VOLUME) for each in template.volumes]
    for where, part, words in parts:
        missing = next((field.name for field, _ in part.ListFields() if field.name not in words), "")
        if missing:
            return f"{where}{missing}"
    if _has_unknown(message):
        return "a field that this client does not know"
    # v1 says once for all containers whether they have CPU between requests, and more of it at start.
    cpu = {(each.resources.cpu_idle, each.resources.startup_cpu_boost) for each in template.containers}
    return "template.containers.resources" if len(cpu) > 1 else ""


def _has_unknown(message: Any) -> bool:
    """Of the message and of all below it."""
    from google.protobuf.unknown_fields import UnknownFieldSet

    if len(UnknownFieldSet(message)):
        return True
    for field, value in message.ListFields():
        if field.message_type is None:
            continue
        if field.message_type.GetOptions().map_entry:
            continue
        many = value if not hasattr(value, "ListFields") else [value]
        if any(_has_unknown(each) for each in many):
            return True
    return False
