"""The driver of the step config_contract: everything that can be known wrong before an image is built.

Cloud Run itself is asked as well: the candidate's template is sent with validate_only, which changes nothing and
tells what would be refused. It carries the image that serves now, since the new one does not exist yet.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from deploy_lib.drivers.clients import Clients
from deploy_lib.drivers.contract import listening, variables
from deploy_lib.drivers.contract.exposure import SET_POLICY, check_exposure
from deploy_lib.drivers.contract.found import ContractFound
from deploy_lib.drivers.contract.invocation import check_invocation
from deploy_lib.drivers.contract.jobs import check_jobs
from deploy_lib.drivers.contract.secrets import SecretCheck
from deploy_lib.drivers.errors import ApiError
from deploy_lib.drivers.interface import Clock, DriverError
from deploy_lib.drivers.policy import Calls
from deploy_lib.drivers.services import invokers
from deploy_lib.drivers.services.api import RunApi
from deploy_lib.drivers.services.job_api import JobApi
from deploy_lib.drivers.services.names import revision_name
from deploy_lib.drivers.services.template import base, main_container, merged
from deploy_lib.drivers.status_code import StatusCode
from deploy_lib.drivers.urls import HttpUrls
from deploy_lib.model.answers import ContractRead
from deploy_lib.model.codes import Code
from deploy_lib.model.findings import Finding, Severity
from deploy_lib.model.release import Release
from deploy_lib.model.service import DEFAULT_PORT
from deploy_lib.source.entrypoint import start_of, with_environment
from deploy_lib.source.model import ImageContents
from deploy_lib.steps.config_contract import CheckContract

if TYPE_CHECKING:
    from google.cloud import run_v2


class CloudContract:
    """`contents` predicts the release's image, where it can be known; `urls` asks the service as the steps will.

    Raises DriverError when nothing can be read.
    """

    def __init__(
        self,
        clients: Clients,
        clock: Clock,
        contents: Callable[[Release], ImageContents | None],
        urls: HttpUrls,
    ) -> None:
        self._calls, self._urls = Calls(clients, clock), urls
        self._api, self._jobs = RunApi(self._calls), JobApi(self._calls)
        self._contents = contents

    def check(self, request: CheckContract) -> ContractRead:
        """What the service's settings lack in the project; `unknown` says what could not be found out. Reads only."""
        release = request.release
        found, path = ContractFound(), release.service.path
        is_job = release.service.job is not None
        service = None if is_job else self._api.service(path)
        job = self._jobs.job(path) if is_job else None
        template = job.template.template if job is not None else service.template if service is not None else None
        running = _variables(template)
        found.findings += variables.check(release.service, request.settings.required, running)
        found.checked.append("variables")
        if request.settings.required:
            found.checked.append(f"{', '.join(request.settings.required)} required")
        account = release.service.service_account or (template.service_account if template is not None else "") or None
        if secrets := release.service.all_secrets:
            SecretCheck(self._calls, release.service.project, account, found).check(secrets)
        check_jobs(self._calls, release.service, account, request.settings.runs, found)
        if not is_job:
            self._check_port(release, service, found)
        if not any(each.code == Code.RESERVED_VARIABLE for each in found.findings):
            self._ask_cloud_run(release, service, found)
        check_invocation(self._urls, release, service, request.settings.asks, found)
        check_exposure(
            release.service,
            service,
            lambda: invokers.read(self._api, path),
            lambda: self._api.permitted(path, [SET_POLICY]),
            found,
        )
        return found.answer()

    def _check_port(self, release: Release, service: run_v2.Service | None, found: ContractFound) -> None:
        try:
            contents = self._contents(release)
            contents = with_environment(contents, start_of(release.service)) if contents is not None else None
        except DriverError as problem:
            found.unknown.append(f"where the server listens: {problem.reason}")
            return
        if contents is None or not contents.command:
            return
        container = main_container(service.template) if service is not None else None
        ports = container.ports if container is not None else []
        port = release.service.port or (ports[0].container_port if ports else DEFAULT_PORT)
        found.findings += listening.check(contents, port)
        found.checked.append(f"port {port}")

    def _ask_cloud_run(self, release: Release, service: run_v2.Service | None, found: ContractFound) -> None:
        container = main_container(service.template) if service is not None else None
        if service is None or container is None or not container.image:
            return  # creating a service cannot be tried without an image that exists
        template = merged(base(service, None), replace(release, image=container.image))
        template.revision = revision_name(release.service.cloud_run, release.commit, template)
        service.template = template
        try:
            self._api.validate(service)
        except ApiError as error:
            if error.code in (
                StatusCode.INVALID_ARGUMENT,
                StatusCode.FAILED_PRECONDITION,
                StatusCode.PERMISSION_DENIED,
            ):
                code = (
                    Code.PERMISSION_DENIED if error.code is StatusCode.PERMISSION_DENIED else Code.REFUSED_BY_CLOUD_RUN
                )
                found.findings.append(Finding(code, Severity.ERROR, error.reason, fix=error.remedy or None))
            else:
                found.unknown.append(error.reason)
            return
        found.checked.append("Cloud Run would take the settings")


def _variables(template: run_v2.RevisionTemplate | run_v2.TaskTemplate | None) -> dict[str, str]:
    """Those of what runs: "plain" or "secret" by name."""
    container = main_container(template) if template is not None else None
    if container is None:
        return {}
    return {each.name: "secret" if "value_source" in each else "plain" for each in container.env}
