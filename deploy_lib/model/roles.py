"""Which role holds a permission, and the command that grants it: one table for every refusal.

The narrowest predefined role (https://cloud.google.com/iam/docs/understanding-roles); a prefix stands for all
permissions that begin with it, the first match counts.
"""

from __future__ import annotations

import re

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
    ("run.jobs.create", "roles/run.developer"),
    ("run.jobs.update", "roles/run.developer"),
    ("run.jobs.run", "roles/run.developer"),
    ("run.executions.cancel", "roles/run.developer"),
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
    ("pubsub.topics.publish", "roles/pubsub.publisher"),
    ("artifactregistry.versions.delete", "roles/artifactregistry.repoAdmin"),
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
_WIDER = {
    "roles/run.viewer": ("roles/run.developer", "roles/run.admin"),
    "roles/run.developer": ("roles/run.admin",),
    "roles/cloudbuild.builds.viewer": ("roles/cloudbuild.builds.editor",),
    "roles/logging.viewer": ("roles/logging.admin",),
    IMAGE_READER: (IMAGE_WRITER,),
}
"""Predefined roles that hold all of a narrower one (https://cloud.google.com/run/docs/reference/iam/roles,
https://cloud.google.com/build/docs/iam-roles-permissions, https://cloud.google.com/logging/docs/access-control)."""
EVERYBODY = ("allUsers", "allAuthenticatedUsers")
"""Members that stand for every account (https://cloud.google.com/iam/docs/principals-overview)."""
CALLER = "user:$(gcloud config get-value account)"
"""The account that is logged in to gcloud, where it is not known who was refused."""

_POOL = re.compile(r"principalSet://.*/([^/]+)/\*")
"""Everybody of one pool of federated identities."""


def role_for(permission: str) -> str | None:
    """None for a permission of another kind: its roles are listed by Google's reference."""
    return next((role for prefix, role in _ROLES if permission.lower().startswith(prefix.lower())), None)


def roles_with(permission: str) -> frozenset[str]:
    """Predefined roles that hold it, as far as this table knows them."""
    wide = (role for prefix, roles in _WIDE.items() if permission.startswith(prefix) for role in roles)
    narrow = role_for(permission)
    return frozenset(role for role in ("roles/owner", narrow, *_WIDER.get(narrow or "", ()), *wide) if role)


def grant(project: str, account: str | None, permission: str, *, on_account: str | None = None) -> str:
    """The command for someone who may grant it; `on_account` is the account that the permission is about.

    `project` may be empty for an account whose address does not tell it: gcloud finds an account by its address.
    """
    role = role_for(permission)
    if role is None:
        return f"# grant a role with {permission} (https://cloud.google.com/iam/docs/permissions-reference)"
    if on_account:
        where = f" --project={project}" if project else ""
        return binding("iam service-accounts", f"{on_account}{where}", member(account), role)
    return binding("projects", project, member(account), role)


def grant_on_bucket(bucket: str, account: str | None, permission: str) -> str:
    """The command for someone who may grant it on that bucket alone."""
    return binding("storage buckets", f"gs://{bucket}", member(account), role_for(permission))


def grant_on_repository(repository: str, account: str | None, permission: str) -> str:
    """The same on one repository of images: projects/P/locations/L/repositories/R."""
    _, project, _, location, _, name = repository.split("/")
    where = f"{name} --location={location} --project={project}"
    return binding("artifacts repositories", where, member(account), role_for(permission))


def grant_on_service(service: str, where: str, account: str | None) -> str:
    """That the account may invoke one service of Cloud Run; `where` are the flags of its region and project."""
    return binding("run services", f"{service} {where}", member(account), INVOKER)


def grant_on_secret(secret: str, project: str, account: str | None) -> str:
    """That the account may read one secret."""
    return binding("secrets", f"{secret} --project={project}", member(account), SECRET_ACCESSOR)


def binding(kind: str, resource: str, to: str, role: str | None) -> str:
    """`resource` with the flags that place it; `to` is a member, quoted where a shell needs it.

    Without a word on conditions gcloud asks for one where the policy has any, and fails where nobody can answer.
    """
    note = "  # to every identity of the pool" if _POOL.search(to) else ""
    return f"gcloud {kind} add-iam-policy-binding {resource} --member={to} --role={role} --condition=None{note}"


def name_of(account: str | None, otherwise: str) -> str:
    """Of an account's address or a principal, for a sentence; `otherwise` where it is not known."""
    pool = _POOL.search(account or "")
    return f"a federated identity of {pool[1]}" if pool else account or otherwise


def member(account: str | None) -> str:
    """Of an account's address or a principal, as the policies of IAM write it; quoted for a shell where it must be."""
    if account is None:
        return f'"{CALLER}"'
    if account.startswith(("principal://", "principalSet://")):
        return f'"{account}"'
    return f"serviceAccount:{account}" if account.endswith(".gserviceaccount.com") else f"user:{account}"
