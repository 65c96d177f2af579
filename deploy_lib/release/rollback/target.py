"""Which traffic a rollback puts back, and what else there is to go back to. Pure.

Without a name it is what a release that nobody ended found, else the last map that was live before the one that serves
now. A rollback is final: asked for again, it is there already, and never goes one release further.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from deploy_lib.model.answers import UnfinishedRelease
from deploy_lib.model.not_possible import NotPossible
from deploy_lib.model.outcome import Outcome
from deploy_lib.model.release_history import good, is_rollback, rolled_back
from deploy_lib.model.state import PastRelease, ServiceState
from deploy_lib.model.traffic import TrafficMap, TrafficTarget
from deploy_lib.plan import Plan
from deploy_lib.release.rollback.offers import offers
from deploy_lib.steps.canary import CanarySettings

REFUSED = Outcome.REJECTED.exit_code
_COMMIT = re.compile("[0-9a-fA-F]{7,40}")
LAST_RELEASE = "last-release"
"""The name for what the last good release left, whatever was changed by hand since."""


@dataclass(frozen=True, slots=True)
class Choice:
    """`why` says in a clause what `target` is. `there`: it serves already. `ends` is the release that ends by it.

    `passed_over` are better maps that cannot be put back, each with its reason.
    """

    target: TrafficMap
    why: str
    there: bool = False
    ends: UnfinishedRelease | None = None
    passed_over: tuple[str, ...] = ()


def choose(state: ServiceState, to: str | None = None, *, force: bool = False, tag: str = "") -> Choice:
    """Raises NotPossible when there is nothing to go back to, or when it leads to a revision known to have failed.

    `tag` is what releases give their candidates: the one that loses its users by this rollback loses it too.
    """
    if not state.exists:
        raise NotPossible("there is no such service, so there is nothing to roll back", REFUSED)
    choice = _named(state, to) if to else _default(state, force)
    for name in choice.target.shares() if to else ():
        unfit = _unfit(state, name, force)
        if unfit:
            raise NotPossible(unfit, REFUSED)
    there = choice.target.shares() == state.traffic.shares()
    return replace(choice, target=_with_tags(state, choice.target.shares(), tag), there=there, ends=state.left)


def undo(state: ServiceState, release_id: str, *, tag: str = "") -> Choice:
    """What that release found, while the service has it as unfinished. Raises NotPossible when it has not."""
    left = state.unfinished
    if left is None or left.release_id != release_id:
        raise NotPossible(f"release {release_id} left nothing to put back", REFUSED)
    if not left.before.shares():
        raise NotPossible(f"nothing served before release {release_id} began", REFUSED)
    there = left.before.shares() == state.traffic.shares()
    target = _with_tags(state, left.before.shares(), tag)
    return Choice(target, f"what served before release {release_id} began", there=there, ends=left)


def tag_of(plan: Plan) -> str:
    """The tag that the plan gives to candidates."""
    settings = plan.settings(CanarySettings)
    return settings.tag if settings else ""


def _default(state: ServiceState, force: bool) -> Choice:
    now, live = state.traffic, good(state.history)
    undone = _to_undo(state)
    if undone is not None and undone[0].shares() == now.shares():
        return Choice(*undone)
    if undone is None and live and is_rollback(live[0].id) and live[0].traffic.shares() == now.shares():
        return Choice(now, f"rollback {live[0].id} put it back; --to names something older")
    passed_over: list[str] = []
    for target, why in _distinct(now, [*([undone] if undone else ()), *_remembered(state, live)]):
        unfit = [bad for name in target.shares() if (bad := _unfit(state, name, force))]
        if not unfit:
            return Choice(target, why, passed_over=tuple(passed_over))
        passed_over.append(f"not {target} ({why}): {'; '.join(unfit)}")
    if state.left is not None and not passed_over:
        return Choice(now, "there is no earlier traffic, and nothing has to be moved")
    reason = "the service remembers no earlier traffic" if not passed_over else "; ".join(passed_over)
    raise NotPossible(f"{reason}; name what to go back to with --to:\n" + "\n".join(offers(state)), REFUSED)


def _to_undo(state: ServiceState) -> tuple[TrafficMap, str] | None:
    """What the release under way found; None when there is none, or none of it has to be undone."""
    left = state.left
    if left is None or not left.before.shares() or _ended_without_traffic(left, state.history):
        return None
    if is_rollback(left.release_id):
        return left.before, f"what rollback {left.release_id} was putting back"
    return left.before, f"what served before release {left.release_id} began"


def _distinct(now: TrafficMap, maps: Sequence[tuple[TrafficMap, str]]) -> Iterator[tuple[TrafficMap, str]]:
    """Each map once, and none that serves now."""
    seen = [now.shares()]
    for target, why in maps:
        if target.shares() and target.shares() not in seen:
            seen.append(target.shares())
            yield target, why


def _remembered(state: ServiceState, live: Sequence[PastRelease]) -> Iterator[tuple[TrafficMap, str]]:
    """Maps to go back to, the likeliest first."""
    left_behind = rolled_back(state.history)
    for index, past in enumerate(live):
        if past.id not in left_behind:
            yield past.traffic, f"what release {past.id} left"
            if index == 0 and not is_rollback(past.id):
                yield past.before, f"what served before release {past.id}"
    shares = state.traffic.shares()
    stable = state.traffic.main_revision()
    if not live and stable is not None and shares[stable] > 50:
        yield TrafficMap((TrafficTarget(stable, 100),)), "it has the most traffic, and no release is remembered"


def _ended_without_traffic(left: UnfinishedRelease, history: Sequence[PastRelease]) -> bool:
    """It ended by itself, and its users never met it: nothing of it has to be undone.

    One that `resume` could go on with has not: to give it up is what a rollback is offered for, and moves no user.
    """
    return left.asked == 0 and any(
        past.id == left.release_id and not past.outcome.is_open and past.outcome is not Outcome.INTERRUPTED
        for past in history
    )


def _named(state: ServiceState, to: str) -> Choice:
    if to == LAST_RELEASE:
        last = next(iter(good(state.history)), None)
        if last is None:
            raise NotPossible(f"no good release is remembered; choose with --to:\n{_offered(state)}", REFUSED)
        return Choice(last.traffic, f"what release {last.id} left")
    past = next((each for each in state.history if each.id == to), None)
    if past is not None and is_rollback(past.id):
        return Choice(past.traffic, f"what rollback {to} put back")
    if past is not None and past.candidate is None:
        raise NotPossible(f"release {to} made no revision; choose with --to:\n{_offered(state)}", REFUSED)
    past = past or _of_commit(state, to)
    name = (past.candidate if past else None) or to
    if state.revision(name) is None:
        gone = (
            f"the revision {name} of release {past.id} was deleted"
            if past
            else f"there is no revision {to}, nor release or commit"
        )
        raise NotPossible(f"{gone}; choose with --to:\n{_offered(state)}", REFUSED)
    why = f"the revision of release {past.id}" if past else "the revision that was named"
    return Choice(TrafficMap((TrafficTarget(name, 100),)), why)


def _of_commit(state: ServiceState, to: str) -> PastRelease | None:
    """The newest release of that commit, a good one before any other; a commit may be shortened as git shortens it."""
    found = [
        past
        for past in state.history
        if _COMMIT.fullmatch(to) and past.commit.startswith(to.lower()) and past.candidate and not is_rollback(past.id)
    ]
    return next(iter([*good(found), *found]), None)


def _offered(state: ServiceState) -> str:
    return "\n".join(offers(state))


def _unfit(state: ServiceState, name: str, force: bool) -> str:
    """Why nobody should be led to that revision; empty when it may serve."""
    revision = state.revision(name)
    if revision is None:
        return f"the revision {name} was deleted"
    releases = [past for past in state.history if past.candidate == name and not is_rollback(past.id)]
    blamed = bool(releases) and releases[0].image_is_to_blame
    if force or (revision.ready and not blamed):
        return ""
    why = revision.reason or (f"release {releases[0].id} was {releases[0].outcome}" if releases else "it is not ready")
    return f"{name} is recorded as failed ({why}); --force rolls back to it all the same"


def _with_tags(state: ServiceState, shares: dict[str, int], tag: str) -> TrafficMap:
    """The shares with the tags as they are now, but those of candidates that end by this rollback: a tagged revision
    keeps its minimum instances running (https://cloud.google.com/run/docs/configuring/min-instances)."""
    tags = dict(state.traffic.tags())
    if tags.get(tag, "") in state.traffic.shares().keys() - shares.keys():
        del tags[tag]
    if state.left and state.left.tag and tags.get(state.left.tag, "") == state.left.candidate:
        del tags[state.left.tag]
    tagged = tuple(TrafficTarget(revision, 0, tag) for tag, revision in tags.items())
    return TrafficMap((*(TrafficTarget(revision, percent) for revision, percent in shares.items()), *tagged))
