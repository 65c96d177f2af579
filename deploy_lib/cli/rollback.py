"""rollback: puts good traffic back in one command, with no build and no journal; the service itself remembers.

By default the map that was there before the last release; with --to, all traffic to one revision. The move is
written down as a release of its own, so that history and report tell of it.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace

from deploy_lib.cli.failure import Failure
from deploy_lib.cli.outlets import Outlets
from deploy_lib.cli.places import release_directory
from deploy_lib.cli.releasing import holder, new_release
from deploy_lib.cli.select import select
from deploy_lib.cli.show.display import Display, choose
from deploy_lib.cli.signals import stopping
from deploy_lib.cli.world import World, opened
from deploy_lib.drivers.clock import SystemClock
from deploy_lib.drivers.interface import DriverError, Drivers
from deploy_lib.journal import Journal
from deploy_lib.model import journal, requests
from deploy_lib.model.answers import Restored
from deploy_lib.model.journal import EXIT_CODES, Entry, LeaseRefused, Outcome, Stopped
from deploy_lib.model.release import Options, Release
from deploy_lib.model.state import ServiceState
from deploy_lib.model.traffic import TrafficMap, TrafficTarget
from deploy_lib.plan import Plan
from deploy_lib.run.group import exit_code
from deploy_lib.run.lease import acquire
from deploy_lib.steps.probe import ProbeSettings

FAILED = ("rejected", "restored")


def main(args: argparse.Namespace) -> int:
    selection = select(args, source=False)
    if args.to and len(selection.plans) > 1:
        raise Failure("--to names a revision of one service; give one --service")
    clock = SystemClock()
    with opened(selection, args, clock) as world:
        display = choose(args.output, tuple(plan.service.name for plan in selection.plans))
        outlets = Outlets(selection.config.settings.webhook_env, world.state)
        try:
            with stopping(clock):
                ends = {
                    plan.service.name: _Rollback(world, plan, display, outlets, args).carry_out()
                    for plan in selection.plans
                }
        finally:
            display.close()
    return exit_code(ends)


def target_of(state: ServiceState, to: str | None, *, force: bool) -> TrafficMap:
    """The map to put back. Raises Failure when there is none, or when it leads to a revision known to have failed."""
    if not state.exists:
        raise Failure("there is no such service, so there is nothing to roll back")
    wanted = _wanted(state, to)
    for name in wanted.shares():
        revision = state.revision(name)
        if revision is None:
            known = ", ".join(each.name for each in state.revisions[:5])
            raise Failure(f"there is no revision {name}; the newest are: {known}")
        failed = next((past for past in state.history if past.candidate == name), None)
        if not force and (not revision.ready or (failed and failed.outcome in FAILED)):
            why = revision.reason or (f"release {failed.id} was {failed.outcome}" if failed else "it is not ready")
            raise Failure(f"{name} is recorded as failed ({why}); --force rolls back to it all the same", 1)
    if wanted.shares() == state.traffic.shares():
        raise Failure(f"nothing to do: {state.traffic} serves already", 0)
    return wanted


def _wanted(state: ServiceState, to: str | None) -> TrafficMap:
    tags = tuple(TrafficTarget(revision, 0, tag) for tag, revision in state.traffic.tags().items())
    if to:
        past = next((each for each in state.history if each.id == to), None)
        revision = past.candidate if past else to
        if revision is None:
            raise Failure(f"release {to} made no revision")
        return TrafficMap((TrafficTarget(revision, 100), *tags))
    if state.unfinished and state.unfinished.before.shares():
        return state.unfinished.before
    serving = state.traffic.main_revision()
    maps = [past.traffic for past in state.history if past.traffic.shares()]
    earlier = next((each for each in maps if each.main_revision() != serving), None)
    if earlier is None:
        known = ", ".join(each.name for each in state.revisions if each.ready and each.name != serving) or "none"
        raise Failure(f"the service remembers no earlier traffic; name a revision with --to (ready ones: {known})")
    shares = tuple(TrafficTarget(revision, percent) for revision, percent in earlier.shares().items())
    return TrafficMap((*shares, *tags))


@dataclass(slots=True)
class _Rollback:
    world: World
    plan: Plan
    display: Display
    outlets: Outlets
    args: argparse.Namespace

    def carry_out(self) -> Stopped:
        """Raises Failure and DriverError before anything was changed."""
        plan, clock = self.plan, self.world.clock
        state = self.world.services(plan).read_state(plan.service)
        target = target_of(state, self.args.to, force=self.args.force)
        drivers = self.world.drivers(plan)
        serving = state.traffic.main_revision() or ""
        known = state.revision(target.main_revision() or "")
        release = new_release(plan, (known.commit if known and known.commit else "0" * 40), Options(), clock.now())
        release = replace(release, id=f"{release.id}-rollback", url=state.url, candidate=target.main_revision())
        if not self.args.now:
            self._probe(drivers, release, state, target)
        directory = release_directory(self.world.state, plan.service.project, plan.service.name, release.id)
        file = Journal(directory)

        def note(entry: Entry) -> None:
            file.append(entry)
            self.display.entry(plan.service.name, entry)
            self.outlets.entry(plan, entry)

        try:
            note(journal.Started(clock.now(), release, (), plan.path, holder()))
            stopped = self._moved(drivers, release, target, serving, note)
            note(stopped)
        finally:
            file.close()
        self.outlets.ended(plan, release.id, ())
        return stopped

    def _moved(self, drivers: Drivers, release: Release, target: TrafficMap, serving: str, note: object) -> Stopped:
        assert callable(note)
        now, tell = self.world.clock.now, self._tell
        lease = acquire(drivers, replace(release, before=target), holder(), tell, take_over=self.args.force)
        note(lease)
        if isinstance(lease, LeaseRefused):
            outcome = Outcome.UNKNOWN if lease.errored else Outcome.REJECTED
            return Stopped(now(), outcome, lease.reason, "unchanged; the service was not touched")
        note(journal.RestoreAsked(now(), target, f"a person asked to leave {serving}"))
        request = requests.RestoreTraffic(lease.release, target)
        try:
            answer = drivers.services.restore(request, tell)
        except DriverError as problem:
            answer = Restored(False, target, problem.reason)
        note(journal.RestoreAnswered(now(), answer.whole, answer.now, answer.reason))
        outcome = Outcome.LIVE if answer.whole else Outcome.HELD
        reason = f"rolled back from {serving}" if answer.whole else f"the rollback did not succeed: {answer.reason}"
        try:
            drivers.services.end_lease(requests.EndLease(lease.release, outcome.value, reason))
        except DriverError as problem:
            tell(f"the lease could not be given back and will expire by itself: {problem.reason}")
        return Stopped(now(), outcome, reason, str(answer.now))

    def _probe(self, drivers: Drivers, release: Release, state: ServiceState, target: TrafficMap) -> None:
        """Ask the target where it answers alone. Raises Failure when it does not answer well."""
        url = state.tag_urls.get(
            next((tag for tag, name in state.traffic.tags().items() if name == release.candidate), "")
        )
        step = self.plan.first("probe")
        if url is None or step is None or not isinstance(step.settings, ProbeSettings):
            return
        request = step.kind.ask(step.settings, replace(release, candidate_url=url))
        assert isinstance(request, requests.Probe)
        verdict = step.kind.judge(step.settings, release, drivers.urls.probe(request, self._tell))
        if verdict.status.value != "passed":
            raise Failure(
                f"{release.candidate} does not answer well: {verdict.reason}; --now rolls back to it anyway", 1
            )

    def _tell(self, text: str) -> None:
        self.display.line(self.plan.service.name, text)


__all__ = ["EXIT_CODES", "main", "target_of"]
