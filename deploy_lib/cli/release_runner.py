"""Hands one release of one service to the executor, with the drivers it needs and the places its entries go to."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass

from deploy_lib.cli.ground import ground_of
from deploy_lib.cli.identity import holder
from deploy_lib.cli.notifications import Notifier
from deploy_lib.cli.run_output import OpenJournal, run_output
from deploy_lib.cli.session import Session
from deploy_lib.cli.show.display import Display
from deploy_lib.diagnose import diagnose
from deploy_lib.drivers.interface import Interrupted
from deploy_lib.drivers.processes import with_process
from deploy_lib.journal import Journal
from deploy_lib.model.evidence import Cause, Evidence
from deploy_lib.model.findings import Finding
from deploy_lib.model.journal import Entry, Stopped
from deploy_lib.model.journal_queries import last_requests_made
from deploy_lib.model.release import Release
from deploy_lib.plan import Plan
from deploy_lib.release.context import ReleaseContext
from deploy_lib.release.executor import execute
from deploy_lib.release.final_message import last_seen
from deploy_lib.release.last_line import stopped_half_way
from deploy_lib.release.membership import Membership, Others
from deploy_lib.release.real import RealRelease


@dataclass(slots=True)
class ReleaseRunner:
    """`earlier` and `unwritten` as in RealRelease. `thread` is the one that carries the release out."""

    session: Session
    plan: Plan
    release: Release
    display: Display
    notifier: Notifier
    take_over: bool = False
    wait: float = 0.0
    earlier: Sequence[Entry] = ()
    unwritten: Sequence[Entry] = ()
    open_journal: OpenJournal = Journal
    thread: int | None = None

    def carry_out(self, others: Others) -> Stopped:
        """To its last line. Raises Interrupted."""
        self.thread, plan = threading.get_ident(), self.plan
        with run_output(
            self.session.state, plan, self.release.id, self.display, self.notifier, self.open_journal
        ) as output:

            def cause_of(evidence: Evidence, findings: tuple[Finding, ...], release: Release) -> Cause:
                ground = ground_of(self.session, plan, release)
                return diagnose(evidence, findings, plan.service, last_requests_made(this.entries), ground)

            this = ReleaseContext(
                plan,
                self.session.drivers(plan),
                output.note,
                output.tell,
                cause_of,
                with_process(holder()),
                take_over=self.take_over,
                wait=self.wait,
            )
            release = RealRelease(this, self.release, self.earlier, self.unwritten, Membership(others))
            try:
                stopped = execute(release)
            except Interrupted:
                services, resume = self.session.services(plan), plan.program.command("resume")
                now, seen = self.session.clock.now(), last_seen(this.entries)
                output.show(stopped_half_way(services, plan.service, now, resume, seen))
                raise
        self.notifier.ended(plan, self.release.id)
        return stopped
