"""Which steps may follow each other, and whether a plan can come to an end. Pure over the kinds' places."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from deploy_lib.plan import Step
from deploy_lib.steps.catalogue import KINDS


def problems(steps: Sequence[Step]) -> Iterator[tuple[Step, str]]:
    """Each step that cannot stand where it stands, and why."""
    seen: list[str] = []
    own: set[str] = set()
    mover: Step | None = None
    percent = 0
    for step in steps:
        name, place = step.kind.name, step.position
        if place.needs and place.needs.kind not in seen:
            yield step, f"{name} needs {place.needs.kind} before it: {place.needs.why}"
        if place.not_after and place.not_after.kind in seen:
            yield step, f"{name} cannot follow {place.not_after.kind}: {place.not_after.why}"
        if place.once and name in seen:
            yield step, f"{name} may occur only once"
        apart = place.apart(step.settings)
        if apart and f"{name} {apart}" in own:
            yield step, f"two steps {name} have {apart}; give one of them another"
        own.add(f"{name} {apart}")
        share, wanted = place.gives(step.settings), place.expects(step.settings)
        if share:
            if share <= percent:
                yield step, f"{name} {share} % cannot follow {name} {percent} %: shares only grow"
            mover, percent = step, max(percent, share)
        if mover and wanted > percent:
            moving = mover.kind.name
            after = f"right after {moving} {percent} %"
            why = f"{name} expects {wanted} % of the traffic {after}, so no release could pass it"
            other = f", or say percent: {percent}" if "percent" in type(step.settings).model_fields else ""
            yield step, f"{why}; put it after {moving}: {{percent: {wanted}}}{other}"
        seen.append(name)
    if mover and percent < 100:
        yield mover, f"the last {mover.kind.name} ends at {percent} %; add {mover.kind.name}: {{percent: 100}}"


def without_end(steps: Sequence[Step]) -> Iterator[tuple[Step, str]]:
    """The last step of a plan that could end neither live nor ready, and what to add."""
    if not steps or any(step.position.brings_candidate for step in steps):
        return
    names = [step.kind.name for step in steps]
    bringing = next(kind for kind in KINDS.values() if kind.position.brings_candidate)
    before = bringing.position.needs
    missing = [name for name in (before.kind if before else "", bringing.name) if name and name not in names]
    moving = next(name for name, kind in KINDS.items() if kind.position.moves_traffic)
    confirming = next(name for name, kind in KINDS.items() if kind.position.confirms)
    why = f"a release would end here with nothing released; add {' and '.join(missing)} to bring up a candidate "
    yield steps[-1], f"{why}without users, and {moving}: {{percent: 100}} and {confirming} after it to make it live"
