"""What a release needs of a project: APIs, accounts and permissions, in one table.

The command doctor asks for each, and docs/permissions.md is made from the same rows. Which permission a call needs:
https://cloud.google.com/run/docs/reference/iam/roles, https://cloud.google.com/build/docs/iam-roles-permissions,
https://cloud.google.com/logging/docs/access-control, https://cloud.google.com/monitoring/access-control,
https://cloud.google.com/secret-manager/docs/access-control, https://cloud.google.com/artifact-registry/docs/access-control,
https://cloud.google.com/storage/docs/access-control/iam-permissions.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass

from deploy_lib.model.roles import ACT_AS, OPEN_ID_TOKEN


class When(enum.StrEnum):
    """What of a plan makes a row count; the value is how documents say it."""

    ALWAYS = "every release"
    SERVICE = "every release of a service"
    BUILD = "Cloud Build builds (`build: {with: cloud_build}`)"
    BUILD_ACCOUNT = "`service_account` of the build step is set"
    HERE = "this machine builds (`build: {with: docker}` and others)"
    SECRETS = "the service is given secrets"
    REAL_SECRETS = "`import_check: {secrets: real}`"
    PUBLIC = "`public` is set"
    INVOKERS = "`invokers` is set"
    INVOKE_AS = "`invoke_as` is set"
    LOGIN = "a person's login (`gcloud auth application-default login`)"
    ON = "`deploy --on cloud-build`"
    GUARD = "`guard` is set"
    GUARD_ACCOUNT = "`service_account` of `guard` is set"
    JOB = "the plan has a `job` step, or is of a job"
    EXECUTION = "the plan has a `job` step, or is of a job with `run: true`"
    JOB_ACCOUNT = "`service_account` of a `job` step is set"
    PUBSUB = "`notify` has a `pubsub`"
    PRUNE = "`prune`"
    PRUNE_IMAGES = "`prune --images`"


class GrantedOn(enum.StrEnum):
    """What a permission is about, and where its role may be granted; the value is how documents say it."""

    PROJECT = "the project"
    SERVICE = "the service"
    SECRET = "each secret"
    BUCKET = "the build bucket"
    REPOSITORY = "the repository of images"
    RUNTIME = "the account the service, or the job, runs as"
    BUILDER = "the account that builds"
    GUARD = "the account of `guard`"
    ASKER = "the account of `invoke_as`"
    JOB = "the account a job runs as"


@dataclass(frozen=True, slots=True)
class Need:
    """One permission. `why` completes "needed to"."""

    permission: str
    on: GrantedOn
    why: str
    when: When = When.ALWAYS


@dataclass(frozen=True, slots=True)
class Api:
    """One API that must be enabled in the project."""

    name: str
    when: When = When.ALWAYS


APIS = (
    Api("run.googleapis.com"),
    Api("logging.googleapis.com", When.SERVICE),
    Api("logging.googleapis.com", When.EXECUTION),
    Api("monitoring.googleapis.com", When.SERVICE),
    Api("artifactregistry.googleapis.com"),
    Api("cloudbuild.googleapis.com", When.BUILD),
    Api("cloudbuild.googleapis.com", When.ON),
    Api("cloudbuild.googleapis.com", When.GUARD),
    Api("storage.googleapis.com"),
    Api("secretmanager.googleapis.com", When.SECRETS),
    Api("iamcredentials.googleapis.com", When.INVOKE_AS),
)

DEPLOYER = (
    Need("run.services.get", GrantedOn.SERVICE, "read what serves", When.SERVICE),
    Need(
        "run.services.create",
        GrantedOn.SERVICE,
        "make it at its first release, when only the project can grant this",
        When.SERVICE,
    ),
    Need("run.services.update", GrantedOn.SERVICE, "add a revision and move traffic", When.SERVICE),
    Need("run.services.setIamPolicy", GrantedOn.SERVICE, "let everybody call the service, or no longer", When.PUBLIC),
    Need("run.services.getIamPolicy", GrantedOn.SERVICE, "read who may call the service", When.INVOKERS),
    Need("run.services.setIamPolicy", GrantedOn.SERVICE, "change who may", When.INVOKERS),
    Need("run.revisions.get", GrantedOn.SERVICE, "see whether the candidate came up", When.SERVICE),
    Need("run.revisions.list", GrantedOn.SERVICE, "offer revisions to go back to", When.SERVICE),
    Need("serviceusage.services.use", GrantedOn.PROJECT, "have calls count for the project", When.LOGIN),
    Need("run.operations.get", GrantedOn.PROJECT, "read how a change ended"),
    Need("run.jobs.get", GrantedOn.PROJECT, "read the job", When.JOB),
    Need("run.jobs.create", GrantedOn.PROJECT, "make it", When.JOB),
    Need("run.jobs.update", GrantedOn.PROJECT, "give it the new image", When.JOB),
    Need("run.jobs.run", GrantedOn.PROJECT, "run it", When.EXECUTION),
    Need("run.executions.get", GrantedOn.PROJECT, "see how it goes", When.EXECUTION),
    Need("run.executions.list", GrantedOn.PROJECT, "find an execution again, and start no second", When.JOB),
    Need("run.executions.cancel", GrantedOn.PROJECT, "end one that is not wanted any more", When.EXECUTION),
    Need("run.tasks.list", GrantedOn.PROJECT, "read its exit code", When.EXECUTION),
    Need("logging.logEntries.list", GrantedOn.PROJECT, "read why a container ended, and users' requests", When.SERVICE),
    Need("logging.logEntries.list", GrantedOn.PROJECT, "read what the job wrote", When.EXECUTION),
    Need("monitoring.timeSeries.list", GrantedOn.PROJECT, "count users' requests where the log has none", When.SERVICE),
    Need("cloudbuild.builds.create", GrantedOn.PROJECT, "start a build", When.BUILD),
    Need("cloudbuild.builds.get", GrantedOn.PROJECT, "follow a build", When.BUILD),
    Need("cloudbuild.builds.list", GrantedOn.PROJECT, "find a build of the same commit", When.BUILD),
    Need("cloudbuild.builds.update", GrantedOn.PROJECT, "cancel a build", When.BUILD),
    Need("cloudbuild.builds.create", GrantedOn.PROJECT, "leave a guard", When.GUARD),
    Need("cloudbuild.builds.list", GrantedOn.PROJECT, "find the guard of a release", When.GUARD),
    Need("cloudbuild.builds.update", GrantedOn.PROJECT, "end the guard with the release", When.GUARD),
    Need("cloudbuild.builds.create", GrantedOn.PROJECT, "hand a release over", When.ON),
    Need("cloudbuild.builds.get", GrantedOn.PROJECT, "follow it", When.ON),
    Need("cloudbuild.builds.list", GrantedOn.PROJECT, "find it again", When.ON),
    Need("secretmanager.secrets.get", GrantedOn.SECRET, "look whether a secret is there", When.SECRETS),
    Need("secretmanager.versions.get", GrantedOn.SECRET, "look whether its version is enabled", When.SECRETS),
    Need("storage.objects.create", GrantedOn.BUCKET, "write the deploy lease, and upload the source"),
    Need("storage.objects.get", GrantedOn.BUCKET, "read who deploys, the build's log and what the check found"),
    Need("storage.objects.list", GrantedOn.BUCKET, "be told of what is absent, and not that it may not be read"),
    Need("storage.objects.delete", GrantedOn.BUCKET, "renew the deploy lease and end it"),
    Need("artifactregistry.repositories.downloadArtifacts", GrantedOn.REPOSITORY, "look up an image by its tag"),
    Need("artifactregistry.repositories.uploadArtifacts", GrantedOn.REPOSITORY, "push the image", When.HERE),
    Need(ACT_AS, GrantedOn.RUNTIME, "deploy revisions, or jobs, that run as it"),
    Need(ACT_AS, GrantedOn.JOB, "run jobs that run as it", When.JOB_ACCOUNT),
    Need(ACT_AS, GrantedOn.BUILDER, "start builds that run as it", When.BUILD_ACCOUNT),
    Need(ACT_AS, GrantedOn.GUARD, "leave a guard that runs as it", When.GUARD_ACCOUNT),
    Need(OPEN_ID_TOKEN, GrantedOn.ASKER, "ask the service in its name", When.INVOKE_AS),
)
"""Of whoever starts a release."""

NOTIFIER = (Need("pubsub.topics.publish", GrantedOn.PROJECT, "tell a topic of a release", When.PUBSUB),)
"""Of whoever starts a release that a topic is told of; no release fails for it, so the command doctor does not ask."""

PRUNER = (
    Need("run.services.get", GrantedOn.SERVICE, "read what serves, and what releases name", When.PRUNE),
    Need("run.revisions.list", GrantedOn.SERVICE, "list revisions", When.PRUNE),
    Need("run.revisions.delete", GrantedOn.SERVICE, "delete them, with `--yes`", When.PRUNE),
    Need("run.operations.get", GrantedOn.PROJECT, "read how a deletion ended", When.PRUNE),
    Need("storage.objects.get", GrantedOn.BUCKET, "read who deploys", When.PRUNE),
    Need("artifactregistry.dockerimages.list", GrantedOn.REPOSITORY, "list images", When.PRUNE_IMAGES),
    Need("artifactregistry.versions.delete", GrantedOn.REPOSITORY, "delete them, with `--yes`", When.PRUNE_IMAGES),
)
"""Of whoever deletes what no release needs any more: not of a release, so the command doctor does not ask for it."""

BUILDER = (
    Need("storage.objects.get", GrantedOn.BUCKET, "fetch the source", When.BUILD),
    Need("storage.objects.create", GrantedOn.BUCKET, "write the log and what the check found", When.BUILD),
    Need("artifactregistry.repositories.uploadArtifacts", GrantedOn.REPOSITORY, "push the image", When.BUILD),
    Need("logging.logEntries.create", GrantedOn.PROJECT, "write its log to Cloud Logging", When.BUILD),
    Need("secretmanager.versions.access", GrantedOn.SECRET, "import the service with its secrets", When.REAL_SECRETS),
)
"""Of the account that Cloud Build builds as."""

GUARD = (
    Need("storage.objects.get", GrantedOn.BUCKET, "fetch the tool, and see whether the lease is renewed", When.GUARD),
    Need("storage.objects.list", GrantedOn.BUCKET, "be told that there is no lease", When.GUARD),
    Need("storage.objects.create", GrantedOn.BUCKET, "write its log, and take the lease", When.GUARD),
    Need("storage.objects.delete", GrantedOn.BUCKET, "take the lease over, and end it", When.GUARD),
    Need("run.services.get", GrantedOn.SERVICE, "read the record of the release", When.GUARD),
    Need("run.services.update", GrantedOn.SERVICE, "put the traffic back", When.GUARD),
    Need("run.revisions.get", GrantedOn.SERVICE, "see whether what served before still can", When.GUARD),
    Need("run.revisions.list", GrantedOn.SERVICE, "see what there is", When.GUARD),
    Need("run.operations.get", GrantedOn.PROJECT, "read how the change ended", When.GUARD),
    Need(ACT_AS, GrantedOn.RUNTIME, "change a service that runs as it", When.GUARD),
)
"""Of the account that `guard` runs as."""

RUNTIME = (Need("secretmanager.versions.access", GrantedOn.SECRET, "read its secrets when it starts", When.SECRETS),)
"""Of the account that the service runs as."""


def needed(rows: Iterable[Need], on: GrantedOn, when: frozenset[When]) -> tuple[Need, ...]:
    """Those of one place that count where all of `when` is so, in the table's order; each permission once."""
    found = {row.permission: row for row in [*rows][::-1] if row.on is on and row.when in when}
    return tuple(found.values())[::-1]


def apis(when: frozenset[When]) -> tuple[str, ...]:
    """The names of those that count where all of `when` is so."""
    return tuple(dict.fromkeys(api.name for api in APIS if api.when in when))
