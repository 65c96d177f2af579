"""What this machine's journals know of a service that remembers nothing: somebody may have removed its annotations."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path

from deploy_lib.cli.paths import releases_directory
from deploy_lib.journal import read
from deploy_lib.model.answers import UnfinishedRelease
from deploy_lib.model.journal import Asked, Stopped
from deploy_lib.model.journal_queries import latest_release, traffic_may_have_moved
from deploy_lib.model.outcome import Outcome
from deploy_lib.model.release import Release
from deploy_lib.model.state import PastRelease, ServiceState
from deploy_lib.model.traffic import TrafficMap, TrafficTarget
from deploy_lib.plan import Plan

LOOKED_AT = 20  # journals


def with_memory(state: ServiceState, directory: Path, plan: Plan) -> ServiceState:
    """The state with the history, and the release left unfinished, that the journals in `directory` tell of.

    Unchanged where the service has a history or a record of its own, which is true on any machine.
    """
    if not state.exists or state.history or state.left:
        return state
    root = releases_directory(directory, plan.service.project) / plan.service.name
    newest = sorted((path for path in root.glob("*") if path.is_dir()), key=lambda path: path.name, reverse=True)
    past: list[PastRelease] = []
    left: UnfinishedRelease | None = None
    for path in newest[:LOOKED_AT]:
        entries = read(path).entries
        release = latest_release(entries)
        if release is None or release.before is None:
            continue
        last = entries[-1]
        outcome = last.outcome if isinstance(last, Stopped) else Outcome.INTERRUPTED
        past.append(_past(release, outcome, last.at))
        serves = release.candidate in state.traffic.shares()
        if not past[1:] and serves and traffic_may_have_moved(entries) and outcome is not Outcome.LIVE:
            asked = sum(isinstance(entry, Asked) and entry.moves_traffic for entry in entries)
            left = UnfinishedRelease(
                release.id, release.commit, release.image, release.candidate, release.tag, release.before, asked, 0, 0
            )
    return replace(state, history=tuple(past), left=left)


def _past(release: Release, outcome: Outcome, at: datetime) -> PastRelease:
    before = release.before or TrafficMap()
    live = outcome is Outcome.LIVE and release.candidate
    traffic = TrafficMap((TrafficTarget(release.candidate or "", 100),)) if live else before
    return PastRelease(release.id, release.commit, None, release.candidate, outcome, at, traffic, before)
