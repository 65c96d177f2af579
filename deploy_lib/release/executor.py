"""The executor: asks what is to be done next, has it done, and asks again, until the end.

What it carries out is a procedure: a release for real, also one that goes on from an earlier journal (`real`), a
release of which only what reads is done (`read_only`), or the short way back (`rollback`). Each decides by a pure
function and brings its effects; the order, what interrupts it, and the end are the same for all, and are here.
"""

from __future__ import annotations

from typing import Any, Protocol, TypeVar

from deploy_lib.decide import Finish, Restore, TakeBack
from deploy_lib.drivers.interface import Interrupted, Recalled

Result = TypeVar("Result", covariant=True)


class Procedure(Protocol[Result]):
    """What the executor carries out; its moves are of its own, but for Finish and Restore.

    An Interrupted of `next_move`, `is_overtaken` or `make` is handed to `interrupted`; of any other it ends the whole.
    """

    def begin(self) -> None: ...
    def next_move(self) -> object:
        """The one thing to do now; the same until something was made, recorded, or came in between."""
        ...

    def is_overtaken(self, move: Any, /) -> bool:
        """Whether something came in between, so that the next move must be decided anew. May wait."""
        ...

    def make(self, effect: Any, /) -> None: ...
    def interrupted(self, by: Interrupted, /) -> None:
        """A person asked to stop; the next move is decided with that."""
        ...

    def finish(self, move: Finish, /) -> Result: ...


def execute(procedure: Procedure[Result]) -> Result:
    """Carry it to its end.

    Raises Interrupted when the user interrupts while traffic is being restored and would not wait for it, where what is
    recorded by then tells the next run to restore; and when the procedure lets an interruption through.
    """
    procedure.begin()
    while True:
        move: object = None
        try:
            move = procedure.next_move()
            if procedure.is_overtaken(move):
                continue
            if not isinstance(move, Finish):
                procedure.make(move)
                continue
        except Recalled:
            continue  # what was under way is asked for again, or given up, as the journal and the group say now
        except Interrupted as interrupted:
            if isinstance(move, Restore | TakeBack):
                raise
            procedure.interrupted(interrupted)
            continue
        assert isinstance(move, Finish)
        return procedure.finish(move)
