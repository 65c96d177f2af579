"""The rollback of one service: lease, probe of the target, traffic, the end of what was under way, and the last line.

It is written down as a release of its own, with the target as its candidate and as the traffic to restore: when its
client dies half way, the next rollback finishes it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from deploy_lib.cli.failure import Failure
from deploy_lib.cli.identity import holder, new_release
from deploy_lib.cli.notifications import Notifier
from deploy_lib.cli.paths import release_directory
from deploy_lib.cli.rollback.memory import with_memory
from deploy_lib.cli.rollback.target import Choice, choose, tag_of
from deploy_lib.cli.secrets import redactor_of
from deploy_lib.cli.session import Session, TrafficDrivers
from deploy_lib.cli.show.display import Display
from deploy_lib.drivers.interface import DriverError, Interrupted
from deploy_lib.drivers.processes import person, with_process
from deploy_lib.journal import UNWRITTEN, Journal
from deploy_lib.model import journal, requests
from deploy_lib.model.answers import Probed
from deploy_lib.model.journal import Entry, LeaseRefused, Stopped
from deploy_lib.model.outcome import Outcome
from deploy_lib.model.release import Options, Release, Status
from deploy_lib.model.release_history import ROLLBACK
from deploy_lib.model.state import ServiceState
from deploy_lib.plan import Plan
from deploy_lib.release.asked import until_judged
from deploy_lib.release.last_line import serving_now
from deploy_lib.release.lease import acquire
from deploy_lib.release.restoring import put_back
from deploy_lib.steps import probe
from deploy_lib.steps.kind import Verdict
from deploy_lib.steps.probe import ProbeSettings
from deploy_lib.steps.responses import serves

HURRY = 0.1
"""Seconds between the requests of the probe at most: users wait for its end."""


@dataclass(frozen=True, slots=True)
class End:
    outcome: Outcome
    reason: str


@dataclass(slots=True)
class Rollback:
    """`state` is what the service was when `choice` was made. Without `probe` the target is taken as good."""

    session: Session
    plan: Plan
    display: Display
    notifier: Notifier
    state: ServiceState
    choice: Choice
    to: str | None = None
    probe: bool = True
    force: bool = False
    wait: float = 0.0
    announced: bool = False  # a person was told what will be put back

    def carry_out(self) -> Stopped:
        """Raises Interrupted when a person would not wait for the traffic; what serves then is told before."""
        plan, release = self.plan, self._release()
        file = Journal(release_directory(self.session.state, plan.service.project, plan.service.name, release.id))

        mask, kept = redactor_of(plan.service, self.notifier.webhook_env), [True]

        def note(entry: Entry) -> None:
            masked = mask.value(entry)
            try:
                file.append(masked)
            except OSError as problem:  # users wait for the rollback; its diary is not worth their time
                if kept.pop() if kept else False:
                    self._tell(f"{UNWRITTEN}: {problem.strerror}; the rollback goes on without it")
            self.display.entry(plan.service.name, masked)
            self.notifier.entry(plan, masked)

        try:
            note(journal.Started(self._now(), release, (), plan.path, holder(), program=plan.program))
            if not self._is_busy():
                self._announce(note)
            end = self._already() or self._under_lease(self.session.traffic_drivers(plan), release, note)
            stopped = self._stopped(end)
            note(stopped)
        except Interrupted:
            again = plan.program.command("rollback", "--force")
            why = f"interrupted while the traffic was being put back; {again} finishes it"
            self.display.entry(plan.service.name, mask.value(self._stopped(End(Outcome.INTERRUPTED, why))))
            raise
        finally:
            file.close()
        self.notifier.ended(plan, release.id, ())
        return stopped

    def _release(self) -> Release:
        wanted = self.choice.target.main_revision() or ""
        known = self.state.revision(wanted)
        made = new_release(self.plan, known.commit if known and known.commit else "0" * 40, Options(), self._now())
        return replace(made, id=f"{made.id}{ROLLBACK}", url=self.state.url, candidate=wanted, before=self.choice.target)

    def _already(self) -> End | None:
        """Nothing has to be moved, and nobody's release or lease has to be ended."""
        lease = self.state.lease
        settled = self.choice.ends is None and (lease is None or lease.release_id is None)
        return End(Outcome.LIVE, f"already there: {self.choice.why}") if self.choice.there and settled else None

    def _under_lease(self, drivers: TrafficDrivers, release: Release, note: Callable[[Entry], None]) -> End:
        try:
            lease = acquire(
                drivers,
                release,
                with_process(holder()),
                self._tell,
                take_over=self.force,
                over_own_hold=True,
                repair=False,
                wait=self.wait,
            )
        except Interrupted as interrupted:
            return End(Outcome.INTERRUPTED, f"interrupted by {interrupted.by} while it waited")
        note(lease)
        if isinstance(lease, LeaseRefused):
            if lease.errored:
                return End(Outcome.UNKNOWN, lease.reason)
            taken = "--force takes the service over, and that release stops"
            return End(Outcome.BUSY if lease.busy else Outcome.REJECTED, f"{lease.reason}; {taken}")
        try:
            release = self._chosen_again(lease.release, note)
            unfit = self._unfit(drivers, release) if self.probe and not self.choice.there else ""
        except Interrupted as interrupted:
            end = End(Outcome.INTERRUPTED, f"interrupted by {interrupted.by} before the traffic moved")
        except Failure as failure:
            end = End(Outcome.REJECTED, failure.message)
        except DriverError as problem:
            end = End(Outcome.UNKNOWN, problem.with_remedy)
        else:
            end = self._refused(unfit) if unfit else self._moved(drivers, release, note)
        self._give_back(drivers, release, end)
        return end

    def _chosen_again(self, release: Release, note: Callable[[Entry], None]) -> Release:
        """What was read before the lease may have changed until it was taken. Raises Failure and DriverError."""
        plan, left = self.plan, self.state.left
        fresh = self.session.services(plan).read_state(plan.service)
        ended = left is not None and any(
            past.id == left.release_id and past.outcome is not Outcome.INTERRUPTED
            for past in fresh.history
            if past not in self.state.history
        )
        fresh = with_memory(replace(fresh, left=None if ended else left), self.session.state, plan)
        choice = choose(fresh, self.to, force=self.force, tag=tag_of(plan))
        self.state, before, self.choice = fresh, self.choice, choice
        if not self.announced or not choice.target.same_as(before.target) or choice.there is not before.there:
            self._announce(note)
        return replace(release, before=choice.target, candidate=choice.target.main_revision() or "")

    def _is_busy(self) -> bool:
        """Somebody else has the service, so that nothing will be put back, or only once they are done."""
        lease = self.state.lease
        if lease is None or lease.expired or self.force:
            return False
        return lease.release_id is not None or person(lease.holder) != person(holder())

    def _announce(self, note: Callable[[Entry], None]) -> None:
        self.announced = True
        note(self._going_back())

    def _going_back(self) -> journal.GoingBack:
        choice, lease = self.choice, self.state.lease
        notes = list(choice.passed_over)
        running = lease is not None and lease.release_id is not None and not lease.expired
        if lease is not None and running and self.force:
            notes.append(f"takes the service over from {lease.holder}, whose release {lease.release_id} stops")
        elif choice.ends is not None:
            notes.append(f"ends release {choice.ends.release_id} of commit {choice.ends.commit[:7]}")
        return journal.GoingBack(
            self._now(), choice.target, self.state.traffic, choice.why, there=choice.there, notes=tuple(notes)
        )

    def _refused(self, unfit: str) -> End:
        wanted, back = self.choice.target.main_revision(), self.plan.program.command("rollback", "--now")
        return End(Outcome.REJECTED, f"{wanted} {unfit}; {back} goes back to it all the same")

    def _moved(self, drivers: TrafficDrivers, release: Release, note: Callable[[Entry], None]) -> End:
        """Also where nothing has to move: the record of what was under way ends by it, and the service is read back."""
        target, leaving = self.choice.target, self.state.traffic
        note(journal.RestoreAsked(self._now(), target, f"a person asked to leave {leaving}"))
        try:
            answer = put_back(drivers, requests.RestoreTraffic(release, target), self._tell)
        except DriverError as problem:
            note(journal.RestoreAnswered(self._now(), False, None, problem.with_remedy))
            return End(Outcome.HELD, f"the rollback did not succeed: {problem.with_remedy}")
        note(journal.RestoreAnswered(self._now(), answer.complete, answer.now, answer.reason))
        if not answer.complete:
            return End(Outcome.HELD, f"the rollback did not succeed: {answer.reason}")
        return End(Outcome.LIVE, self._done())

    def _done(self) -> str:
        target, leaving, ends = self.choice.target, self.state.traffic, self.choice.ends
        ended = f"; release {ends.release_id} is ended" if ends else ""
        if self.choice.there:
            return f"already there: {self.choice.why}{ended}"
        if target.main_revision() != leaving.main_revision():
            return f"rolled back from {leaving.main_revision() or 'nothing'}{ended}"
        return f"put back {target}; before, it was {leaving}{ended}"

    def _unfit(self, drivers: TrafficDrivers, release: Release) -> str:
        """Why users should not be sent to the target, asked where it answers alone; empty when it answers well."""
        settings = self.plan.settings(ProbeSettings)
        if settings is None:
            return ""
        try:
            url = drivers.services.temporary_url(release, release.candidate or "")
            hurried = settings.model_copy(update={"every": min(settings.every, HURRY)})
            request = probe.ask(hurried, replace(release, candidate_url=url))
            found = until_judged(probe.KIND, hurried, release, request, drivers.urls.probe, drivers.clock, self._tell)
        except DriverError as problem:
            return f"could not be probed: {problem.reason}"
        answer, verdict = found.answer, found.verdict
        assert isinstance(answer, Probed) and isinstance(verdict, Verdict)
        if verdict.status is Status.PASSED:
            return ""
        died = hurried.why_failed(answer.revision_failed, answer.ends)
        if not died and answer.attempts and all(serves(each) for each in answer.attempts):
            self._tell(f"{release.candidate} serves, though {request.asked.path} may be younger: {verdict.reason}")
            return ""
        return f"does not answer well: {verdict.reason}"

    def _give_back(self, drivers: TrafficDrivers, release: Release, end: End) -> None:
        """A rollback that moved nothing is not remembered: its target would count as a release that failed."""
        moved = end.outcome in (Outcome.LIVE, Outcome.HELD)
        request = requests.EndLease(release, end.outcome if moved else None, end.reason)
        try:
            try:
                drivers.services.end_lease(request)
            except Interrupted:
                drivers.services.end_lease(request)
        except DriverError as problem:
            self._tell(f"the lease could not be given back and will expire by itself: {problem.reason}")

    def _stopped(self, end: End) -> Stopped:
        serving = serving_now(
            self.session.services(self.plan), self.plan.service, f"before the rollback it was {self.state.traffic}"
        )
        program = self.plan.program
        commands = {
            Outcome.BUSY: (
                program.command("rollback", "--wait", "10m", note="queue behind it"),
                program.command("rollback", "--force", note="take the service over"),
                program.command("status", note="who has the service, and what serves"),
            ),
            Outcome.HELD: (program.command("rollback", "--force"), program.command("status")),
            Outcome.UNKNOWN: (program.command("rollback"), program.command("status")),
        }
        return Stopped(self._now(), end.outcome, end.reason, serving, commands.get(end.outcome, ()))

    def _now(self) -> datetime:
        return self.session.clock.now()

    def _tell(self, text: str) -> None:
        self.display.line(self.plan.service.name, redactor_of(self.plan.service).text(text))
