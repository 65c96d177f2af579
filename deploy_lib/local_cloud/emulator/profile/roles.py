"""Which permission each call needs, and which permissions each role holds. Pure.

Roles: https://cloud.google.com/iam/docs/roles-permissions; permissions of a method: the pages on access control of
Cloud Run, Cloud Build, Logging, Monitoring, Secret Manager and Storage. A role that is not here holds nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase

_RUN, _BUILD = "google.cloud.run.v2", "google.devtools.cloudbuild.v1.CloudBuild"
_SECRETS = "google.cloud.secretmanager.v1.SecretManagerService"
_LOGGING, _MONITORING = "google.logging.v2.LoggingServiceV2", "google.monitoring.v3.MetricService"

NEEDED = {
    f"{_RUN}.Services/CreateService": "run.services.create",
    f"{_RUN}.Services/GetService": "run.services.get",
    f"{_RUN}.Services/ListServices": "run.services.list",
    f"{_RUN}.Services/UpdateService": "run.services.update",
    f"{_RUN}.Services/DeleteService": "run.services.delete",
    f"{_RUN}.Services/GetIamPolicy": "run.services.getIamPolicy",
    f"{_RUN}.Services/SetIamPolicy": "run.services.setIamPolicy",
    f"{_RUN}.Revisions/GetRevision": "run.revisions.get",
    f"{_RUN}.Revisions/ListRevisions": "run.revisions.list",
    f"{_RUN}.Revisions/DeleteRevision": "run.revisions.delete",
    f"{_RUN}.Jobs/CreateJob": "run.jobs.create",
    f"{_RUN}.Jobs/GetJob": "run.jobs.get",
    f"{_RUN}.Jobs/ListJobs": "run.jobs.list",
    f"{_RUN}.Jobs/UpdateJob": "run.jobs.update",
    f"{_RUN}.Jobs/DeleteJob": "run.jobs.delete",
    f"{_RUN}.Jobs/RunJob": "run.jobs.run",
    f"{_RUN}.Jobs/GetIamPolicy": "run.jobs.getIamPolicy",
    f"{_RUN}.Jobs/SetIamPolicy": "run.jobs.setIamPolicy",
    f"{_RUN}.Executions/GetExecution": "run.executions.get",
    f"{_RUN}.Executions/ListExecutions": "run.executions.list",
    f"{_RUN}.Executions/DeleteExecution": "run.executions.delete",
    f"{_RUN}.Executions/CancelExecution": "run.executions.cancel",
    f"{_RUN}.Tasks/GetTask": "run.tasks.get",
    f"{_RUN}.Tasks/ListTasks": "run.tasks.list",
    f"{_BUILD}/CreateBuild": "cloudbuild.builds.create",
    f"{_BUILD}/GetBuild": "cloudbuild.builds.get",
    f"{_BUILD}/ListBuilds": "cloudbuild.builds.list",
    f"{_BUILD}/CancelBuild": "cloudbuild.builds.update",
    f"{_LOGGING}/ListLogEntries": "logging.logEntries.list",
    f"{_LOGGING}/WriteLogEntries": "logging.logEntries.create",
    f"{_LOGGING}/ListLogs": "logging.logs.list",
    f"{_MONITORING}/ListTimeSeries": "monitoring.timeSeries.list",
    f"{_SECRETS}/CreateSecret": "secretmanager.secrets.create",
    f"{_SECRETS}/UpdateSecret": "secretmanager.secrets.update",
    f"{_SECRETS}/GetSecret": "secretmanager.secrets.get",
    f"{_SECRETS}/ListSecrets": "secretmanager.secrets.list",
    f"{_SECRETS}/DeleteSecret": "secretmanager.secrets.delete",
    f"{_SECRETS}/AddSecretVersion": "secretmanager.versions.add",
    f"{_SECRETS}/GetSecretVersion": "secretmanager.versions.get",
    f"{_SECRETS}/ListSecretVersions": "secretmanager.versions.list",
    f"{_SECRETS}/AccessSecretVersion": "secretmanager.versions.access",
    f"{_SECRETS}/EnableSecretVersion": "secretmanager.versions.enable",
    f"{_SECRETS}/DisableSecretVersion": "secretmanager.versions.disable",
    f"{_SECRETS}/DestroySecretVersion": "secretmanager.versions.destroy",
    f"{_SECRETS}/GetIamPolicy": "secretmanager.secrets.getIamPolicy",
    f"{_SECRETS}/SetIamPolicy": "secretmanager.secrets.setIamPolicy",
    "storage.buckets.get": "storage.buckets.get",
    "storage.buckets.insert": "storage.buckets.create",
    "storage.buckets.list": "storage.buckets.list",
    "storage.buckets.delete": "storage.buckets.delete",
    "storage.objects.get": "storage.objects.get",
    "storage.objects.insert": "storage.objects.create",
    "storage.objects.list": "storage.objects.list",
    "storage.objects.delete": "storage.objects.delete",
}
"""By method. What is not here needs no permission, such as the operation that a caller began."""

SET_POLICY, ACT_AS, INVOKE = "run.services.setIamPolicy", "iam.serviceaccounts.actAs", "run.routes.invoke"
GET_ACCESS_TOKEN, GET_ID_TOKEN = "iam.serviceAccounts.getAccessToken", "iam.serviceAccounts.getOpenIdToken"
PUSH, READ_OBJECT = "artifactregistry.repositories.uploadArtifacts", "storage.objects.get"
USE_QUOTAS = "serviceusage.services.use"
WRITE_OBJECT, WRITE_LOG = "storage.objects.create", "logging.logEntries.create"

_JOBS = ("run.jobs.*", "run.executions.*", "run.tasks.*")
_HELD: dict[str, tuple[str, ...]] = {
    "roles/owner": ("*",),
    "roles/editor": ("run.services.create", "run.services.get", "run.services.list", "run.services.update",
                     "run.services.delete", "run.revisions.*", *_JOBS, "cloudbuild.*",
                     "logging.logEntries.*", "logging.logs.*", "monitoring.*", "storage.*",
                     "artifactregistry.*", "secretmanager.*.get", "secretmanager.*.list",
                     USE_QUOTAS, ACT_AS),
    "roles/viewer": ("run.*.get", "run.*.list", "run.*.getIamPolicy", "cloudbuild.*.get", "cloudbuild.*.list",
                     "logging.*.list", "monitoring.*.list", "secretmanager.*.get", "secretmanager.*.list"),
    "roles/run.admin": ("run.*",),
    "roles/run.developer": ("run.services.create", "run.services.get", "run.services.list", "run.services.update",
                            "run.services.delete", "run.services.getIamPolicy", "run.revisions.*", "run.operations.*",
                            *_JOBS,
                            INVOKE),
    "roles/run.viewer": ("run.*.get", "run.*.list", "run.*.getIamPolicy"),
    "roles/run.invoker": (INVOKE,),
    "roles/cloudbuild.builds.editor": ("cloudbuild.builds.*",),
    "roles/cloudbuild.builds.viewer": ("cloudbuild.builds.get", "cloudbuild.builds.list"),
    "roles/logging.viewer": ("logging.logEntries.list", "logging.logs.list"),
    "roles/logging.logWriter": ("logging.logEntries.create",),
    "roles/monitoring.viewer": ("monitoring.*.list", "monitoring.*.get"),
    "roles/secretmanager.admin": ("secretmanager.*",),
    "roles/secretmanager.viewer": ("secretmanager.*.get", "secretmanager.*.list", "secretmanager.*.getIamPolicy"),
    "roles/secretmanager.secretAccessor": ("secretmanager.versions.access",),
    "roles/storage.admin": ("storage.*",),
    "roles/storage.objectAdmin": ("storage.objects.*",),
    "roles/storage.objectViewer": ("storage.objects.get", "storage.objects.list"),
    "roles/artifactregistry.writer": (PUSH, "artifactregistry.repositories.downloadArtifacts"),
    "roles/artifactregistry.reader": ("artifactregistry.repositories.downloadArtifacts",),
    "roles/iam.serviceAccountUser": (ACT_AS,),
    "roles/iam.serviceAccountTokenCreator": (GET_ACCESS_TOKEN, GET_ID_TOKEN),
    "roles/iam.serviceAccountOpenIdTokenCreator": (GET_ID_TOKEN,),
    "roles/serviceusage.serviceUsageConsumer": (USE_QUOTAS,),
    "roles/iam.workloadIdentityUser": (GET_ACCESS_TOKEN, GET_ID_TOKEN),
}  # fmt: skip


def holds(roles: Iterable[str], permission: str) -> bool:
    """Permissions are told in two ways of writing: iam.serviceAccounts.actAs, iam.serviceaccounts.actAs."""
    asked = permission.lower()
    return any(fnmatchcase(asked, pattern.lower()) for role in roles for pattern in _HELD.get(role, ()))


def is_known(role: str) -> bool:
    return role in _HELD
