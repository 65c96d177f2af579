"""Builds that carry out releases, shown as if they were carried out here.

Whoever leaves, or is killed, loses nothing: `resume` finds the build by its service, and shows all of it again. Of all
who are notified, each is told once: by the build, or, where that takes a secret of the client's, by the client.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from deploy_lib.cli.notifications import Notifier
from deploy_lib.cli.paths import release_directory, releases_directory
from deploy_lib.cli.run_output import RunOutput, run_output
from deploy_lib.cli.selection import Selection
from deploy_lib.cli.session import Session
from deploy_lib.cli.show.display import Display
from deploy_lib.drivers.interface import DriverError, Interrupted
from deploy_lib.journal import decode, read
from deploy_lib.model.journal import Entry, Started, Stopped
from deploy_lib.model.not_possible import NotPossible
from deploy_lib.model.notices import Subscription
from deploy_lib.model.outcome import Outcome, exit_code_of
from deploy_lib.model.release_ids import is_of
from deploy_lib.model.requests import Worker
from deploy_lib.model.service import Service
from deploy_lib.model.state import ServiceState
from deploy_lib.plan import Plan
from deploy_lib.release.last_line import stopped
from deploy_lib.steps.build import BuildSettings

if TYPE_CHECKING:
    from deploy_lib.drivers.builds.handed_releases import HandedBuild


AWAY = "on Cloud Build"
"""In the name of whoever holds the lease of a release that a build carries out."""


def told_by_build(told: Sequence[Subscription]) -> list[Subscription]:
    """Those that take no variable: the client's are not in its builds."""
    return [each for each in told if not each.variable]


def told_by_client(told: Sequence[Subscription]) -> list[Subscription]:
    return [each for each in told if each.variable]


def begun_here(session: Session, plans: Sequence[Plan]) -> bool:
    """Whether what is followed of those services was begun on this machine, which told of it up to here."""
    return any(_begun_here(session, plan) for plan in plans)


def find(session: Session, states: Sequence[tuple[Plan, ServiceState]]) -> list[HandedBuild]:
    """The builds to follow: those under way, and those that were followed from here before and not to their end."""
    found: dict[str, HandedBuild] = {}
    for plan, state in states:
        holds, begun = state.lease is not None and AWAY in state.lease.holder, _begun_here(session, plan)
        try:
            newest = session.handed.newest(plan.service, worker_of(plan)) if holds or begun else None
        except DriverError:
            continue  # what the service itself says is gone on with
        id_ = release_of(plan.service, newest) if newest is not None else None
        if newest is not None and id_ is not None and (newest.under_way or id_ == begun):
            found[newest.id] = newest
    return [*found.values()]


@dataclass(slots=True)
class BuildFollower:
    """Shows builds as if their releases were carried out here, and keeps their journals."""

    session: Session
    selection: Selection
    display: Display
    notifier: Notifier

    def leaving(self, by: str) -> None:
        """Answers a signal at once."""
        for plan in self.selection.plans:
            self.display.line(plan.service.label, f"{by}: leaving; the release goes on without this client")

    def carried_out(self, builds: Sequence[HandedBuild]) -> int:
        """The exit code, as of releases on this machine. Raises NotPossible for who leaves before the end."""
        with ThreadPoolExecutor(max_workers=len(builds)) as pool:
            running = [pool.submit(self._follow, each) for each in builds]
        try:
            ends = [each.result() for each in running]
        except Interrupted:
            raise NotPossible(f"left; {self._goes_on(builds)}", Outcome.INTERRUPTED.exit_code) from None
        except DriverError as problem:
            lost = f"the build can no longer be followed: {problem.with_remedy}; {self._goes_on(builds)}"
            raise NotPossible(lost, Outcome.UNKNOWN.exit_code) from problem
        if len(ends) == 1 and ends[0].code is not None:
            return ends[0].code
        return exit_code_of({outcome for end in ends for outcome in end.outcomes})

    def _goes_on(self, builds: Sequence[HandedBuild]) -> str:
        program, ids = self.selection.program, " and ".join(each.id for each in builds)
        return (
            f"the release goes on in build {ids}\n"
            f"  {program.command('resume', note='follow it again, from its start')}\n"
            f"  {program.command('status', note='what serves, and who deploys')}\n"
            f"  {program.command('rollback', '--force', note='end it, and put back what served before')}"
        )

    def _follow(self, build: HandedBuild) -> _End:
        plans = {plan.service.label: plan for plan in self.selection.plans}
        ids = {name: found for name, plan in plans.items() if (found := release_of(plan.service, build))}
        first = plans[next(iter(ids))]
        with ExitStack() as journals:
            events = BuildEvents({name: self._output(plans[name], id_, journals) for name, id_ in ids.items()})
            for name, id_ in ids.items():
                place = release_directory(self.session.state, first.service.project, plans[name].service.name, id_)
                events.known[name] = len(read(place).entries)
            page = f": {build.page}" if build.page else ""
            events.tell(f"build {build.id} carries the release out{page}")
            worker = worker_of(first)
            ended = self.session.handed.follow(build, first.service, worker, events.line, events.tell)
            for name in sorted(ids.keys() - events.stopped.keys()):
                if ended.code is None:
                    events.entry(name, self._unended(plans[name], ended))
                else:
                    status, code = plans[name].program.command("status"), ended.code
                    events.outputs[name].tell(f"the log does not tell the end, which was exit code {code}: {status}")
        for name, id_ in ids.items():
            self.notifier.ended(plans[name], id_)
        complete = {*ids.values()} == {*build.releases}
        outcomes = frozenset(each.outcome for each in events.stopped.values()) or frozenset({Outcome.UNKNOWN})
        return _End(ended.code if complete else None, outcomes)

    def _output(self, plan: Plan, release_id: str, journals: ExitStack) -> RunOutput:
        made = run_output(self.session.state, plan, release_id, self.display, self.notifier)
        return journals.enter_context(made)

    def _unended(self, plan: Plan, ended: HandedBuild) -> Stopped:
        reason = f"build {ended.id} ended ({ended.status.lower()}) before the release did"
        commands = (plan.program.command("resume"), plan.program.command("status"))
        services, now = self.session.services(plan), self.session.clock.now()
        return stopped(services, plan.service, now, Outcome.UNKNOWN, reason, commands, "the build's log has the rest")


@dataclass(frozen=True, slots=True)
class _End:
    """`code` is that of the command in the build, where it speaks for all services that are shown here."""

    code: int | None
    outcomes: frozenset[Outcome]


@dataclass(slots=True)
class BuildEvents:
    """Lines of a build's command, each taken to the journal and the display of its service.

    `known`: so many entries of a service are in its journal already, and are only shown. Once all services have
    stopped, the build's own ending is not shown: their last line says what serves.
    """

    outputs: Mapping[str, RunOutput]
    known: dict[str, int] = field(default_factory=dict)
    stopped: dict[str, Stopped] = field(default_factory=dict)

    def tell(self, text: str) -> None:
        """A line that is of no service."""
        self._show(next(iter(self.outputs)), text)

    def _show(self, service: str, text: str) -> None:
        if self.outputs.keys() - self.stopped.keys():
            self.outputs[service].tell(text)

    def line(self, text: str) -> None:
        """One line of output; what is not an event is shown as it is."""
        try:
            event = json.loads(text)
            service = event["service"]
        except (ValueError, KeyError, TypeError):
            self.tell(text)
            return
        if service not in self.outputs:
            return
        if event.get("type") == "progress":
            self._show(service, str(event.get("text", "")))
            return
        try:
            self.entry(service, decode(text.encode()))
        except ValueError:
            self.tell(text)

    def entry(self, service: str, entry: Entry) -> None:
        """To the journal, unless it is there; one that cannot be written is shown all the same."""
        output = self.outputs[service]
        if isinstance(entry, Stopped):
            self.stopped[service] = entry
        if self.known.get(service, 0) > 0:
            self.known[service] -= 1
            output.show(entry)
            return
        try:
            output.note(entry)
        except OSError:
            output.show(entry)


def release_of(service: Service, build: HandedBuild) -> str | None:
    """The id of the service's release among those of a build."""
    return next((each for each in build.releases if is_of(each, service)), None)


def _begun_here(session: Session, plan: Plan) -> str:
    """The newest release of the service here, when it was handed over and its end was not seen; else empty."""
    root = releases_directory(session.state, plan.service.project) / plan.service.name
    own = (path for path in root.glob("*") if is_of(path.name, plan.service) and path.is_dir())
    newest = max(own, key=lambda path: path.name, default=None)
    entries = read(newest).entries if newest is not None else ()
    away = not entries or (isinstance(entries[0], Started) and AWAY in entries[0].holder)
    return newest.name if newest is not None and away and not isinstance((entries or (None,))[-1], Stopped) else ""


def worker_of(plan: Plan) -> Worker:
    """Where and as whom the plan's builds run."""
    build = plan.settings(BuildSettings)
    return build.worker if build else Worker()
