"""What the jobs of a plan are given, and the accounts they run as: the same questions as of the service itself."""

from __future__ import annotations

from collections.abc import Iterable

from deploy_lib.drivers.contract.found import ContractFound
from deploy_lib.drivers.contract.secrets import SecretCheck
from deploy_lib.drivers.contract.variables import RESERVED_IN_JOBS
from deploy_lib.drivers.errors import ApiError
from deploy_lib.drivers.policy import Calls
from deploy_lib.drivers.project_access import ProjectAccess
from deploy_lib.model.codes import Code
from deploy_lib.model.findings import Finding, Severity
from deploy_lib.model.roles import ACT_AS, grant, name_of
from deploy_lib.model.service import Service
from deploy_lib.steps.variables import RunsContainer

_OF_PROJECT = ".iam.gserviceaccount.com"


def check_jobs(
    calls: Calls, service: Service, account: str | None, jobs: Iterable[RunsContainer], found: ContractFound
) -> None:
    """`account` is the one the service runs as; None when that is not known. Reads only."""
    accounts: dict[str, str] = {}
    for job in jobs:
        for name in [*job.env, *job.secrets]:
            if name in RESERVED_IN_JOBS:
                message = f"{job.step}: {name} is set by Cloud Run itself and may not be given"
                fix = f"take {name} out of the YAML"
                found.findings.append(Finding(Code.RESERVED_VARIABLE, Severity.ERROR, message, fix=fix))
        given = {f"{name} of {job.step}": secret for name, secret in job.secrets.items()}
        if job.account not in (None, account):
            inherited = {
                name: secret for name, secret in service.secrets.items() if not {name} & {*job.env, *job.secrets}
            }
            given |= {f"{name} of {job.step}": secret for name, secret in inherited.items()}
            accounts.setdefault(str(job.account), job.step)
        SecretCheck(calls, service.project, job.account or account, found).check(given)
    for each, step in accounts.items():
        _check_account(calls, service.project, each, step, found)


def _check_account(calls: Calls, project: str, account: str, step: str, found: ContractFound) -> None:
    """Whether it exists and the caller may start what runs as it; Cloud Run says so only when the job is made."""
    try:
        held = ProjectAccess(calls, project).held_on_account(account, [ACT_AS])
    except ApiError as error:
        found.unknown.append(f"whether {step} may run as {account}: {error.reason}")
        return
    problem = account_problem(step, account, held, project, calls.clients.principal)
    if problem is None:
        found.checked.append(f"{step} may run as {account}")
    else:
        found.findings.append(problem)


def account_problem(
    step: str, account: str, held: frozenset[str] | None, project: str, principal: str | None
) -> Finding | None:
    """`held` are the caller's permissions on the account; None where there is no such account."""
    if held is None:
        name, _, host = account.partition("@")
        fix = f"gcloud iam service-accounts create {name} --project={host.removesuffix(_OF_PROJECT)}"
        message = f"{step}: there is no service account {account}"
        return Finding(Code.ACCOUNT_MISSING, Severity.ERROR, message, fix=fix if host.endswith(_OF_PROJECT) else None)
    if ACT_AS in held:
        return None
    message = f"{step}: {name_of(principal, 'you')} may not act as {account} ({ACT_AS})"
    return Finding(
        Code.PERMISSION_DENIED, Severity.ERROR, message, fix=grant(project, principal, ACT_AS, on_account=account)
    )
