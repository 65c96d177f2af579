"""One release as a member of its group: where it waits for the others, and when it is taken back for their sake."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, assert_never

from deploy_lib.decide import AcquireLease, Finish, Move, Restore, RunStep, TakeBack, why_skipped
from deploy_lib.model.journal_queries import is_being_given_up
from deploy_lib.model.outcome import Outcome
from deploy_lib.release.context import ReleaseContext


class Others(Protocol):
    """The rest of its group, as one release meets it. Each answer is why it is withdrawn; empty when it is not.

    Those that wait raise Interrupted.
    """

    def why_withdrawn(self) -> str: ...
    def is_held(self) -> bool: ...  # whether it is withdrawn to be held as it is, beside another region that is
    def before_step(self, index: int, *, in_turn: bool) -> str: ...  # waits for the regions before it, in its turn
    def before_traffic(self) -> str: ...  # waits until all are as far, and those it comes after are live
    def before_end(self) -> str: ...  # waits, live, until all are


@dataclass(slots=True)
class Membership:
    """`others` is the rest of the group, as this release meets it."""

    others: Others
    let_through: bool = False  # the group does not wait at the next traffic move

    def why_withdrawn(self, context: ReleaseContext, move: Move) -> str:
        """Waits for the others where they wait for each other; empty when the move may be made. Raises Interrupted."""
        match move:
            case RunStep():
                return self._before_step(context, move.index)
            case AcquireLease():
                return "" if is_being_given_up(context.entries) else self.others.why_withdrawn()
            case Finish(Outcome.LIVE):
                return self.others.before_end()
            case Restore() | TakeBack() | Finish():
                return ""
            case _:
                assert_never(move)

    def _before_step(self, context: ReleaseContext, index: int) -> str:
        step = context.plan.steps[index]
        skipped = bool(why_skipped(step, context.release))
        if is_being_given_up(context.entries):
            return ""
        if why := self.others.before_step(index, in_turn=step.position.in_turn and not skipped):
            return why
        if not step.position.moves_traffic or self.let_through:
            return ""
        why = "" if skipped else self.others.before_traffic()
        self.let_through = not why
        return why
