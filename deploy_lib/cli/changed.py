"""--changed: of the services that a command line names, those that have changed since their last live release.

Each is told with why it is or is not released, before anything is done.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from deploy_lib.cli.selection import Selection
from deploy_lib.cli.session import Session
from deploy_lib.cli.show.console import say, say_json
from deploy_lib.cli.side_by_side import side_by_side
from deploy_lib.drivers.interface import DriverError
from deploy_lib.model.release import Release
from deploy_lib.model.since_live import changes_since_live, same_since_live
from deploy_lib.model.state import ServiceState
from deploy_lib.model.variables import for_release
from deploy_lib.plan import Plan
from deploy_lib.source.archive import context_hash
from deploy_lib.steps.canary import CanarySettings, CreateRevision


@dataclass(frozen=True, slots=True)
class ChangeOfService:
    """Why a service is released; `same` says why not, where there is no reason."""

    why: tuple[str, ...]
    same: str = ""


def only_changed(
    session: Session, selection: Selection, releases: Sequence[Release], *, as_text: bool
) -> tuple[Plan, ...]:
    """The plans of the services that have changed; `releases` are in the order of the plans. Raises Interrupted."""
    pairs = list(zip(selection.plans, releases, strict=True))
    found = side_by_side(lambda pair: _change(session, *pair), pairs)
    changed = []
    for plan, change in zip(selection.plans, found, strict=True):
        if change.why:
            changed.append(plan)
        _tell(plan, change, as_text=as_text)
    if not changed and as_text:
        say("nothing has changed since what serves; nothing was released")
    return tuple(changed)


def _change(session: Session, plan: Plan, release: Release) -> ChangeOfService:
    """What cannot be found out is released, and the release says what is wrong."""
    services, source = session.services(plan), plan.service.source
    try:
        state = services.read_state(plan.service)
        context = context_hash(session.staged(release), source.args, source.target)
        settings = plan.settings(CanarySettings) or CanarySettings()
        preview = services.preview(CreateRevision(_as_it_serves(plan, release, state), settings))
    except DriverError as problem:
        return ChangeOfService((f"whether it changed could not be found out: {problem.reason}",))
    why = changes_since_live(state, context, preview.changed)
    return ChangeOfService(why, "" if why else f"{same_since_live(state)}; serving: {state.traffic}")


def _as_it_serves(plan: Plan, release: Release, state: ServiceState) -> Release:
    """The release as if it were the one that serves: another commit alone is not another setting (`${COMMIT}`)."""
    main = state.traffic.main_revision()
    past = next((past for past in state.history if past.candidate and past.candidate == main), None)
    if past is not None:
        service = for_release(plan.service, past.commit, past.id)
        release = replace(release, id=past.id, commit=past.commit, service=service)
    return replace(release, before=state.traffic)


def _tell(plan: Plan, change: ChangeOfService, *, as_text: bool) -> None:
    name, told = plan.service.label, "; ".join(change.why) or change.same
    if not as_text:
        what = "changed" if change.why else "unchanged"
        say_json({"type": what, "service": name, "why": list(change.why) or [change.same]})
    else:
        say(f"{name}: {'released' if change.why else 'not released'}: {told}")
