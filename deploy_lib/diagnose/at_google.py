"""What only Google can change: secrets, permissions, and revisions that are too many."""

from __future__ import annotations

from deploy_lib.diagnose.case import Case
from deploy_lib.model.cause_facts import RefusalFacts, SecretFacts
from deploy_lib.model.codes import Code
from deploy_lib.model.roles import (
    IMAGE_READER,
    IMAGE_WRITER,
    binding,
    grant,
    grant_on_secret,
    grant_on_service,
    member,
)


def secret(case: Case) -> list[str]:
    """Make it, give it a version, or let the account read it."""
    name = case.facts.secret if isinstance(case.facts, SecretFacts) else None
    if case.context.local or not name:
        return [
            f"# correct secrets: at {case.context.place('secrets')}, or make the secret and let the account read it"
        ]
    at = f"--project={case.project}"
    if case.cause.kind == Code.SECRET_MISSING:
        return [f"gcloud secrets create {name} {at} --replication-policy=automatic --data-file=-"]
    if case.cause.kind == Code.SECRET_NO_VERSION:
        versions = f"gcloud secrets versions list {name} {at}"
        return [versions, f"gcloud secrets versions add {name} {at} --data-file=-"]
    if case.account is None:
        return [f"# name service_account: at {case.context.place('service_account')}, then let it read {name}"]
    return [grant_on_secret(name, case.project, case.account)]


def permission(case: Case) -> list[str]:
    """To whom: the caller whom the platform refused, else the account that the application runs as."""
    facts = case.facts if isinstance(case.facts, RefusalFacts) else RefusalFacts()
    if case.context.local or not case.service:
        return ["# the local cloud refused this because it was set up to: a fault is set, or a secret has a policy"]
    if case.cause.kind == Code.FRONTEND_REFUSED:
        return [grant_on_service(case.cloud_run, case.where, case.service.invoke_as or case.evidence.caller)]
    if case.cause.kind == Code.IMAGE_NO_PERMISSION:
        agent = f"serviceAccount:service-{_number(case)}@serverless-robot-prod.iam.gserviceaccount.com"
        who = member(facts.account) if facts.account else f'"{agent}"'
        return [binding("projects", case.project, who, IMAGE_READER)]
    lacking = facts.permission or ""
    refused_here = facts.message is not None
    caller = facts.caller or (None if refused_here else case.account)
    if lacking.lower() == "iam.serviceaccounts.actas":
        return [grant(case.project, caller, lacking, on_account=facts.account)]
    return [grant(case.project, facts.account or caller, lacking)]


def delete_old_revisions(case: Case) -> str:
    """The oldest fifty; Cloud Run refuses to delete one that serves or has a tag."""
    names = f"gcloud run revisions list --service={case.cloud_run} {case.where}"
    oldest = "--sort-by=metadata.creationTimestamp --limit=50 --format='value(metadata.name)'"
    return f"{names} {oldest} | xargs -n 1 gcloud run revisions delete --quiet {case.where}"


def let_builds_push(case: Case) -> str:
    """For the account that builds run as where none is configured."""
    builder = f"{_number(case)}-compute@developer.gserviceaccount.com"
    return binding("projects", case.project, f'"serviceAccount:{builder}"', IMAGE_WRITER)


def _number(case: Case) -> str:
    return f"$(gcloud projects describe {case.project} --format='value(projectNumber)')"
