"""Whether our own requests will reach the service: said before anything is built, since every later step asks it.

The running service is asked once, as the steps will ask it. Only the answer of Google's front end counts: what the
service itself answers is the steps' matter.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from deploy_lib.drivers.contract.found import ContractFound
from deploy_lib.drivers.interface import DriverError
from deploy_lib.drivers.urls import HttpUrls
from deploy_lib.model.answers import Attempt
from deploy_lib.model.codes import Code
from deploy_lib.model.findings import Finding, Severity
from deploy_lib.model.release import Release
from deploy_lib.model.roles import INVOKER, member
from deploy_lib.model.service import Service
from deploy_lib.steps.responses import is_front_end

if TYPE_CHECKING:
    from google.cloud import run_v2

_FIRST = "the service will be private (public: is not set), and the steps could not ask it for want of a token: {why}"


def check_invocation(urls: HttpUrls, release: Release, service: run_v2.Service | None, found: ContractFound) -> None:
    """Adds what was found. Raises nothing."""
    if service is None or not service.uri:
        if not release.service.public and (problem := _no_tokens(urls, release.service)):
            message = _FIRST.format(why=problem.reason)
            found.findings.append(Finding(Code.FRONTEND_REFUSED, Severity.WARNING, message, fix=problem.remedy or None))
        return
    health = release.service.health
    answer = urls.ask(f"{service.uri.rstrip('/')}{health.path}", timeout=health.timeout)
    if answer.status in (health.status or ()) or not _refused(answer):
        found.checked.append("the service can be asked")
        return
    problem, account = urls.identity.problem, urls.identity.account
    if problem is not None:
        message = f"requests to the service are refused with {answer.status} and go without a token: {problem.reason}"
        fix = problem.remedy
    else:
        message = f"{account or 'the caller'} may not invoke the service: it answers {answer.status} to its token"
        fix = _grant(release.service, account)
    found.findings.append(Finding(Code.FRONTEND_REFUSED, Severity.ERROR, message, fix=fix or None))


def _refused(answer: Attempt) -> bool:
    return answer.status in (401, 403) and is_front_end(answer.excerpt)


def _no_tokens(urls: HttpUrls, service: Service) -> DriverError | None:
    """Why none can be made; the audience of a service that does not exist yet is not known, and none is sent."""
    try:
        urls.identity.tokens(f"https://{service.cloud_run}.invalid").token()
    except DriverError as problem:
        return problem
    return None


def _grant(service: Service, account: str | None) -> str:
    return (
        f"gcloud run services add-iam-policy-binding {service.cloud_run} --region={service.region} "
        f"--project={service.project} --member={member(account)} --role={INVOKER}"
    )
