"""Several services in one go: each after those it waits for, independent ones side by side.

When one is not live in the end, nothing new starts, and the ones already live in this run are taken back, the last
one first, so that the group is either released or as it was.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Lock

from deploy_lib.model.journal import Stopped
from deploy_lib.model.outcome import MOST_URGENT_FIRST, Outcome


@dataclass(frozen=True, slots=True)
class Member:
    """`release` carries the service's release to its end, `take_back` undoes it; both may raise Interrupted."""

    name: str
    after: tuple[str, ...]
    release: Callable[[], Stopped]
    take_back: Callable[[str], Stopped]


@dataclass(slots=True)
class _Progress:
    live: list[str] = field(default_factory=list)  # in the order they became live
    failed: list[str] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)

    def add(self, name: str, stopped: Stopped) -> None:
        with self.lock:
            (self.live if stopped.outcome is Outcome.LIVE else self.failed).append(name)


def release_all(members: Sequence[Member], *, keep: bool = False) -> Mapping[str, Stopped | None]:
    """How each ended, in the order given; None for those that were not started.

    `keep` leaves the live ones live when another fails. Members must come after those they wait for. Raises
    Interrupted after every release that runs has ended.
    """
    progress = _Progress()
    ends: dict[str, Future[Stopped | None]] = {}
    with ThreadPoolExecutor(max_workers=max(1, len(members))) as pool:
        for member in members:
            before = [ends[name] for name in member.after if name in ends]
            ends[member.name] = pool.submit(_one, member, before, progress)
    results = {name: end.result() for name, end in ends.items()}
    if progress.failed and not keep:
        why = f"{progress.failed[0]} was not released"
        by_name = {member.name: member for member in members}
        for name in reversed(progress.live):
            results[name] = by_name[name].take_back(why)
    return results


def _one(member: Member, before: Sequence[Future[Stopped | None]], progress: _Progress) -> Stopped | None:
    for end in before:
        end.result()
    if progress.failed:
        return None
    stopped = member.release()
    progress.add(member.name, stopped)
    return stopped


def exit_code(results: Mapping[str, Stopped | None]) -> int:
    """One code for all: the one that most needs a person."""
    outcomes = {stopped.outcome for stopped in results.values() if stopped}
    return next((outcome.exit_code for outcome in MOST_URGENT_FIRST if outcome in outcomes), 0)
