"""The only place where effects start: each request goes to its driver."""

from __future__ import annotations

from typing import assert_never

from deploy_lib.drivers.interface import DriverError, Drivers, Source, Tell
from deploy_lib.model.answers import (
    ApprovalSeen,
    Built,
    CallFailed,
    CheckoutRead,
    ContractRead,
    ImportsChecked,
    JobSeen,
    Probed,
    RevisionCreated,
    SourceRead,
    Starting,
    TrafficMoved,
    TrafficVerified,
    Watched,
)
from deploy_lib.steps.approve import AskApproval
from deploy_lib.steps.build import BuildImage
from deploy_lib.steps.canary import CreateRevision, EndStart, LookAtStart
from deploy_lib.steps.compare import Compare
from deploy_lib.steps.config_contract import CheckContract
from deploy_lib.steps.git_clean import ReadCheckout
from deploy_lib.steps.image_contents import ReadSource
from deploy_lib.steps.import_check import CheckImports
from deploy_lib.steps.job import CancelJob, LookAtJob, RunJob
from deploy_lib.steps.probe import Probe
from deploy_lib.steps.promote import MoveTraffic, WatchUsers
from deploy_lib.steps.verify import VerifyTraffic

Request = (
    ReadCheckout
    | ReadSource
    | CheckContract
    | BuildImage
    | CheckImports
    | CreateRevision
    | LookAtStart
    | EndStart
    | RunJob
    | LookAtJob
    | CancelJob
    | AskApproval
    | Probe
    | Compare
    | MoveTraffic
    | WatchUsers
    | VerifyTraffic
)
"""What a step may ask, of any kind."""

Answer = (
    CheckoutRead
    | SourceRead
    | ContractRead
    | Built
    | ImportsChecked
    | Starting
    | RevisionCreated
    | JobSeen
    | ApprovalSeen
    | Probed
    | TrafficMoved
    | Watched
    | TrafficVerified
)
"""What its driver may say."""


def perform(request: Request, drivers: Drivers, tell: Tell) -> Answer | CallFailed:
    """The driver's answer; CallFailed when it could not find out. Raises Interrupted only."""
    try:
        return _ask(request, drivers, tell)
    except DriverError as problem:
        return CallFailed(
            problem.reason,
            problem.remedy,
            conflict=problem.conflict,
            evidence=problem.evidence,
            no_effect=problem.no_effect,
            busy=problem.busy,
        )


def read(request: ReadCheckout | ReadSource, source: Source) -> CheckoutRead | SourceRead:
    """What only the repository is needed for. Raises DriverError."""
    match request:
        case ReadCheckout():
            return source.read_checkout(request)
        case ReadSource():
            return source.read_source(request)
        case _:
            assert_never(request)


def _ask(request: Request, drivers: Drivers, tell: Tell) -> Answer:
    match request:
        case ReadCheckout() | ReadSource():
            return read(request, drivers.source)
        case CheckContract():
            return drivers.contract.check(request)
        case BuildImage():
            return drivers.builds.build(request, tell)
        case CheckImports():
            return drivers.builds.check_imports(request, tell)
        case CreateRevision():
            return drivers.services.create_revision(request, tell)
        case LookAtStart():
            return drivers.services.look_at_start(request, tell)
        case EndStart():
            return drivers.services.end_start(request, tell)
        case RunJob():
            return drivers.services.run_job(request, tell)
        case LookAtJob():
            return drivers.services.look_at_job(request, tell)
        case CancelJob():
            return drivers.services.cancel_job(request, tell)
        case AskApproval():
            return drivers.services.look_for_approval(request, tell)
        case Probe():
            return drivers.urls.probe(request, tell)
        case Compare():
            return drivers.urls.compare(request, tell)
        case MoveTraffic():
            return drivers.services.move_traffic(request, tell)
        case WatchUsers():
            return drivers.urls.watch(request, tell)
        case VerifyTraffic():
            return drivers.services.verify_traffic(request, tell)
        case _:
            assert_never(request)
