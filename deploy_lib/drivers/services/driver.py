"""The driver for Cloud Run: one method per request, each told in a file of its own.

What makes and watches a new revision brings the whole diagnosis along, so it is imported on its first use: neither a
rollback nor a status needs it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from deploy_lib.drivers.clients import Clients
from deploy_lib.drivers.interface import Clock, Tell
from deploy_lib.drivers.lean_import import import_run_client
from deploy_lib.drivers.policy import Calls
from deploy_lib.drivers.services import arrival, moving, reading, restoring, taking
from deploy_lib.drivers.services.api import RunApi
from deploy_lib.drivers.services.change import Changes
from deploy_lib.drivers.services.leases import Leases
from deploy_lib.drivers.services.lending import lend_url
from deploy_lib.drivers.services.preview import preview
from deploy_lib.drivers.services.tools import Tools, Urls, Watch
from deploy_lib.model import answers, requests
from deploy_lib.model.evidence import Evidence
from deploy_lib.model.release import Release
from deploy_lib.model.service import Service
from deploy_lib.model.serving import Serving
from deploy_lib.model.state import RevisionPreview, ServiceState
from deploy_lib.steps.canary import CreateRevision, EndStart, LookAtStart
from deploy_lib.steps.promote import MoveTraffic
from deploy_lib.steps.verify import ReadBack

if TYPE_CHECKING:
    from deploy_lib.drivers.services.candidate import Candidate


class CloudRunServices:
    """Keeps the leases it takes: take and end a lease with the same object. Close it when done.

    `urls` makes the requests to the service itself, `watch` tells how the candidate does. Every method
    raises DriverError, and Interrupted from the clock.
    """

    def __init__(self, clients: Clients, clock: Clock, urls: Urls, watch: Watch) -> None:
        import_run_client()
        calls = Calls(clients, clock)
        api = RunApi(calls)
        changes = Changes(api, clock)
        self._tools = Tools(calls, api, changes, Leases(changes, clock), clock, urls.ask, watch)
        self._candidate: Candidate | None = None

    def take_lease(self, request: requests.TakeLease) -> answers.LeaseTaken:
        return taking.take(self._tools, request)

    def who_deploys(self, service: Service) -> answers.LeaseTaken:
        return taking.who_deploys(self._tools, service)

    def taken_over(self, service: Service) -> str:
        return taking.taken_over(self._tools, service)

    def record_passed(self, request: MoveTraffic) -> None:
        taking.record_passed(self._tools, request.release)

    def end_lease(self, request: requests.EndLease) -> answers.LeaseEnded:
        return taking.end(self._tools, request)

    def create_revision(self, request: CreateRevision, tell: Tell) -> answers.Starting:
        from deploy_lib.drivers.services import candidate

        self._candidate = candidate.create(self._tools, request, tell)
        return self._candidate.look(tell)

    def look_at_start(self, request: LookAtStart, tell: Tell) -> answers.Starting:
        return self._created().look(tell)

    def end_start(self, request: EndStart, tell: Tell) -> answers.RevisionCreated:
        from deploy_lib.drivers.services import candidate

        return candidate.end(self._tools, self._created(), request, tell)

    def _created(self) -> Candidate:
        assert self._candidate is not None, "a revision is created before it is looked at"
        return self._candidate

    def move_traffic(self, request: MoveTraffic, tell: Tell) -> answers.TrafficMoved:
        return moving.move(self._tools, request, tell)

    def read_back(self, request: ReadBack, tell: Tell) -> answers.BackRead:
        return arrival.read_back(self._tools, request, tell)

    def restore(self, request: requests.RestoreTraffic, tell: Tell) -> answers.Restored:
        return restoring.restore(self._tools, request, tell)

    def read_evidence(self, request: requests.ReadEvidence) -> Evidence:
        from deploy_lib.drivers.services.waiting import Waiting

        release = request.release
        if not release.candidate:
            return Evidence(gaps=("no revision was created",))
        return Waiting(self._tools, release.service, release.candidate, None, release.started).gather()

    def read_serving(self, service: Service) -> Serving:
        return reading.read_serving(self._tools, service)

    def read_state(self, service: Service) -> ServiceState:
        return reading.read_state(self._tools, service)

    def read_variables(self, service: Service) -> dict[str, str | None]:
        """The variables that the running service has, with their values; None for a secret's."""
        return reading.read_variables(self._tools, service)

    def preview(self, request: CreateRevision) -> RevisionPreview:
        """What create_revision would change and keep; reads only."""
        return preview(self._tools, request)

    def lend_url(self, release: Release, revision: str) -> str:
        """Where the revision alone answers, while this object holds the release's lease."""
        return lend_url(self._tools, release, revision)

    def hold(self, service: Service, holder: str, lasts: float, reason: str = "") -> answers.LeaseTaken:
        """Nobody deploys it for `lasts` seconds, or until `let_go`. The service must exist."""
        return taking.hold(self._tools, service, holder, lasts, reason)

    def let_go(self, service: Service) -> str | None:
        """Who held it; None when nobody did."""
        return taking.let_go(self._tools, service)

    def close(self) -> None:
        """Stop renewing leases; they expire by themselves."""
        self._tools.leases.forget_all()
