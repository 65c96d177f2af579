"""What this machine's journals know of a service that remembers nothing: somebody may have removed its annotations."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import islice

from deploy_lib.model.answers import UnfinishedRelease
from deploy_lib.model.journal import Entry, Stopped
from deploy_lib.model.journal_queries import latest_release, traffic_may_have_moved, traffic_moves_asked
from deploy_lib.model.outcome import Outcome
from deploy_lib.model.release import Release
from deploy_lib.model.state import PastRelease, ServiceState
from deploy_lib.model.traffic import TrafficMap, TrafficTarget

LOOKED_AT = 20  # journals


def remembered(state: ServiceState, journals: Iterable[Sequence[Entry]]) -> ServiceState:
    """The state with the history, and the release left unfinished, that the journals tell of, newest first.

    Unchanged where the service has a history or a record, which is true on any machine.
    """
    if not state.exists or state.history or state.left:
        return state
    past: list[PastRelease] = []
    left: UnfinishedRelease | None = None
    for entries in islice(journals, LOOKED_AT):
        release = latest_release(entries)
        if release is None or release.before is None:
            continue
        last = entries[-1]
        outcome = last.outcome if isinstance(last, Stopped) else Outcome.INTERRUPTED
        past.append(_past(release, outcome, last.at))
        serves = release.candidate in state.traffic.shares()
        if not past[1:] and serves and traffic_may_have_moved(entries) and outcome is not Outcome.LIVE:
            moves = traffic_moves_asked(entries)
            left = UnfinishedRelease(
                release.id, release.commit, release.image, release.candidate, release.tag, release.before, moves, 0, 0
            )
    return replace(state, history=tuple(past), left=left)


def _past(release: Release, outcome: Outcome, at: datetime) -> PastRelease:
    before = release.before or TrafficMap()
    live = outcome is Outcome.LIVE and release.candidate
    traffic = TrafficMap((TrafficTarget(release.candidate or "", 100),)) if live else before
    return PastRelease(release.id, release.commit, None, release.candidate, outcome, at, traffic, before)
