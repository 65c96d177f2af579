"""Whether a release can go on by the file as it is now: its regions and its steps up to there must be in it. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from deploy_lib.model.journal import Asked, Entry
from deploy_lib.model.journal_queries import planned_steps
from deploy_lib.model.not_possible import NotPossible
from deploy_lib.model.release import Release
from deploy_lib.plan import Plan
from deploy_lib.steps.catalogue import KINDS


def refuse_lost_regions(plan: Plan, release_id: str, regions: Sequence[str]) -> None:
    """`regions` are those that the release was begun in, as far as they are known; else its id tells.

    Raises NotPossible, since users of a region that is not in the file any more would be left half way.
    """
    service = plan.service
    lost = [each for each in regions if each not in (service.regions or (service.region,))]
    several = not service.regions and f"-{service.name}-{service.region}-" in release_id
    if lost or several:
        which = _listed(lost) if lost else "another region"
        raise NotPossible(
            f"{service.label}: release {release_id} was begun in several regions, and {which} is not in "
            f"{plan.path or 'its file'} any more; put it back there, and then resume or roll back"
        )


def refuse_changed_steps(plan: Plan, entries: Sequence[Entry], release: Release, step: int) -> None:
    """`step` is where it goes on, by the plan that it began with. What comes after that may change, and so may the step
    itself where it leaves nothing behind.

    Raises NotPossible, since what a step did is taken back only by itself, and no step may be left out or run twice.
    """
    then, now = planned_steps(entries), tuple(each.label for each in plan.steps)
    left = {entry.label for entry in entries if isinstance(entry, Asked) and _leaves_something(entry.kind)}
    through = step + (step < len(then) and then[step] in left)
    if not then or now[:through] == then[:through]:
        return
    gone = [label for label in then[:through] if label not in now]
    new = [label for label in now[:through] if label not in then]
    what = "; ".join(
        [
            *([f"it went through {_listed(gone)}, not there now"] if gone else []),
            *([f"{_listed(new)} {'are' if len(new) > 1 else 'is'} new"] if new else []),
        ]
    )
    stays = [label for label in gone if label in left]
    rollback = plan.program.command("rollback")
    raise NotPossible(
        f"{plan.service.label}: the steps of {plan.path or 'its file'} have changed since release {release.id} began "
        f"({what or 'their order'}); make them as they were and resume, or give it up with {rollback}"
        + (f", after which what {_listed(stays)} did stays" if stays else "")
    )


def _leaves_something(kind: str) -> bool:
    return kind in KINDS and KINDS[kind].has_a_way_back


def _listed(labels: Sequence[str]) -> str:
    return ", ".join(labels)
