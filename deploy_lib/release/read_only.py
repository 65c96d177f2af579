"""A release that is only foreseen: what only reads is done for real, everything else is described.

A kind of step that nobody here knows is described as well; only a new revision is looked at closer, since a driver can
tell what it would change.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from deploy_lib.decide import Finish, RunStep, next_to_foresee, why_skipped
from deploy_lib.drivers.interface import DriverError, Drivers, Interrupted
from deploy_lib.model.answers import CallFailed
from deploy_lib.model.findings import Finding
from deploy_lib.model.outcome import Outcome
from deploy_lib.model.release import Release, Status
from deploy_lib.model.release_history import drift
from deploy_lib.model.service import Service
from deploy_lib.model.state import RevisionPreview, ServiceState
from deploy_lib.plan import Plan, Step
from deploy_lib.release.next_commands import after_change_by_hand
from deploy_lib.release.perform import perform
from deploy_lib.steps.canary import CreateRevision
from deploy_lib.steps.promote import MoveTraffic


class ServiceReader(Protocol):
    """What of Cloud Run can be looked at without changing it."""

    def read_state(self, service: Service) -> ServiceState: ...
    def preview(self, request: CreateRevision) -> RevisionPreview: ...


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What one step would do, or what a check found. `status` is None for a step that was only described.

    `is_step`: False for what was found before the first.
    """

    label: str
    description: str
    status: Status | None = None
    findings: tuple[Finding, ...] = ()
    details: tuple[str, ...] = ()
    is_step: bool = True


@dataclass(frozen=True, slots=True)
class ForeseenEnd:
    """What the release would come to, as far as that can be known without doing it."""

    outcome: Outcome
    reason: str


@dataclass(slots=True)
class ReadOnlyRelease:
    """`show` is told of each step as soon as it is known; the end is what a release would come to, if that is known."""

    plan: Plan
    release: Release
    drivers: Drivers
    services: ServiceReader
    show: Callable[[Foreseen], None]
    foreseen: list[Foreseen] = field(default_factory=list)
    step: int = 0

    def begin(self) -> None:
        """Reads what serves now, and shows it. What cannot be read is shown as such. Raises Interrupted."""
        before, plan = None, self.plan
        try:
            state = self.services.read_state(plan.service)
            before = state.traffic
            service = plan.service
            now = service.as_found(before) if state.exists else f"nothing; the {service.kind} does not exist yet"
            self._show(Foreseen("serving now", now, is_step=False))
            by_hand = drift(state)
            if by_hand is not None:
                ways = tuple(after_change_by_hand(plan, state, by_hand))[:1]
                self._show(Foreseen("by hand", f"{by_hand}; {by_hand.consequence}", details=ways, is_step=False))
        except DriverError as problem:
            self._show(Foreseen("serving now", problem.reason, Status.ERRORED, is_step=False))
        self.release = replace(self.release, before=before)

    def next_move(self) -> RunStep | Finish:
        """The next step to describe, or the end."""
        return next_to_foresee(self.plan, self.release, self.step, [each.status for each in self.foreseen])

    def is_overtaken(self, move: RunStep | Finish) -> bool:
        """Nothing that others do changes what would be done."""
        return False

    def make(self, effect: RunStep) -> None:
        """Does the step where it only reads, else shows what it would do."""
        step, self.step = self.plan.steps[effect.index], effect.index + 1
        skipped = why_skipped(step, self.release)
        if skipped:
            self._show(Foreseen(step.label, skipped, Status.SKIPPED))
            return
        request = step.kind.ask(step.settings, self.release)
        if step.kind.only_reads:
            self._read(step, request)
        elif isinstance(request, CreateRevision):
            self._preview(step, request)
        elif isinstance(request, MoveTraffic) and (self.release.before is None or self.release.candidate is None):
            self._show(Foreseen(step.label, "moves this share of the traffic to the candidate"))
        else:
            self._show(Foreseen(step.label, step.kind.describe(request)))

    def interrupted(self, by: Interrupted) -> None:
        """Raises it again: there is nothing to take back."""
        raise by

    def finish(self, move: Finish) -> ForeseenEnd:
        """What the release would come to, as far as that is known."""
        return ForeseenEnd(move.outcome, move.reason)

    def _read(self, step: Step, request: Any) -> None:
        answer = perform(request, self.drivers, lambda text: None)
        if isinstance(answer, CallFailed):
            self._show(Foreseen(step.label, answer.reason, Status.ERRORED))
            return
        verdict = step.kind.verdict(step.settings, self.release, answer)
        self.release = verdict.release
        self._show(Foreseen(step.label, verdict.reason, verdict.status, verdict.findings))

    def _preview(self, step: Step, request: CreateRevision) -> None:
        try:
            preview = self.services.preview(request)
        except DriverError as problem:
            self._show(Foreseen(step.label, problem.reason, Status.ERRORED))
            return
        changed = tuple(f"changes {text}" for text in preview.changed)
        kept = tuple(f"keeps {text}" for text in preview.kept)
        tag, first = request.settings.tag, self.release.first
        self.release = replace(self.release, candidate=preview.revision, tag=tag)
        share = "all traffic, as the service's first" if first else f"the tag {tag} and no traffic"
        self._show(Foreseen(step.label, f"creates {preview.revision} with {share}", details=(*changed, *kept)))

    def _show(self, foreseen: Foreseen) -> None:
        self.foreseen.append(foreseen)
        self.show(foreseen)
