"""The rollback of one service, for the executor.

It is written down as a separate release, with the target as its candidate and as the traffic to restore: when its
client dies half way, the next rollback finishes it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Protocol, assert_never

from deploy_lib.decide import AcquireLease, Finish, Restore
from deploy_lib.drivers.interface import Clock, DriverError, Interrupted, ServiceLeases, ServiceTraffic, Tell, Urls
from deploy_lib.drivers.processes import person, with_process
from deploy_lib.model import journal
from deploy_lib.model.answers import Probed
from deploy_lib.model.journal import Entry, LeaseHeld, Stopped
from deploy_lib.model.journal_queries import lease_held
from deploy_lib.model.not_possible import NotPossible
from deploy_lib.model.outcome import Outcome
from deploy_lib.model.release import Release, Status
from deploy_lib.model.release_history import ROLLBACK
from deploy_lib.model.requests import EndLease, RestoreTraffic
from deploy_lib.model.service import Service
from deploy_lib.model.state import ServiceState
from deploy_lib.plan import Plan
from deploy_lib.release.last_line import stopped
from deploy_lib.release.lease import acquire, give_back
from deploy_lib.release.next_commands import after_rollback
from deploy_lib.release.observe import until_judged
from deploy_lib.release.recorder import Recorder
from deploy_lib.release.restore_traffic import asks_main_url, restore
from deploy_lib.release.rollback.moves import AskTarget, ChooseAgain, Effect, Move, RollbackFacts, next_move
from deploy_lib.release.rollback.target import Choice, choose, tag_of, undo
from deploy_lib.steps import probe
from deploy_lib.steps.kind import Verdict
from deploy_lib.steps.probe import ProbeSettings
from deploy_lib.steps.responses import serves

HURRY = 0.1
"""Seconds between the requests of the probe at most: users wait for its end."""


class RollbackServices(ServiceLeases, ServiceTraffic, Protocol):
    """What a rollback needs of Cloud Run: it makes no revision and runs no job."""

    def read_state(self, service: Service) -> ServiceState: ...
    def temporary_url(self, release: Release, revision: str) -> str: ...


class RollbackDrivers(Protocol):
    """Those of what runs already: nothing is built, and no repository is read."""

    @property
    def clock(self) -> Clock: ...
    @property
    def services(self) -> RollbackServices: ...
    @property
    def urls(self) -> Urls: ...


def chosen(plan: Plan, state: ServiceState, options: RollbackOptions) -> Choice:
    """What a rollback with these options puts back. Raises NotPossible."""
    if options.undoes:
        return undo(state, options.undoes, tag=tag_of(plan))
    return choose(state, options.to, force=options.force, tag=tag_of(plan))


def commit_of_target(state: ServiceState, choice: Choice) -> str:
    """The commit that the target was made of; zeros where the service does not say."""
    known = state.revision(choice.target.main_revision() or "")
    return known.commit if known and known.commit else "0" * 40


def as_release(made: Release, state: ServiceState, choice: Choice) -> Release:
    """`made` written down as a rollback."""
    wanted = choice.target.main_revision() or ""
    return replace(made, id=f"{made.id}{ROLLBACK}", url=state.url, candidate=wanted, before=choice.target)


@dataclass(frozen=True, slots=True)
class RollbackOptions:
    """`to` names the target; None is the default one. Without `probe` it is taken as good.

    `force` goes back to a revision recorded as failed too, and takes the service over. `wait`: seconds to queue behind
    whoever has it. `undoes` is the one release whose recorded map, and no other, is put back: only where the service
    carries what that release left there.
    """

    to: str | None = None
    probe: bool = True
    force: bool = False
    wait: float = 0.0
    undoes: str = ""

    @property
    def who_asked(self) -> str:
        """For the reason of a rollback, in a clause."""
        return f"nobody renews the lease of release {self.undoes}" if self.undoes else "a person asked"


@dataclass(slots=True)
class Rollback:
    """`state` is what the service was when `choice` was made; `remembered` adds to a state what journals know."""

    plan: Plan
    drivers: RollbackDrivers
    recorder: Recorder
    tell: Tell
    holder: str
    release: Release
    state: ServiceState
    choice: Choice
    remembered: Callable[[ServiceState], ServiceState]
    options: RollbackOptions = RollbackOptions()
    announced: bool = False  # a person was told what will be put back
    facts: RollbackFacts = field(init=False)

    def __post_init__(self) -> None:
        lease = self.state.lease
        settled = self.choice.ends is None and (lease is None or lease.release_id is None)
        self.facts = RollbackFacts(self.choice, self.state.traffic, settled, unfit=None if self.options.probe else "")
        self.facts = replace(self.facts, who_asked=self.options.who_asked)

    def begin(self) -> None:
        """Records the start, and shows what will be put back unless the service is busy."""
        now, program = self.drivers.clock.now(), self.plan.program
        self._record(journal.Started(now, self.release, (), self.plan.path, self.holder, program=program))
        if not self._is_busy():
            self._announce()

    def next_move(self) -> Move:
        """What the facts and the journal say is next."""
        return next_move(self.plan.program, self.facts, self.recorder.entries)

    def is_overtaken(self, move: Move) -> bool:
        """A rollback never waits for others."""
        return False

    def make(self, effect: Effect) -> None:
        """Makes the effect and records its answer. Raises Interrupted."""
        match effect:
            case AcquireLease():
                self._acquire()
            case ChooseAgain():
                self._choose_again()
            case AskTarget():
                self.facts = replace(self.facts, unfit=self._unfit())
            case Restore():
                left = self.choice.ends if self.options.undoes else None
                ours, asks = left.own_traffic_maps() if left else (), not left and asks_main_url(self.plan)
                request = RestoreTraffic(self.release, effect.target, ours=ours, asks=asks)
                restore(self.drivers, request, effect.why, self._record, self.tell)
            case _:
                assert_never(effect)

    def interrupted(self, by: Interrupted) -> None:
        """Records who asked to stop."""
        self._record(journal.ReleaseInterrupted(self.drivers.clock.now(), by.by))

    def finish(self, move: Finish) -> Stopped:
        """One that moved nothing is not remembered: its target would count as a release that failed."""
        if lease_held(self.recorder.entries):
            moved = move.outcome in (Outcome.LIVE, Outcome.HELD)
            request = EndLease(self.release, move.outcome if moved else None, move.reason)
            give_back(self.drivers.services, request, self.tell)
        commands, now, seen = after_rollback(self.plan, move.outcome), self.drivers.clock.now(), self.last_seen()
        services, service = self.drivers.services, self.plan.service
        end = stopped(services, service, now, move.outcome, move.reason, commands, seen)
        self._record(end)
        return end

    def last_seen(self) -> str:
        """What is known of the traffic where the cloud itself cannot be asked, as the end of a sentence."""
        return f"before the rollback it was {self.state.traffic}"

    def _record(self, entry: Entry) -> None:
        """Users wait for the rollback; its journal is not worth their time."""
        could = not self.recorder.unwritten
        if not self.recorder.record(entry) and could:
            self.tell(f"{self.recorder.unwritten}; the rollback goes on without it")

    def _acquire(self) -> None:
        lease = acquire(
            self.drivers,
            self.release,
            with_process(self.holder),
            self.tell,
            take_over=self.options.force,
            over_own_hold=True,
            repair=False,
            wait=self.options.wait,
        )
        if isinstance(lease, LeaseHeld):
            self.release = lease.release
        self._record(lease)

    def _choose_again(self) -> None:
        plan, left = self.plan, self.state.left
        try:
            fresh = self.drivers.services.read_state(plan.service)
            ended = left is not None and any(
                past.id == left.release_id and past.outcome is not Outcome.INTERRUPTED
                for past in fresh.history
                if past not in self.state.history
            )
            fresh = self.remembered(replace(fresh, left=None if ended else left))
            choice = chosen(plan, fresh, self.options)
        except NotPossible as refused:
            self.facts = replace(self.facts, unchosen=Finish(Outcome.REJECTED, refused.message))
            return
        except DriverError as problem:
            self.facts = replace(self.facts, unchosen=Finish(Outcome.UNKNOWN, problem.with_remedy))
            return
        before, self.state, self.choice = self.choice, fresh, choice
        self.facts = replace(self.facts, choice=choice, leaving=fresh.traffic, chosen_again=True)
        self.release = replace(self.release, before=choice.target, candidate=choice.target.main_revision() or "")
        if not self.announced or not choice.target.same_as(before.target) or choice.there is not before.there:
            self._announce()

    def _is_busy(self) -> bool:
        """Somebody else has the service, so that nothing will be put back, or only once they are done."""
        lease = self.state.lease
        if lease is None or lease.expired or self.options.force:
            return False
        return lease.release_id is not None or person(lease.holder) != person(self.holder)

    def _announce(self) -> None:
        self.announced = True
        choice, lease = self.choice, self.state.lease
        notes = list(choice.passed_over)
        running = lease is not None and lease.release_id is not None and not lease.expired
        if lease is not None and running and self.options.force:
            notes.append(f"takes the service over from {lease.holder}, whose release {lease.release_id} stops")
        elif choice.ends is not None:
            notes.append(f"ends release {choice.ends.release_id} of commit {choice.ends.commit[:7]}")
        now, there = self.drivers.clock.now(), choice.there
        entry = journal.GoingBack(now, choice.target, self.state.traffic, choice.why, there=there, notes=tuple(notes))
        self._record(entry)

    def _unfit(self) -> str:
        """Why users should not be sent to the target, asked where it answers alone; empty when it answers well."""
        settings = self.plan.settings(ProbeSettings)
        if settings is None:
            return ""
        drivers, release = self.drivers, self.release
        try:
            asked = settings.via == "url"
            url = drivers.services.temporary_url(release, release.candidate or "") if asked else None
            hurried = settings.model_copy(update={"every": min(settings.every, HURRY)})
            request = probe.ask(hurried, replace(release, candidate_url=url))
            found = until_judged(probe.KIND, hurried, release, request, drivers.urls.probe, drivers.clock, self.tell)
        except DriverError as problem:
            return f"could not be probed: {problem.reason}"
        answer, verdict = found.answer, found.verdict
        assert isinstance(answer, Probed) and isinstance(verdict, Verdict)
        if verdict.status is Status.PASSED:
            return ""
        died = hurried.why_failed(answer.revision_failed, answer.ends)
        if not died and answer.attempts and all(serves(each) for each in answer.attempts):
            self.tell(f"{release.candidate} serves, though {request.asked.path} may be younger: {verdict.reason}")
            return ""
        return f"does not answer well: {verdict.reason}"
