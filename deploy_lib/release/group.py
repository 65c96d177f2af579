"""Several services in one go: nothing moves traffic before every one has passed its steps before traffic.

All start side by side and wait for each other at two places: before their first traffic move, where `after:` orders
them, and before their end. When one does not come to its end, those that run are withdrawn at once and those that are
live go back, the last one first; each tells that in its journal, and ends once. A group whose client is killed
leaves every service with its journal and lease, to be resumed or repaired like any other.

The regions of one service are such a group, too, and closer to each other: where one is held for a person to decide,
the others are held as they are, so that what is decided is decided for all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Lock

from deploy_lib.drivers.interface import Clock
from deploy_lib.model.journal import Stopped
from deploy_lib.model.outcome import Outcome, exit_code_of
from deploy_lib.release.membership import Others

EVERY = 0.1
"""Seconds between two looks at the others while one waits for them."""


@dataclass(frozen=True, slots=True)
class Member:
    """`release` carries the service's release to its end, and may raise Interrupted; `recall` ends its waits.

    With `keep` it goes on, and stays live, when another one fails that it does not come after. `regions` are the others
    of the same service, which it stands or falls with in any case. `leaves_choice`: what it was held for leaves a
    person something to decide.
    """

    name: str
    after: tuple[str, ...]
    release: Callable[[Others], Stopped]
    recall: Callable[[], None]
    keep: bool = False
    regions: frozenset[str] = frozenset()
    leaves_choice: Callable[[], bool] = lambda: True

    def falls_with(self, other: str) -> bool:
        """Whether it is taken back when that one is not released."""
        return not self.keep or other in self.after or other in self.regions


@dataclass(slots=True)
class _Group:
    members: Sequence[Member]
    clock: Clock
    waiting: set[str] = field(default_factory=set)  # at their first traffic move
    reached: dict[str, int] = field(default_factory=dict)  # the step that each is at
    live: list[str] = field(default_factory=list)  # in the order they became live
    ended: dict[str, Stopped] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)
    withdrawn: set[str] = field(default_factory=set)
    recalled: set[str] = field(default_factory=set)
    lock: Lock = field(default_factory=Lock)

    def carry_out(self, member: Member) -> Stopped:
        good = False
        try:
            stopped = member.release(_Place(self, member))
            good = stopped.outcome.is_good
            self.ended[member.name] = stopped
        finally:
            if not good:
                self._recall_others(member)
        return stopped

    def _recall_others(self, lost: Member) -> None:
        with self.lock:
            self.failed.append(lost.name)
            falling = [
                other
                for other in self.members
                if other.name not in self.ended.keys() | self.recalled and other is not lost
                if other.falls_with(lost.name)
            ]
            self.recalled.update(other.name for other in falling)
        for other in falling:
            other.recall()

    def is_through(self, name: str) -> bool:
        return name in self.waiting or name in self.live or name in self.ended or name in self.failed

    def is_past(self, name: str, step: int) -> bool:
        return self.reached.get(name, -1) > step or name in self.live or name in self.ended or name in self.failed

    def serves(self, name: str) -> bool:
        return name in self.live or (name in self.ended and self.ended[name].outcome.is_good)


@dataclass(frozen=True, slots=True)
class _Place:
    """One member's view of its group, as `membership` asks for it."""

    group: _Group
    member: Member

    def why_withdrawn(self) -> str:
        group = self.group
        lost = self._lost()
        if lost is None:
            return ""
        group.withdrawn.add(self.member.name)
        return f"{lost} is held" if self.is_held() else f"{lost} was not released"

    def is_held(self) -> bool:
        group, lost = self.group, self._lost()
        if lost not in self.member.regions or lost not in group.ended:
            return False
        held = group.ended[lost].outcome is Outcome.HELD
        return held and next(each for each in group.members if each.name == lost).leaves_choice()

    def _lost(self) -> str | None:
        """The first that was not released, of those whose loss takes this one back."""
        others = (name for name in self.group.failed if name != self.member.name)
        return next((name for name in others if self.member.falls_with(name)), None)

    def before_step(self, index: int, *, in_turn: bool) -> str:
        group, names = self.group, [each.name for each in self.group.members]
        group.reached[self.member.name] = index
        first = [name for name in names[: names.index(self.member.name)] if name in self.member.regions]
        while not (why := self.why_withdrawn()):
            if not in_turn or all(group.is_past(name, index) for name in first):
                return ""
            group.clock.sleep(EVERY)
        return why

    def before_traffic(self) -> str:
        group = self.group
        group.waiting.add(self.member.name)
        names = {each.name for each in group.members}
        while not (why := self.why_withdrawn()):
            first = [name for name in self.member.after if name in names]
            if all(map(group.is_through, names)) and all(map(group.serves, first)):
                return ""
            group.clock.sleep(EVERY)
        return why

    def before_end(self) -> str:
        group, name = self.group, self.member.name
        if name not in group.live:
            group.live.append(name)
        bound = {each.name for each in group.members if self.member.falls_with(each.name)} - {*self.member.after}
        while not (why := self.why_withdrawn()):
            if all(each in group.live or each in group.ended for each in bound):
                return ""
            group.clock.sleep(EVERY)
        later = group.live[group.live.index(name) + 1 :]
        while not all(each in group.ended for each in later if each in bound):
            group.clock.sleep(EVERY)
        return why


@dataclass(frozen=True, slots=True)
class Ended:
    """How each ended, in the order given, and which of them only because of another."""

    ends: Mapping[str, Stopped]
    withdrawn: frozenset[str] = frozenset()

    @property
    def exit_code(self) -> int:
        """That of the release that most needs a person. One put back for another's sake tells nothing of its own."""
        own = {name: stopped.outcome for name, stopped in self.ends.items() if name not in self.withdrawn}
        held = {stopped.outcome for stopped in self.ends.values() if stopped.outcome.is_open}
        outcomes = {*own.values(), *held} or {stopped.outcome for stopped in self.ends.values()}
        return exit_code_of(outcomes)


def release_all(members: Sequence[Member], clock: Clock) -> Ended:
    """Members must come after those they wait for. Raises Interrupted after every release that runs has ended."""
    group = _Group(members, clock)
    with ThreadPoolExecutor(max_workers=max(1, len(members))) as pool:
        ends = {member.name: pool.submit(group.carry_out, member) for member in members}
    return Ended({name: end.result() for name, end in ends.items()}, frozenset(group.withdrawn))
