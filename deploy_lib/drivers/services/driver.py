"""The driver for Cloud Run: one method per request, each made in its own file.

What makes and watches a new revision brings the whole diagnosis along, so it is imported on its first use: neither a
rollback nor a status needs it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from deploy_lib.drivers.clients import Clients
from deploy_lib.drivers.interface import Clock, DriverError, Tell
from deploy_lib.drivers.lean_import import RUN_CLIENT, import_lean
from deploy_lib.drivers.policy import Calls
from deploy_lib.drivers.project_log import ProjectLog
from deploy_lib.drivers.services import acquire_lease, approvals, end_lease, hold, service_state, unpin
from deploy_lib.drivers.services.api import RunApi
from deploy_lib.drivers.services.context import CandidateWatch, ServiceContext, UrlClient
from deploy_lib.drivers.services.knative import KnativeApi
from deploy_lib.drivers.services.lease_objects import LeaseObjects
from deploy_lib.drivers.services.leases import Leases
from deploy_lib.drivers.services.move_traffic import move_traffic
from deploy_lib.drivers.services.other_leases import OtherLeases
from deploy_lib.drivers.services.preview import preview
from deploy_lib.drivers.services.restore_traffic import restore_traffic
from deploy_lib.drivers.services.service_writer import ServiceWriter
from deploy_lib.drivers.services.temporary_tag import temporary_url
from deploy_lib.drivers.services.verify_serving import verify_serving
from deploy_lib.model import answers, requests
from deploy_lib.model.approval import Approval, ApprovalAsked
from deploy_lib.model.evidence import Evidence
from deploy_lib.model.release import Release
from deploy_lib.model.service import Service
from deploy_lib.model.serving import Serving
from deploy_lib.model.state import RevisionPreview, ServiceState

if TYPE_CHECKING:
    from deploy_lib.drivers.services.candidate import Candidate
    from deploy_lib.drivers.services.running_job import RunningJob
    from deploy_lib.drivers.services.startup_observer import StartupObserver
    from deploy_lib.steps.approve import AskApproval
    from deploy_lib.steps.canary import CreateRevision, EndStart, LookAtStart
    from deploy_lib.steps.job import CancelJob, LookAtJob, RunJob
    from deploy_lib.steps.promote import MoveTraffic
    from deploy_lib.steps.verify import VerifyTraffic


class CloudRunServices:
    """Keeps the leases it takes: take and end a lease with the same object. Close it when done.

    `urls` makes the requests to the service itself, `watch` tells how the candidate does, `logs` reads the
    project's. Every method raises DriverError, and Interrupted from the clock.
    """

    def __init__(
        self, clients: Clients, clock: Clock, urls: UrlClient, watch: CandidateWatch, logs: ProjectLog
    ) -> None:
        import_lean(RUN_CLIENT)
        calls = Calls(clients, clock)
        api = RunApi(calls)
        writer = ServiceWriter(api, KnativeApi(calls), clock)
        objects = LeaseObjects(calls)
        leases = Leases(writer, objects, clock)
        others = OtherLeases(leases, objects)
        self._context = ServiceContext(calls, api, writer, leases, others, clock, urls.ask, watch, logs)
        self._candidate: Candidate | None = None
        self._job: RunningJob | None = None  # that runs
        self._observer: StartupObserver | None = None  # with what was read of the log so far

    def take_lease(self, request: requests.TakeLease) -> answers.LeaseTaken:
        """Acquire the deploy lease; `taken` is False when another deployer has it."""
        return acquire_lease.acquire_lease(self._context, request)

    def who_deploys(self, service: Service) -> answers.LeaseTaken:
        """Who deploys the service now; `taken` when there is no other deployer. Reads only."""
        return acquire_lease.who_deploys(self._context, service)

    def taken_over(self, service: Service) -> str:
        """Who took the service from this process; empty while the lease is ours. Reads only."""
        return acquire_lease.taken_over(self._context, service)

    def record_passed(self, request: MoveTraffic) -> None:
        """Record on the service that the traffic move went well."""
        acquire_lease.record_passed(self._context, request.release)

    def end_lease(self, request: requests.EndLease) -> answers.LeaseEnded:
        """Give the lease back and write the outcome into the service's history."""
        return end_lease.end_lease(self._context, request)

    def create_revision(self, request: CreateRevision, tell: Tell) -> answers.Starting:
        """Create the candidate, or find the one that this release made; the first look at its start."""
        from deploy_lib.drivers.services import candidate

        self._candidate = candidate.create(self._context, request, tell)
        return self._candidate.look(tell)

    def look_at_start(self, request: LookAtStart, tell: Tell) -> answers.Starting:
        """Another look at the start of the candidate."""
        return self._created().look(tell)

    def end_start(self, request: EndStart, tell: Tell) -> answers.RevisionCreated:
        """What came of the start, with the evidence for a diagnosis."""
        from deploy_lib.drivers.services import candidate

        return candidate.end(self._context, self._created(), request, tell)

    def _created(self) -> Candidate:
        assert self._candidate is not None, "a revision is created before it is looked at"
        return self._candidate

    def run_job(self, request: RunJob, tell: Tell) -> answers.JobSeen:
        """Start the step's execution, or find the one that this release started; the first look at it."""
        from deploy_lib.drivers.services import jobs

        self._job = jobs.start(self._context, request, tell)
        return self._job.look(tell)

    def look_at_job(self, request: LookAtJob, tell: Tell) -> answers.JobSeen:
        """Another look at the execution."""
        return self._started().look(tell)

    def cancel_job(self, request: CancelJob, tell: Tell) -> answers.JobSeen:
        """End the execution, whose time is over."""
        return replace(self._started().cancel(tell), timed_out=True)

    def look_for_approval(self, request: AskApproval, tell: Tell) -> answers.ApprovalSeen:
        """Whether a person has approved the release; the first look asks for it."""
        return approvals.look(self._context, request, tell)

    def approve(self, service: Service, release_id: str, name: str, approval: Approval) -> ApprovalAsked:
        """Answer the question of that name of the release. The lease may be another's."""
        return approvals.approve(self._context, service, release_id, name, approval)

    def give_up(self, tell: Tell) -> None:
        """Cancel the execution that runs, if one does. Never raises DriverError; Interrupted from the clock."""
        job, self._job = self._job, None
        if job is None or job.over:
            return
        try:
            seen = job.cancel(tell)
            tell(
                f"{seen.name} {'ended' if seen.state is not answers.JobState.CANCELLED else 'was cancelled'}; "
                "what it did stays"
            )
        except DriverError as problem:
            tell(problem.with_remedy)

    def _started(self) -> RunningJob:
        assert self._job is not None, "a job is started before it is looked at"
        return self._job

    def move_traffic(self, request: MoveTraffic, tell: Tell) -> answers.TrafficMoved:
        """Give the candidate its share; `conflict` says who changed the traffic meanwhile."""
        return move_traffic(self._context, request, tell)

    def verify_traffic(self, request: VerifyTraffic, tell: Tell) -> answers.TrafficVerified:
        """The traffic as Cloud Run reports it, and one request to the main URL."""
        return verify_serving(self._context, request, tell)

    def restore(self, request: requests.RestoreTraffic, tell: Tell) -> answers.Restored:
        """Put the recorded traffic back; `complete` when it was read back and the main URL answered from it."""
        return restore_traffic(self._context, request, tell)

    def read_evidence(self, request: requests.ReadEvidence) -> Evidence:
        """All that is known of the candidate now, without waiting. Reads only."""
        from deploy_lib.drivers.services.startup_observer import StartupObserver

        release, known = request.release, self._observer
        if not release.candidate:
            return Evidence(gaps=("no revision was created",))
        if known is None or known.revision != release.candidate:
            known = StartupObserver(self._context, release.service, release.candidate, None, release.started)
            self._observer = known
        return known.gather()

    def read_serving(self, service: Service) -> Serving:
        """What users are served now. Reads only."""
        return service_state.read_serving(self._context, service)

    def read_state(self, service: Service) -> ServiceState:
        """Everything about the service that status, rollback and resume need. Reads only."""
        return service_state.read_state(self._context, service)

    def read_variables(self, service: Service) -> dict[str, str | None]:
        """The variables that the running service has, with their values; None for a secret's."""
        return service_state.read_variables(self._context, service)

    def preview(self, request: CreateRevision) -> RevisionPreview:
        """What create_revision would change and keep; reads only."""
        return preview(self._context, request)

    def temporary_url(self, release: Release, revision: str) -> str:
        """Where the revision alone answers, while this object holds the release's lease."""
        return temporary_url(self._context, release, revision)

    def hold(self, service: Service, holder: str, lasts: float, reason: str = "") -> answers.LeaseTaken:
        """Block deployments of the service for `lasts` seconds, or until `release_hold`. The service must exist."""
        return hold.hold(self._context, service, holder, lasts, reason)

    def release_hold(self, service: Service) -> str | None:
        """Remove the hold. Returns who had it; None when there was none."""
        return hold.release_hold(self._context, service)

    def unpin(self, service: Service, holder: str) -> answers.LeaseTaken:
        """Let the traffic follow the latest revision again, where that moves no user."""
        return unpin.unpin(self._context, service, holder)

    def close(self) -> None:
        """Stop renewing leases; they expire by themselves."""
        self._context.leases.forget_all()
