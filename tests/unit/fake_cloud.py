"""A world of values for tests of the run: drivers that answer what a test told them, and remember what was asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from deploy_lib.drivers.interface import DriverError, Drivers, Interrupted, Tell
from deploy_lib.model import answers, requests
from deploy_lib.model.evidence import Evidence
from deploy_lib.model.release import Release
from deploy_lib.model.service import Service
from deploy_lib.model.serving import Serving
from deploy_lib.model.state import RevisionPreview, ServiceState
from deploy_lib.model.traffic import TrafficMap
from deploy_lib.steps.approve import AskApproval
from deploy_lib.steps.build import BuildImage
from deploy_lib.steps.canary import CreateRevision
from deploy_lib.steps.compare import Compare
from deploy_lib.steps.config_contract import CheckContract
from deploy_lib.steps.git_clean import ReadCheckout
from deploy_lib.steps.image_contents import ReadSource
from deploy_lib.steps.import_check import CheckImports
from deploy_lib.steps.job import CancelJob, LookAtJob, RunJob
from deploy_lib.steps.probe import Probe
from deploy_lib.steps.promote import MoveTraffic, WatchUsers
from deploy_lib.steps.verify import VerifyTraffic
from tests.unit.samples import BEFORE, NOON

IMAGE = "host/netra-staging/services/backend@sha256:" + "1" * 64


@dataclass
class FakeClock:
    """Time passes only by sleeping. `interrupt_at` seconds, someone asks to stop."""

    seconds: float = 0.0
    interrupt_at: list[float] = field(default_factory=list)

    def now(self) -> datetime:
        return NOON + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds
        if self.interrupt_at and self.seconds >= self.interrupt_at[0]:
            self.interrupt_at.pop(0)
            raise Interrupted("SIGINT")


@dataclass
class FakeCloud:
    """One service that carries `traffic`. `fails` maps a method to what it raises or answers instead."""

    traffic: TrafficMap = BEFORE
    clock: FakeClock = field(default_factory=FakeClock)
    fails: dict[str, Callable[[], object]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    maps: list[dict[str, int]] = field(default_factory=list)
    restored: list[requests.RestoreTraffic] = field(default_factory=list)
    builds: int = 0
    leases: int = 0
    bad: tuple[str, ...] = ()
    taken_by: str = ""

    def drivers(self) -> Drivers:
        return Drivers(self.clock, self, self, self, self, self, self)

    def _met(self, name: str) -> object | None:
        self.asked.append(name)
        return self.fails[name]() if name in self.fails else None

    # Source, contract, builds

    def read_checkout(self, request: ReadCheckout) -> answers.CheckoutRead:
        found = self._met("read_checkout")
        commit = request.release.commit
        return found or answers.CheckoutRead(commit, commit, "main")  # type: ignore[return-value]

    def read_source(self, request: ReadSource) -> answers.SourceRead:
        return self._met("read_source") or answers.SourceRead(entrypoint="app.main", image_files=1)  # type: ignore[return-value]

    def check(self, request: CheckContract) -> answers.ContractRead:
        return self._met("check") or answers.ContractRead(checked=("variables",))  # type: ignore[return-value]

    def build(self, request: BuildImage, tell: Tell) -> answers.Built:
        found = self._met("build")
        self.builds += 1
        return found or answers.Built(IMAGE, "b1")  # type: ignore[return-value]

    def check_imports(self, request: CheckImports, tell: Tell) -> answers.ImportsChecked:
        return self._met("check_imports") or answers.ImportsChecked(True, targets=1)  # type: ignore[return-value]

    def under_way(self, request: BuildImage) -> answers.LeaseTaken:
        return answers.LeaseTaken(True)

    # Cloud Run

    def take_lease(self, request: requests.TakeLease) -> answers.LeaseTaken:
        found = self._met("take_lease")
        if found is None:
            self.leases += 1
        before = request.release.before or self.traffic
        taken = answers.LeaseTaken(True, before=before, now=self.traffic, url="http://main", rejected_digests=self.bad)
        return found or taken  # type: ignore[return-value]

    def who_deploys(self, service: Service) -> answers.LeaseTaken:
        return self.fails["who_deploys"]() if "who_deploys" in self.fails else answers.LeaseTaken(True)  # type: ignore[return-value]

    def taken_over(self, service: Service) -> str:
        return self.taken_by

    def record_passed(self, request: MoveTraffic) -> None:
        self._met("record_passed")

    def end_lease(self, request: requests.EndLease) -> answers.LeaseEnded:
        self._met(f"end_lease {request.outcome}")
        self.leases = 0
        return answers.LeaseEnded()

    def create_revision(self, request: CreateRevision, tell: Tell) -> answers.RevisionCreated:
        found = self._met("create_revision")
        ready = answers.RevisionCreated("cand-2", True, "http://canary", "http://main")
        return found or ready  # type: ignore[return-value]

    def run_job(self, request: RunJob, tell: Tell) -> answers.JobSeen:
        return self._met("run_job") or answers.JobSeen("job-1", answers.JobState.SUCCEEDED, 0)  # type: ignore[return-value]

    def look_at_job(self, request: LookAtJob, tell: Tell) -> answers.JobSeen:
        return self._met("look_at_job") or answers.JobSeen("job-1", answers.JobState.SUCCEEDED, 0)  # type: ignore[return-value]

    def cancel_job(self, request: CancelJob, tell: Tell) -> answers.JobSeen:
        return self._met("cancel_job") or answers.JobSeen("job-1", answers.JobState.CANCELLED, timed_out=True)  # type: ignore[return-value]

    def look_for_approval(self, request: AskApproval, tell: Tell) -> answers.ApprovalSeen:
        return self._met("look_for_approval") or answers.ApprovalSeen(NOON, self.clock.now())  # type: ignore[return-value]

    def give_up(self, tell: Tell) -> None:
        self._met("give_up")

    def move_traffic(self, request: MoveTraffic, tell: Tell) -> answers.TrafficMoved:
        self._carry(request.target)
        found = self._met("move_traffic")
        return found or answers.TrafficMoved(request.target)  # type: ignore[return-value]

    def watch(self, request: WatchUsers, tell: Tell) -> answers.Watched:
        return self._met("watch") or answers.Watched(request.settings.bake, answers.REQUEST_LOG)  # type: ignore[return-value]

    def rest(self) -> None:
        pass

    def verify_traffic(self, request: VerifyTraffic, tell: Tell) -> answers.TrafficVerified:
        found = self._met("verify_traffic")
        return found or answers.TrafficVerified(self.traffic, True, {"cand-2": 1})  # type: ignore[return-value]

    def restore(self, request: requests.RestoreTraffic, tell: Tell) -> answers.Restored:
        self.restored.append(request)
        found = self._met("restore")
        if found is None:
            self._carry(request.target)
        return found or answers.Restored(True, request.target)  # type: ignore[return-value]

    def read_evidence(self, request: requests.ReadEvidence) -> Evidence:
        self._met("read_evidence")
        return Evidence()

    def read_serving(self, service: Service) -> Serving:
        found = self._met("read_serving")
        return found or Serving(True, self.traffic, self.traffic)  # type: ignore[return-value]

    def read_state(self, service: Service) -> ServiceState:
        found = self._met("read_state")
        return found or ServiceState(bool(self.traffic.shares()), traffic=self.traffic)  # type: ignore[return-value]

    def preview(self, request: CreateRevision) -> RevisionPreview:
        found = self._met("preview")
        return found or RevisionPreview("cand-2", ("the image",), ("memory",))  # type: ignore[return-value]

    def temporary_url(self, release: Release, revision: str) -> str:
        self._met(f"temporary_url {revision}")
        return "http://lent"

    # Guards

    def leave(self, request: requests.LeaveGuard, tell: Tell) -> None:
        self._met("leave")

    def end(self, request: requests.LeaveGuard) -> None:
        self._met("end")

    # URLs

    def probe(self, request: Probe, tell: Tell) -> answers.Probed:
        good = tuple(answers.Attempt(float(at), 0.01, 200) for at in range(request.settings.need))
        return self._met("probe") or answers.Probed("http://canary/health", good)  # type: ignore[return-value]

    def compare(self, request: Compare, tell: Tell) -> answers.Watched:
        good = answers.Side(100, 0, (0.01,) * 100)
        return self._met("compare") or answers.Watched(60, own_stable=good, own=good)  # type: ignore[return-value]

    def _carry(self, traffic: TrafficMap) -> None:
        self.traffic = traffic
        self.maps.append(traffic.shares())


def unknown(reason: str = "no route to Google", *, conflict: bool = False) -> Callable[[], object]:
    def fail() -> object:
        raise DriverError(reason, "try again", conflict=conflict)

    return fail
