"""What a service's history says of what serves now: which release was good, and what somebody changed since. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from deploy_lib.model.outcome import Outcome
from deploy_lib.model.state import MadeByHand, PastRelease, ServiceState
from deploy_lib.model.traffic import TrafficMap

ROLLBACK = "-rollback"
"""How the id of a rollback ends: it is written down as a release of its own."""


def is_rollback(release_id: str) -> bool:
    """Whether the id is that of a rollback."""
    return release_id.endswith(ROLLBACK)


def last_rollback(history: Sequence[PastRelease]) -> PastRelease | None:
    """The newest rollback; None where there is none."""
    return next((past for past in history if is_rollback(past.id)), None)


def good(history: Sequence[PastRelease]) -> list[PastRelease]:
    """Those that ended live, rollbacks among them, newest first."""
    return [past for past in history if past.outcome is Outcome.LIVE and past.traffic.shares()]


def rolled_back(history: Sequence[PastRelease]) -> frozenset[str]:
    """Ids of live releases that a later rollback left: those between it and the one whose traffic it put back."""
    live, found = good(history), set[str]()
    for index, past in enumerate(live):
        if not is_rollback(past.id):
            continue
        passed = []
        for older in live[index + 1 :]:
            if older.traffic.shares() == past.traffic.shares():
                break
            passed.append(older.id)
        else:  # it went further back than the history reaches
            passed = passed[:1]
        found.update(passed)
    return frozenset(found)


@dataclass(frozen=True, slots=True)
class ByHand:
    """The service is not as the last release left it. `by` is empty where the cloud does not say who.

    `tags` and `labels` say in words what was changed of them.
    """

    left: PastRelease
    now: TrafficMap
    by: str = ""
    at: datetime | None = None
    tags: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    made: MadeByHand | None = None

    @property
    def moved(self) -> bool:
        """Users are served by other revisions, or in other shares."""
        return self.left.traffic.shares() != self.now.shares()

    @property
    def anything(self) -> bool:
        """Whether anything was changed at all."""
        return self.moved or bool(self.tags or self.labels or self.made)

    @property
    def consequence(self) -> str:
        """What a release does with it."""
        parts = []
        if self.moved:
            parts.append("a release starts from it, goes back to it when it fails, and replaces it at 100 %")
        if self.made and self.made.revision in self.now.shares():
            parts.append(f"what {self.made.revision} set is kept, but for the image and what the YAML names")
        elif self.made:
            parts.append(f"a release starts from what serves, so that it overwrites what {self.made.revision} set")
        if self.tags or self.labels:
            parts.append("a release leaves tags and labels as they are, but for its own")
        return "; ".join(parts)

    def __str__(self) -> str:
        when = f" at {self.at:%Y-%m-%d %H:%M:%S} UTC" if self.at else ""
        who = f"; the service was last changed by {self.by or 'somebody unknown'}{f',{when}' if when else ''}"
        parts = [f"it left {self.left.traffic}, and now there is {self.now}"] if self.moved else []
        if self.made:
            parts.append(f"the revision {self.made.revision} was made ({', '.join(self.made.changed) or 'as it was'})")
        parts += [*self.tags, *self.labels]
        what = "service" if self.made or self.tags or self.labels else "traffic"
        since = f"since release {self.left.id} ({self.left.outcome})"
        return f"the {what} was changed by hand {since}: {'; '.join(parts)}{who}"


def changed_by_hand(
    traffic: TrafficMap,
    history: Sequence[PastRelease],
    open_id: str | None,
    by: str,
    at: datetime | None,
    *,
    labels: Mapping[str, str] | None = None,
    made: MadeByHand | None = None,
) -> ByHand | None:
    """None where nothing was changed, and while an unfinished release may have done it."""
    last = history[0] if history else None
    if last is None or (open_id is not None and open_id != last.id) or not last.traffic.shares():
        return None
    known = labels is not None and last.labels is not None
    found = ByHand(
        last,
        traffic,
        by,
        at,
        tags=tuple(changes_of("tag", last.traffic.tags(), traffic.tags())),
        labels=tuple(changes_of("label", last.labels or {}, labels or {})) if known else (),
        made=made,
    )
    return found if found.anything else None


def changes_of(what: str, was: Mapping[str, str], now: Mapping[str, str]) -> Iterator[str]:
    """ "the tag preview was added (on backend-1)"; a label's value may be anything, and is shown as it is."""
    on = "on " if what == "tag" else ""
    for name in sorted({*was, *now}):
        if name not in was:
            yield f"the {what} {name} was added ({on}{now[name]})"
        elif name not in now:
            yield f"the {what} {name} was removed (it was {on}{was[name]})"
        elif was[name] != now[name]:
            yield f"the {what} {name} was changed ({on}{was[name]} -> {now[name]})"


def drift(state: ServiceState) -> ByHand | None:
    """As `changed_by_hand`, for a service that was read whole."""
    running = state.lease is not None and state.lease.release_id is not None and not state.lease.expired
    if not state.exists or running:
        return None
    return changed_by_hand(
        state.traffic,
        state.history,
        state.left.release_id if state.left else None,
        state.last_modifier,
        state.updated,
        labels=state.labels,
        made=state.made_by_hand,
    )
