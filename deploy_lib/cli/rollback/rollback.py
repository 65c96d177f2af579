"""The rollback of one service: lease, probe of the target, traffic, and the last line.

It is written down as a release of its own, with the target as its candidate and as the traffic to restore: when its
client dies half way, the next rollback finishes it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from deploy_lib.cli.identity import holder, new_release
from deploy_lib.cli.outlets import Outlets
from deploy_lib.cli.places import release_directory
from deploy_lib.cli.secrets import redactor_of
from deploy_lib.cli.show.display import Display
from deploy_lib.cli.world import Serving, World
from deploy_lib.drivers.interface import DriverError, Interrupted
from deploy_lib.drivers.processes import with_process
from deploy_lib.journal import UNWRITTEN, Journal
from deploy_lib.model import journal, requests
from deploy_lib.model.answers import Restored
from deploy_lib.model.journal import Entry, LeaseRefused, Stopped
from deploy_lib.model.outcome import Outcome
from deploy_lib.model.release import Options, Release, Status
from deploy_lib.model.state import ServiceState
from deploy_lib.model.traffic import TrafficMap
from deploy_lib.plan import Plan
from deploy_lib.run.lease import acquire
from deploy_lib.steps.probe import ProbeSettings
from deploy_lib.steps.responses import serves

_SUFFIX = "-rollback"
HURRY = 0.1
"""Seconds between the requests of the probe at most: users wait for its end."""
UNTOUCHED = "unchanged; the service was not touched"


def is_rollback(release_id: str) -> bool:
    return release_id.endswith(_SUFFIX)


@dataclass(frozen=True, slots=True)
class Rollback:
    """`state` is what the service was when `target` was chosen. Without `probe` the target is taken as good."""

    world: World
    plan: Plan
    display: Display
    outlets: Outlets
    state: ServiceState
    target: TrafficMap
    probe: bool = True
    take_over: bool = False
    wait: float = 0.0

    def carry_out(self) -> Stopped:
        plan, clock = self.plan, self.world.clock
        wanted = self.target.main_revision() or ""
        known = self.state.revision(wanted)
        release = new_release(plan, known.commit if known and known.commit else "0" * 40, Options(), clock.now())
        release = replace(
            release, id=f"{release.id}{_SUFFIX}", url=self.state.url, candidate=wanted, before=self.target
        )
        directory = release_directory(self.world.state, plan.service.project, plan.service.name, release.id)
        file = Journal(directory)

        mask, kept = redactor_of(plan.service, self.outlets.webhook_env), [True]

        def note(entry: Entry) -> None:
            masked = mask.value(entry)
            try:
                file.append(masked)
            except OSError as problem:  # users wait for the rollback; its diary is not worth their time
                if kept.pop() if kept else False:
                    self._tell(f"{UNWRITTEN}: {problem.strerror}; the rollback goes on without it")
            self.display.entry(plan.service.name, masked)
            self.outlets.entry(plan, masked)

        try:
            note(journal.Started(clock.now(), release, (), plan.path, holder(), program=plan.program))
            stopped = self._under_lease(self.world.serving(plan), release, note)
            note(stopped)
        finally:
            file.close()
        self.outlets.ended(plan, release.id, ())
        return stopped

    def _under_lease(self, drivers: Serving, release: Release, note: Callable[[Entry], None]) -> Stopped:
        try:
            lease = acquire(
                drivers,
                release,
                with_process(holder()),
                self._tell,
                take_over=self.take_over,
                over_own_hold=True,
                wait=self.wait,
            )
        except Interrupted as interrupted:
            return self._stopped(Outcome.INTERRUPTED, f"interrupted by {interrupted.by} while it waited", UNTOUCHED)
        note(lease)
        if isinstance(lease, LeaseRefused):
            return self._not_begun(lease)
        try:
            unfit = self._unfit(drivers, lease.release) if self.probe else ""
        except Interrupted as interrupted:
            reason = f"interrupted by {interrupted.by} before the traffic moved"
            stopped = self._stopped(Outcome.INTERRUPTED, reason, str(self.state.traffic))
        else:
            stopped = self._refused(unfit) if unfit else self._moved(drivers, lease.release, note)
        self._end(drivers, lease.release, stopped)
        return stopped

    def _not_begun(self, lease: LeaseRefused) -> Stopped:
        if not lease.busy:
            return self._stopped(Outcome.UNKNOWN if lease.errored else Outcome.REJECTED, lease.reason, UNTOUCHED)
        program = self.plan.program
        commands = (
            program.command("rollback", "--wait", "10m", note="queue behind it"),
            program.command("rollback", "--force", note="take the service over"),
            program.command("status", note="who has the service, and what serves"),
        )
        return replace(
            self._stopped(Outcome.BUSY, f"{lease.reason}; --force takes the service over", UNTOUCHED),
            next_commands=commands,
        )

    def _refused(self, unfit: str) -> Stopped:
        wanted, back = self.target.main_revision(), self.plan.program.command("rollback", "--now")
        reason = f"{wanted} {unfit}; {back} goes back to it all the same"
        return self._stopped(Outcome.REJECTED, reason, str(self.state.traffic))

    def _moved(self, drivers: Serving, release: Release, note: Callable[[Entry], None]) -> Stopped:
        leaving = self.state.traffic.main_revision() or "nothing"
        note(journal.RestoreAsked(self.world.clock.now(), self.target, f"a person asked to leave {leaving}"))
        answer, at = self._restored(drivers, requests.RestoreTraffic(release, self.target)), self.world.clock.now()
        if isinstance(answer, DriverError):
            note(journal.RestoreAnswered(at, False, None, answer.told))
            return self._stopped(Outcome.HELD, f"the rollback did not succeed: {answer.told}", "not known")
        note(journal.RestoreAnswered(at, answer.whole, answer.now, answer.reason))
        if answer.whole:
            return self._stopped(Outcome.LIVE, f"rolled back from {leaving}", str(answer.now))
        return self._stopped(Outcome.HELD, f"the rollback did not succeed: {answer.reason}", str(answer.now))

    def _restored(self, drivers: Serving, request: requests.RestoreTraffic) -> Restored | DriverError:
        """Raises Interrupted at the second request to stop only: half of a rollback helps nobody."""
        try:
            try:
                return drivers.services.restore(request, self._tell)
            except Interrupted:
                self._tell("the rollback is brought to its end first (again to stop at once)")
                return drivers.services.restore(request, self._tell)
        except DriverError as problem:
            return problem

    def _unfit(self, drivers: Serving, release: Release) -> str:
        """Why users should not be sent to the target, asked where it answers alone; empty when it answers well."""
        step = self.plan.first("probe")
        if step is None or not isinstance(step.settings, ProbeSettings):
            return ""
        try:
            url = drivers.services.lend_url(release, release.candidate or "")
            hurried = step.settings.model_copy(update={"every": min(step.settings.every, HURRY)})
            request = step.kind.ask(hurried, replace(release, candidate_url=url))
            assert isinstance(request, requests.Probe)
            answer = drivers.urls.probe(request, self._tell)
            verdict = step.kind.judge(hurried, release, answer)
        except DriverError as problem:
            return f"could not be probed: {problem.reason}"
        if verdict.status is Status.PASSED:
            return ""
        if not answer.revision_failed and answer.attempts and all(serves(each) for each in answer.attempts):
            self._tell(f"{release.candidate} serves, though {request.path} may be younger: {verdict.reason}")
            return ""
        return f"does not answer well: {verdict.reason}"

    def _end(self, drivers: Serving, release: Release, stopped: Stopped) -> None:
        """A rollback that moved nothing is not remembered: its target would count as a release that failed."""
        moved = stopped.outcome in (Outcome.LIVE, Outcome.HELD)
        try:
            outcome = stopped.outcome if moved else None
            drivers.services.end_lease(requests.EndLease(release, outcome, stopped.reason))
        except DriverError as problem:
            self._tell(f"the lease could not be given back and will expire by itself: {problem.reason}")

    def _stopped(self, outcome: Outcome, reason: str, serving: str) -> Stopped:
        return Stopped(self.world.clock.now(), outcome, reason, serving)

    def _tell(self, text: str) -> None:
        self.display.line(self.plan.service.name, redactor_of(self.plan.service).text(text))
