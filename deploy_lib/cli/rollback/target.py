"""Which traffic a rollback puts back: by default what was there before the release that serves now. Pure.

Rolling back twice goes back twice: a rollback is remembered like a release, but it is not a place to go back to.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from deploy_lib.cli.failure import Failure
from deploy_lib.model.outcome import Outcome
from deploy_lib.model.state import PastRelease, ServiceState
from deploy_lib.model.traffic import TrafficMap, TrafficTarget

REFUSED = 1  # exit code


def target_of(state: ServiceState, to: str | None, *, force: bool) -> TrafficMap | None:
    """The map to put back; None when it serves already.

    Raises Failure when there is none, or when it leads to a revision known to have failed.
    """
    if not state.exists:
        raise Failure("there is no such service, so there is nothing to roll back")
    wanted = _named(state, to) if to else _earlier(state)
    for name in wanted.shares():
        _check(state, name, force)
    return None if wanted.shares() == state.traffic.shares() else wanted


def _check(state: ServiceState, name: str, force: bool) -> None:
    revision = state.revision(name)
    if revision is None:
        known = ", ".join(each.name for each in state.revisions[:5])
        raise Failure(f"there is no revision {name}; the newest are: {known}", REFUSED)
    past = next((past for past in state.history if past.candidate == name), None)
    if force or (revision.ready and (past is None or not past.image_is_to_blame)):
        return
    why = revision.reason or (f"release {past.id} was {past.outcome}" if past else "it is not ready")
    raise Failure(f"{name} is recorded as failed ({why}); --force rolls back to it all the same", REFUSED)


def _named(state: ServiceState, to: str) -> TrafficMap:
    past = next((each for each in state.history if each.id == to), None)
    revision = past.candidate if past else to
    if revision is None:
        raise Failure(f"release {to} made no revision", REFUSED)
    return _with_tags(state, {revision: 100})


def _earlier(state: ServiceState) -> TrafficMap:
    if state.unfinished and state.unfinished.before.shares():
        return state.unfinished.before
    serving = state.traffic.main_revision()
    earlier = next(
        (each for each in _maps(state.history, serving) if each.main_revision() not in (None, serving)), None
    )
    if earlier is None:
        known = ", ".join(each.name for each in state.revisions if each.ready and each.name != serving) or "none"
        raise Failure(
            f"the service remembers no earlier traffic; name a revision with --to (ready ones: {known})", REFUSED
        )
    return _with_tags(state, earlier.shares())


def _maps(history: Sequence[PastRelease], serving: str | None) -> Iterator[TrafficMap]:
    """The maps to go back to, the likeliest first; what came after the release that serves now is none of them."""
    made = next((index for index, past in enumerate(history) if _made(past, serving)), None)
    if made is not None:
        yield history[made].before
    for past in history[0 if made is None else made + 1 :]:
        yield past.traffic


def _made(past: PastRelease, serving: str | None) -> bool:
    """The release that made live what serves now; a rollback to it found it made already."""
    return past.outcome is Outcome.LIVE and past.candidate == serving and past.before.main_revision() != serving


def _with_tags(state: ServiceState, shares: dict[str, int]) -> TrafficMap:
    tags = tuple(TrafficTarget(revision, 0, tag) for tag, revision in state.traffic.tags().items())
    return TrafficMap((*(TrafficTarget(revision, percent) for revision, percent in shares.items()), *tags))
