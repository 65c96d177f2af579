"""Releases handed to the executor, one or several side by side."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import partial

from deploy_lib.diagnose.remedy_context import RemedyContext
from deploy_lib.diagnose.verdict import diagnose
from deploy_lib.drivers.interface import Clock, Drivers, Interrupted
from deploy_lib.drivers.processes import with_process
from deploy_lib.model.cause import Cause
from deploy_lib.model.evidence import Evidence
from deploy_lib.model.findings import Finding
from deploy_lib.model.journal import Entry, Stopped
from deploy_lib.model.journal_queries import last_requests_made
from deploy_lib.model.release import Release
from deploy_lib.plan import Plan
from deploy_lib.release.context import ReleaseContext
from deploy_lib.release.executor import execute
from deploy_lib.release.final_message import last_seen
from deploy_lib.release.group import Ended, Member, release_all
from deploy_lib.release.last_line import stopped_half_way
from deploy_lib.release.membership import Membership, Others
from deploy_lib.release.output import Output
from deploy_lib.release.real import RealRelease
from deploy_lib.release.shared_builds import SharedBuilds


@dataclass(slots=True)
class ReleaseRunner:
    """`earlier` and `unwritten` as in RealRelease; `wait` and `take_over` as in ReleaseContext.

    `output` is open while the release runs, and `ended` is called when it has ended and the output is closed.
    `drivers` makes them when they are needed; `remedy_context` tells what advice about a release is checked against.
    """

    plan: Plan
    release: Release
    drivers: Callable[[], Drivers]
    output: Callable[[], AbstractContextManager[Output]]
    remedy_context: Callable[[Release], RemedyContext]
    ended: Callable[[], None]
    holder: str
    take_over: bool = False
    wait: float = 0.0
    earlier: Sequence[Entry] = ()
    unwritten: Sequence[Entry] = ()
    image: SharedBuilds | None = None  # what the regions of its service share; None where it has one
    thread: int | None = None  # the one that carries it out
    leaves_choice: bool = True  # what it was held for leaves a person something to decide

    def carry_out(self, others: Others) -> Stopped:
        """To its last line. Raises Interrupted when a person would not wait for the traffic to be put back."""
        self.thread, plan = threading.get_ident(), self.plan
        with self.output() as output:

            def cause_of(evidence: Evidence, findings: tuple[Finding, ...], release: Release) -> Cause:
                requests = last_requests_made(context.entries)
                return diagnose(evidence, findings, plan.service, requests, self.remedy_context(release))

            drivers, holder = self.drivers(), with_process(self.holder)
            if self.image is not None:
                drivers = replace(drivers, builds=self.image.for_region(plan.service, drivers.builds))
            context = ReleaseContext(
                plan, drivers, output.note, output.tell, cause_of, holder, take_over=self.take_over, wait=self.wait
            )
            try:
                stopped = execute(RealRelease(context, self.release, self.earlier, self.unwritten, Membership(others)))
            except Interrupted:
                resume, seen = plan.program.command("resume"), last_seen(context.entries)
                now = drivers.clock.now()
                output.show(stopped_half_way(drivers.services, plan.service, now, resume, seen))
                raise
        self.leaves_choice = not context.release.first
        self.ended()
        return stopped


def release_together(runners: Sequence[ReleaseRunner], clock: Clock, recall: Callable[[int], None]) -> Ended:
    """Side by side, each after those it waits for; `recall` ends the waits of a thread.

    Raises Interrupted when all have ended and one of them was interrupted while its traffic was being put back.
    """

    def recall_one(each: ReleaseRunner) -> None:
        if each.thread is not None:
            recall(each.thread)

    def member(each: ReleaseRunner) -> Member:
        service, others = each.plan.service, [other.plan.service for other in runners if other is not each]
        return Member(
            service.label,
            tuple(other.label for other in others if service.comes_after(other)),
            each.carry_out,
            partial(recall_one, each),
            keep=each.release.options.keep,
            regions=frozenset(other.label for other in others if other.name == service.name),
            leaves_choice=lambda: each.leaves_choice,
        )

    images: dict[str, SharedBuilds] = {}
    for each in runners:
        if each.plan.service.regions:
            each.image = images.setdefault(each.plan.service.name, SharedBuilds(each.release, clock))
    return release_all([member(each) for each in runners], clock)
