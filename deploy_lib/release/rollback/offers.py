"""What there is to go back to, the good first: for people who were told that what they named is not there. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from deploy_lib.model.outcome import Outcome
from deploy_lib.model.release_history import is_rollback, rolled_back
from deploy_lib.model.state import PastRelease, ServiceState
from deploy_lib.plan import Plan

SHOWN = 8  # revisions
OFFERED = 3  # of them, as commands


def offers(state: ServiceState) -> Iterator[str]:
    """A line for each release of the service's history, and for the newest revisions that no release names."""
    if not state.history and not state.revisions:
        yield "  nothing: the service has no revision"
        return
    left_behind, serving = rolled_back(state.history), state.traffic.shares()
    ranked = sorted(state.history, key=lambda past: past.outcome is not Outcome.LIVE or past.id in left_behind)
    for past in ranked:
        revision = state.revision(past.candidate) if past.candidate else None
        what = "rolled back" if past.id in left_behind else past.outcome.value
        gone = ", deleted" if past.candidate and revision is None and not is_rollback(past.id) else ""
        leads = str(past.traffic) if is_rollback(past.id) else f"{past.candidate or 'no revision'}{gone}"
        yield f"  release   {past.id}  {what}  {_when(past.at)}  commit {past.commit[:7]}  {leads}"
    for revision in state.revisions[:SHOWN]:
        commit = f"  commit {revision.commit[:7]}" if revision.commit else ""
        share = f"  {serving[revision.name]} % now" if revision.name in serving else ""
        state_words = _outcome(state, revision.name) if revision.ready else f"not ready: {revision.reason}"
        yield f"  revision  {revision.name}  {state_words}  {_when(revision.created)}{commit}{share}"


def older(state: ServiceState) -> Iterator[tuple[str, str]]:
    """Ready revisions, and when each was made, from before the one that most users get; the newest first.

    Only of a service that remembers no release: else its releases say what was good, and what was not.
    """
    serving = state.revision(state.traffic.main_revision() or "")
    if state.history or serving is None or serving.created is None:
        return
    known = [(each.created, each.name) for each in state.revisions if each.ready and each.created]
    before = sorted(((at, name) for at, name in known if at < serving.created), reverse=True)
    yield from ((name, _when(at)) for at, name in before[:OFFERED])


def commands(plan: Plan, state: ServiceState) -> tuple[str, ...]:
    """How to go back to each of `older`."""
    return tuple(
        plan.program_here.command(
            "rollback", "--to", name, note=f"made {when}, ready; it is asked before it gets users"
        )
        for name, when in older(state)
    )


def _outcome(state: ServiceState, revision: str) -> str:
    past: PastRelease | None = next(
        (each for each in state.history if each.candidate == revision and not is_rollback(each.id)), None
    )
    return past.outcome.value if past else "ready, of no release that is remembered"


def _when(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC" if at else "at an unknown time"
