"""What the run needs of the world: one small protocol per world, and the record that carries them all.

Every method answers with a value of `model.answers`. A driver that cannot find out raises DriverError, which says
why in a whole clause and what to do about it; no other exception leaves a driver, except Interrupted from the clock.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:  # the command check needs one name of this file, and would spend a tenth of its time on the rest
    from deploy_lib.model import answers, requests
    from deploy_lib.model.evidence import Evidence
    from deploy_lib.model.service import Service
    from deploy_lib.model.serving import Serving
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


class DriverError(Exception):
    """The effect could not be made, or its result not be learned. `conflict`: someone else changed the service.

    `evidence` is what a diagnosis can read of a refusal; None where there was none. `no_effect`: surely nothing was
    changed, so there is nothing to take back. `may_pass_within`: seconds in
    which the same may succeed; 0 where asking again cannot help.
    """

    evidence: Evidence | None = None
    no_effect = False
    busy = False  # somebody else deploys this service
    may_pass_within = 0.0

    def __init__(self, reason: str, remedy: str = "", *, conflict: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.remedy = remedy
        self.conflict = conflict

    @property
    def with_remedy(self) -> str:
        """The reason, and what to do about it."""
        return f"{self.reason} ({self.remedy})" if self.remedy else self.reason


class Interrupted(Exception):
    """The user, or the CI system, asked to stop. Raised by the clock only, so every wait ends at once."""

    def __init__(self, by: str = "SIGINT") -> None:
        super().__init__(by)
        self.by = by


class Recalled(Interrupted):
    """Not a person, but the rest of its group ends what one release waits for."""


Tell = Callable[[str], None]
"""Takes one line of progress for the person who waits."""


class Clock(Protocol):
    """The only source of time; what sleeps on it can be asked to stop."""

    def now(self) -> datetime: ...  # UTC, aware
    def monotonic(self) -> float: ...  # seconds
    def sleep(self, seconds: float) -> None: ...  # raises Interrupted at once when asked to stop


class Source(Protocol):
    """The repository: git and what follows from it."""

    def read_checkout(self, request: ReadCheckout) -> answers.CheckoutRead: ...
    def read_source(self, request: ReadSource) -> answers.SourceRead: ...


class Contract(Protocol):
    """Ports, variables, secrets and accounts."""

    def check(self, request: CheckContract) -> answers.ContractRead: ...


class Builds(Protocol):
    """Images: built, checked, pushed, found again."""

    def build(self, request: BuildImage, tell: Tell) -> answers.Built: ...
    def check_imports(self, request: CheckImports, tell: Tell) -> answers.ImportsChecked: ...
    def under_way(self, request: BuildImage) -> answers.LeaseTaken: ...  # who builds the service; reads only


class Guards(Protocol):
    """Who puts the traffic back when this client dies."""

    def leave(self, request: requests.LeaveGuard, tell: Tell) -> None: ...  # nothing where one watches already
    def end(self, request: requests.LeaveGuard) -> None: ...


class ServiceLeases(Protocol):
    """Who deploys a service."""

    def take_lease(self, request: requests.TakeLease) -> answers.LeaseTaken: ...
    def who_deploys(self, service: Service) -> answers.LeaseTaken: ...  # `taken`: no other deployer; reads only
    def taken_over(self, service: Service) -> str: ...  # by whom, while this process held it; empty: it is still ours
    def end_lease(self, request: requests.EndLease) -> answers.LeaseEnded: ...


class ServiceTraffic(Protocol):
    """Which revisions users reach."""

    def read_serving(self, service: Service) -> Serving: ...
    def move_traffic(self, request: MoveTraffic, tell: Tell) -> answers.TrafficMoved: ...
    def verify_traffic(self, request: VerifyTraffic, tell: Tell) -> answers.TrafficVerified: ...
    def restore(self, request: requests.RestoreTraffic, tell: Tell) -> answers.Restored: ...


class ServiceRevisions(Protocol):
    """The candidate: made, looked at until it has started, and why it has not."""

    def create_revision(self, request: CreateRevision, tell: Tell) -> answers.Starting: ...
    def look_at_start(self, request: LookAtStart, tell: Tell) -> answers.Starting: ...
    def end_start(self, request: EndStart, tell: Tell) -> answers.RevisionCreated: ...
    def read_evidence(self, request: requests.ReadEvidence) -> Evidence: ...


class ServiceJobs(Protocol):
    """One command with the new image."""

    def run_job(self, request: RunJob, tell: Tell) -> answers.JobSeen: ...
    def look_at_job(self, request: LookAtJob, tell: Tell) -> answers.JobSeen: ...
    def cancel_job(self, request: CancelJob, tell: Tell) -> answers.JobSeen: ...


class Services(ServiceLeases, ServiceTraffic, ServiceRevisions, ServiceJobs, Protocol):
    """Cloud Run, as a release needs it. What serves or undoes one thing takes the part of it that it uses."""

    def look_for_approval(self, request: AskApproval, tell: Tell) -> answers.ApprovalSeen: ...
    def record_passed(self, request: MoveTraffic) -> None: ...  # a share of the users, in the service's record
    def give_up(self, tell: Tell) -> None: ...  # what a step began and would go on by itself is ended


class Urls(Protocol):
    """The candidate and the stable revision, asked over HTTP. Each method is one look."""

    def probe(self, request: Probe, tell: Tell) -> answers.Probed: ...
    def compare(self, request: Compare, tell: Tell) -> answers.Watched: ...
    def watch(self, request: WatchUsers, tell: Tell) -> answers.Watched: ...
    def rest(self) -> None: ...  # nothing goes on any more between two looks


@dataclass(frozen=True, slots=True)
class Drivers:
    """Everything a run may touch."""

    clock: Clock
    source: Source
    contract: Contract
    builds: Builds
    services: Services
    urls: Urls
    guards: Guards
