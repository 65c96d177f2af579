"""Which role lets an account do what was refused, and the command that grants it.

The narrowest predefined role that holds the permission (https://cloud.google.com/iam/docs/understanding-roles);
a prefix stands for all permissions that begin with it, the first match counts.
"""

from __future__ import annotations

import re

_ROLES = (
    ("run.services.setIamPolicy", "roles/run.admin"),
    ("run.services.create", "roles/run.developer"),
    ("run.services.update", "roles/run.developer"),
    ("run.services.delete", "roles/run.developer"),
    ("run.revisions.delete", "roles/run.developer"),
    ("run.", "roles/run.viewer"),
    ("cloudbuild.builds.get", "roles/cloudbuild.builds.viewer"),
    ("cloudbuild.builds.list", "roles/cloudbuild.builds.viewer"),
    ("cloudbuild.", "roles/cloudbuild.builds.editor"),
    ("logging.", "roles/logging.viewer"),
    ("monitoring.", "roles/monitoring.viewer"),
    ("secretmanager.versions.access", "roles/secretmanager.secretAccessor"),
    ("secretmanager.", "roles/secretmanager.viewer"),
    ("storage.buckets.create", "roles/storage.admin"),
    ("storage.objects.get", "roles/storage.objectViewer"),
    ("storage.objects.list", "roles/storage.objectViewer"),
    ("storage.", "roles/storage.objectAdmin"),
    ("artifactregistry.repositories.uploadArtifacts", "roles/artifactregistry.writer"),
    ("artifactregistry.", "roles/artifactregistry.reader"),
    ("iam.serviceaccounts.actAs", "roles/iam.serviceAccountUser"),
    ("serviceusage.", "roles/serviceusage.serviceUsageConsumer"),
)
NEEDED = {
    "get_service": "run.services.get",
    "list_services": "run.services.list",
    "create_service": "run.services.create",
    "update_service": "run.services.update",
    "get_revision": "run.revisions.get",
    "list_revisions": "run.revisions.list",
    "get_operation": "run.operations.get",
    "create_build": "cloudbuild.builds.create",
    "cancel_build": "cloudbuild.builds.update",
    "get_build": "cloudbuild.builds.get",
    "list_builds": "cloudbuild.builds.list",
    "get_object": "storage.objects.get",
    "put_object": "storage.objects.create",
    "get_bucket": "storage.buckets.list",
    "create_bucket": "storage.buckets.create",
    "list_log_entries": "logging.logEntries.list",
    "list_time_series": "monitoring.timeSeries.list",
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


def role_for(permission: str) -> str:
    return next((role for prefix, role in _ROLES if permission.lower().startswith(prefix.lower())), "roles/editor")


def grant(project: str, account: str | None, permission: str) -> str:
    """The command that lets the account do it, for someone who may."""
    return f"gcloud projects add-iam-policy-binding {project} --member={member(account)} --role={role_for(permission)}"


def member(account: str | None) -> str:
    if account is None:
        return "user:YOUR_ACCOUNT"
    return f"serviceAccount:{account}" if account.endswith(".gserviceaccount.com") else f"user:{account}"
