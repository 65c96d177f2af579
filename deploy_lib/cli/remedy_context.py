"""What the advice of a failed release is checked against: its configuration, and the commit as it is staged."""

from __future__ import annotations

from deploy_lib.cli.session import Session
from deploy_lib.diagnose.remedy_context import RemedyContext
from deploy_lib.drivers.interface import DriverError
from deploy_lib.model.release import Release
from deploy_lib.plan import Plan
from deploy_lib.source.repository_facts import RepositoryFacts


def remedy_context(session: Session, plan: Plan, release: Release) -> RemedyContext:
    """Without `source` where the commit cannot be read: then the advice is more general, and never wrong."""
    steps = {f"step {step.kind.name}": step.place.rpartition(":")[0] for step in reversed(plan.steps) if step.place}
    return RemedyContext(plan.program, plan.local, release.id, {**plan.places, **steps}, _source(session, release))


def _source(session: Session, release: Release) -> RepositoryFacts | None:
    from deploy_lib.drivers.builds.source_analysis import entrypoint_of
    from deploy_lib.source.entrypoint import start_of

    try:
        staged = session.staged(release)
        entry = entrypoint_of(staged, start_of(release.service))
        return RepositoryFacts(
            staged, entry.roots if entry else (), lambda: session.source.missing_file_context(release.commit)
        )
    except DriverError:
        return None
