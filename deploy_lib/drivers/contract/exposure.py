"""What a release will change of who reaches the service: told before anything is built, with what it needs for it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

from deploy_lib.drivers.contract.found import ContractFound
from deploy_lib.drivers.interface import DriverError
from deploy_lib.drivers.services import exposure
from deploy_lib.model.codes import Code
from deploy_lib.model.exposure import INVOKERS, WHEN, differing, opens
from deploy_lib.model.findings import Finding, Severity
from deploy_lib.model.roles import grant
from deploy_lib.model.service import Service

if TYPE_CHECKING:
    from google.cloud import run_v2

SET_POLICY = "run.services.setIamPolicy"


def check_exposure(
    wanted: Service,
    service: run_v2.Service | None,
    let_in: Callable[[], Collection[str]],
    permitted: Callable[[], Collection[str]],
    found: ContractFound,
) -> None:
    """Adds what was found; `let_in` are the service's invokers now, `permitted` what of SET_POLICY the caller has.

    They raise DriverError where that cannot be read, and are asked only of a service that is there.
    """
    if service is None:
        return
    changes = dict(exposure.changes(service, wanted.exposure))
    try:
        if wanted.exposure.invokers is not None:
            changes |= differing({INVOKERS: sorted(let_in())}, {INVOKERS: sorted(wanted.exposure.invokers)})
        if {INVOKERS, "public"} & {*changes} and SET_POLICY not in permitted():
            message = f"who may call {wanted.cloud_run} is to change, and you lack {SET_POLICY}"
            fix = f"let someone who may grant it: {grant(wanted.project, None, SET_POLICY)}"
            found.findings.append(Finding(Code.PERMISSION_DENIED, Severity.ERROR, message, fix=fix))
    except DriverError as problem:
        found.unknown.append(problem.reason)
    if opened := opens(changes):
        found.findings.append(Finding(Code.OPENS_SERVICE, Severity.WARNING, f"{opened}, {WHEN}"))
