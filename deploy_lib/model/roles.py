"""Which role holds a permission, and the command that grants it: one table for every refusal.

The narrowest predefined role (https://cloud.google.com/iam/docs/understanding-roles); a prefix stands for all
permissions that begin with it, the first match counts.
"""

from __future__ import annotations

INVOKER = "roles/run.invoker"
SECRET_ACCESSOR = "roles/secretmanager.secretAccessor"
IMAGE_READER = "roles/artifactregistry.reader"
IMAGE_WRITER = "roles/artifactregistry.writer"
READ_SECRETS = frozenset({SECRET_ACCESSOR, "roles/secretmanager.admin", "roles/owner"})
"""Predefined roles with secretmanager.versions.access (https://cloud.google.com/secret-manager/docs/access-control);
roles/editor and roles/viewer do not hold it."""
INVOKERS = frozenset({INVOKER, "roles/run.admin", "roles/run.developer", "roles/run.servicesInvoker"})
"""Predefined roles with run.routes.invoke (https://cloud.google.com/run/docs/reference/iam/roles)."""
ACT_AS = "iam.serviceAccounts.actAs"
OPEN_ID_TOKEN, ACCESS_TOKEN = "iam.serviceAccounts.getOpenIdToken", "iam.serviceAccounts.getAccessToken"
_ROLES = (
    ("run.services.setIamPolicy", "roles/run.admin"),
    ("run.services.create", "roles/run.developer"),
    ("run.services.update", "roles/run.developer"),
    ("run.services.delete", "roles/run.developer"),
    ("run.revisions.delete", "roles/run.developer"),
    ("run.routes.invoke", INVOKER),
    ("run.", "roles/run.viewer"),
    ("cloudbuild.builds.get", "roles/cloudbuild.builds.viewer"),
    ("cloudbuild.builds.list", "roles/cloudbuild.builds.viewer"),
    ("cloudbuild.", "roles/cloudbuild.builds.editor"),
    ("logging.logEntries.create", "roles/logging.logWriter"),
    ("logging.", "roles/logging.viewer"),
    ("monitoring.", "roles/monitoring.viewer"),
    ("secretmanager.versions.access", SECRET_ACCESSOR),
    ("secretmanager.", "roles/secretmanager.viewer"),
    ("storage.buckets.", "roles/storage.admin"),
    ("storage.objects.get", "roles/storage.objectViewer"),
    ("storage.objects.list", "roles/storage.objectViewer"),
    ("storage.", "roles/storage.objectAdmin"),
    ("artifactregistry.repositories.uploadArtifacts", IMAGE_WRITER),
    ("artifactregistry.", IMAGE_READER),
    (ACT_AS, "roles/iam.serviceAccountUser"),
    (OPEN_ID_TOKEN, "roles/iam.serviceAccountOpenIdTokenCreator"),
    (ACCESS_TOKEN, "roles/iam.serviceAccountTokenCreator"),
    ("serviceusage.", "roles/serviceusage.serviceUsageConsumer"),
)
BUILDS = "roles/cloudbuild.builds.builder"
"""What the accounts that build are given (https://cloud.google.com/build/docs/cloud-build-service-account)."""
_WIDE = {
    "storage.": ("roles/storage.admin", "roles/storage.objectAdmin", "roles/storage.objectUser", BUILDS),
    "artifactregistry.": ("roles/artifactregistry.admin", "roles/artifactregistry.repoAdmin", BUILDS, "roles/editor"),
    "logging.": ("roles/logging.admin", BUILDS, "roles/editor"),
    "secretmanager.versions.access": ("roles/secretmanager.admin",),
}
"""Further predefined roles that hold what an account that builds needs, by the beginning of the permission."""
EVERYBODY = ("allUsers", "allAuthenticatedUsers")
"""Members that stand for every account (https://cloud.google.com/iam/docs/principals-overview)."""
CALLER = "user:$(gcloud config get-value account)"
"""The account that is logged in to gcloud, where it is not known who was refused."""


def role_for(permission: str) -> str | None:
    """None for a permission of another kind: its roles are listed by Google's reference."""
    return next((role for prefix, role in _ROLES if permission.lower().startswith(prefix.lower())), None)


def roles_with(permission: str) -> frozenset[str]:
    """Predefined roles that hold it, as far as this table knows them."""
    wide = (role for prefix, roles in _WIDE.items() if permission.startswith(prefix) for role in roles)
    return frozenset(role for role in ("roles/owner", role_for(permission), *wide) if role)


def grant(project: str, account: str | None, permission: str, *, on_account: str | None = None) -> str:
    """The command for someone who may grant it; `on_account` is the account that the permission is about."""
    role = role_for(permission)
    if role is None:
        return f"# grant a role with {permission} (https://cloud.google.com/iam/docs/permissions-reference)"
    if on_account:
        target = f"gcloud iam service-accounts add-iam-policy-binding {on_account} --project={project}"
    else:
        target = f"gcloud projects add-iam-policy-binding {project}"
    return f"{target} --member={member(account)} --role={role}"


def grant_on_bucket(bucket: str, account: str | None, permission: str) -> str:
    """The command for someone who may grant it on that bucket alone."""
    command = f"gcloud storage buckets add-iam-policy-binding gs://{bucket}"
    return f"{command} --member={member(account)} --role={role_for(permission)}"


def grant_on_repository(repository: str, account: str | None, permission: str) -> str:
    """The same on one repository of images: projects/P/locations/L/repositories/R."""
    _, project, _, location, _, name = repository.split("/")
    command = f"gcloud artifacts repositories add-iam-policy-binding {name} --location={location} --project={project}"
    return f"{command} --member={member(account)} --role={role_for(permission)}"


def member(account: str | None) -> str:
    """Of an account's address or a principal, as the policies of IAM write it; quoted for a shell where it must be."""
    if account is None:
        return f'"{CALLER}"'
    if account.startswith(("principal://", "principalSet://")):
        return f'"{account}"'
    return f"serviceAccount:{account}" if account.endswith(".gserviceaccount.com") else f"user:{account}"
