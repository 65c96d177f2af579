"""What a rollback does next, decided from its journal and from what was found out by now. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from deploy_lib.decide import AcquireLease, Finish, Restore
from deploy_lib.model.journal import Entry, LeaseRefused, ReleaseInterrupted, RestoreAnswered
from deploy_lib.model.journal_queries import last_deciding_entry, lease_held
from deploy_lib.model.outcome import Outcome
from deploy_lib.model.program import Invocation
from deploy_lib.model.traffic import TrafficMap
from deploy_lib.release.rollback.target import Choice


@dataclass(frozen=True, slots=True)
class ChooseAgain:
    """What was read before the lease may have changed until it was taken."""


@dataclass(frozen=True, slots=True)
class AskTarget:
    """Users are not sent to a revision that does not answer well."""


Effect = AcquireLease | ChooseAgain | AskTarget | Restore
Move = Effect | Finish


@dataclass(frozen=True, slots=True)
class RollbackFacts:
    """What is known by now. `leaving` is what served when `choice` was made.

    `settled`: nobody's release or lease has to be ended. `unfit` is why users should not be sent to the target: empty
    when it is well or was not to be asked, None while it is not asked. `unchosen` is the end when nothing could be
    chosen again under the lease.
    """

    choice: Choice
    leaving: TrafficMap
    settled: bool
    unfit: str | None = None
    chosen_again: bool = False
    unchosen: Finish | None = None
    who_asked: str = "a person asked"


def next_move(program: Invocation, facts: RollbackFacts, journal: Sequence[Entry]) -> Move:
    """The one thing to do now."""
    choice, last, held = facts.choice, last_deciding_entry(journal), lease_held(journal)
    if isinstance(last, LeaseRefused):
        return _refused(last)
    if isinstance(last, ReleaseInterrupted):
        when = "before the traffic moved" if held else "while it waited"
        return Finish(Outcome.INTERRUPTED, f"interrupted by {last.by} {when}")
    if isinstance(last, RestoreAnswered):
        return _restored(facts, last)
    if not held:
        already = choice.there and facts.settled
        return Finish(Outcome.LIVE, f"already there: {choice.why}") if already else AcquireLease()
    if facts.unchosen is not None:
        return facts.unchosen
    if not facts.chosen_again:
        return ChooseAgain()
    if facts.unfit is None and not choice.there:
        return AskTarget()
    if facts.unfit:
        back = program.command("rollback", "--now")
        wanted = choice.target.main_revision()
        return Finish(Outcome.REJECTED, f"{wanted} {facts.unfit}; {back} goes back to it all the same")
    # Also where nothing has to move: the record of what was under way ends by it, and the service is read back.
    return Restore(choice.target, f"{facts.who_asked} to leave {facts.leaving}")


def _refused(refused: LeaseRefused) -> Finish:
    if refused.errored:
        return Finish(Outcome.UNKNOWN, refused.reason)
    taken = "--force takes the service over, and that release stops"
    return Finish(Outcome.BUSY if refused.busy else Outcome.REJECTED, f"{refused.reason}; {taken}")


def _restored(facts: RollbackFacts, answer: RestoreAnswered) -> Finish:
    if not answer.whole:
        return Finish(Outcome.HELD, f"the rollback did not succeed: {answer.reason}")
    target, leaving, ends = facts.choice.target, facts.leaving, facts.choice.ends
    ended = f"; release {ends.release_id} is ended" if ends else ""
    if facts.choice.there:
        return Finish(Outcome.LIVE, f"already there: {facts.choice.why}{ended}")
    if target.main_revision() != leaving.main_revision():
        return Finish(Outcome.LIVE, f"rolled back from {leaving.main_revision() or 'nothing'}{ended}")
    return Finish(Outcome.LIVE, f"put back {target}; before, it was {leaving}{ended}")
