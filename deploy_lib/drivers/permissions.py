"""Which permission a refused call needed; model/roles.py knows which role holds it."""

from __future__ import annotations

import re

NEEDED = {
    "get_service": "run.services.get",
    "list_services": "run.services.list",
    "get_service_policy": "run.services.getIamPolicy",
    "set_service_policy": "run.services.setIamPolicy",
    "create_service": "run.services.create",
    "validate_service": "run.services.update",
    "update_service": "run.services.update",
    "get_revision": "run.revisions.get",
    "delete_revision": "run.revisions.delete",
    "publish_message": "pubsub.topics.publish",
    "list_images": "artifactregistry.dockerimages.list",
    "delete_image": "artifactregistry.versions.delete",
    "get_image_deletion": "artifactregistry.versions.delete",
    "list_revisions": "run.revisions.list",
    "get_operation": "run.operations.get",
    "get_job": "run.jobs.get",
    "create_job": "run.jobs.create",
    "update_job": "run.jobs.update",
    "run_job": "run.jobs.run",
    "get_execution": "run.executions.get",
    "list_executions": "run.executions.list",
    "cancel_execution": "run.executions.cancel",
    "list_tasks": "run.tasks.list",
    "create_build": "cloudbuild.builds.create",
    "cancel_build": "cloudbuild.builds.update",
    "get_build": "cloudbuild.builds.get",
    "list_builds": "cloudbuild.builds.list",
    "get_object": "storage.objects.get",
    "put_object": "storage.objects.create",
    "get_lease": "storage.objects.get",
    "put_lease": "storage.objects.create",
    "delete_object": "storage.objects.delete",
    "replace_service": "run.services.update",
    "get_bucket": "storage.buckets.list",
    "create_bucket": "storage.buckets.create",
    "list_log_entries": "logging.logEntries.list",
    "list_time_series": "monitoring.timeSeries.list",
    "get_project": "resourcemanager.projects.get",
    "get_project_policy": "resourcemanager.projects.getIamPolicy",
    "get_apis": "serviceusage.services.get",
    "get_repository": "artifactregistry.repositories.get",
    "get_build_account": "cloudbuild.builds.get",
    "get_secret": "secretmanager.secrets.get",
    "get_secret_version": "secretmanager.versions.get",
    "get_secret_policy": "secretmanager.secrets.getIamPolicy",
}
"""What each method needs, for refusals that name no permission."""

_NAMED = re.compile(r"[Pp]ermission ['\"]?([a-zA-Z]+(?:\.[a-zA-Z]+){2,})['\"]?")


def permission_in(text: str) -> str | None:
    """The permission that Google's message names, e.g. run.services.get."""
    match = _NAMED.search(text)
    return match[1] if match else None
