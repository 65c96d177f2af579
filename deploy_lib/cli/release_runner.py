"""What one release needs of this machine: drivers, and the places its entries and lines go to."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from deploy_lib.cli.identity import holder
from deploy_lib.cli.notifications import Notifier
from deploy_lib.cli.remedy_context import remedy_context
from deploy_lib.cli.run_output import OpenJournal, run_output
from deploy_lib.cli.session import Session
from deploy_lib.cli.show.display import Display
from deploy_lib.journal import Journal
from deploy_lib.model.journal import Entry
from deploy_lib.model.release import Release
from deploy_lib.plan import Plan
from deploy_lib.release.runner import ReleaseRunner


def release_runner(
    session: Session,
    plan: Plan,
    release: Release,
    display: Display,
    notifier: Notifier,
    *,
    take_over: bool = False,
    wait: float = 0.0,
    earlier: Sequence[Entry] = (),
    unwritten: Sequence[Entry] = (),
    open_journal: OpenJournal = Journal,
    who: str = "",
) -> ReleaseRunner:
    """Nothing is opened before it runs. `who` holds the lease, by default the person or the CI run here."""
    return ReleaseRunner(
        plan,
        release,
        drivers=partial(session.drivers, plan),
        output=partial(run_output, session.state, plan, release.id, display, notifier, open_journal),
        remedy_context=partial(remedy_context, session, plan),
        ended=partial(notifier.ended, plan, release.id),
        holder=who or holder(),
        take_over=take_over,
        wait=wait,
        earlier=earlier,
        unwritten=unwritten,
    )
