"""A release for real: from its first step, or from where an earlier journal ends, to its last line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import assert_never

from deploy_lib.decide import AcquireLease, Effect, Finish, Move, Restore, RunStep, TakeBack, next_move
from deploy_lib.drivers.interface import Interrupted, Recalled
from deploy_lib.model import journal
from deploy_lib.model.freeze import frozen_at
from deploy_lib.model.journal import Entry, Stopped
from deploy_lib.model.journal_queries import asked_to_stop, is_resumed, own_traffic_maps, stopped_unwritten
from deploy_lib.model.release import Release
from deploy_lib.model.requests import RestoreTraffic
from deploy_lib.release.context import ReleaseContext
from deploy_lib.release.finish import finish, unless_elsewhere
from deploy_lib.release.lease import acquire, refused_at_once
from deploy_lib.release.membership import Membership
from deploy_lib.release.restore_traffic import asks_main_url, restore
from deploy_lib.release.run_step import run_step
from deploy_lib.release.take_back import take_back
from deploy_lib.steps.build import BuildImage, BuildSettings


@dataclass(slots=True)
class RealRelease:
    """`earlier` are the entries of a journal that it goes on from; `unwritten`, made from what the service itself
    says, follow them and are in no journal yet."""

    context: ReleaseContext
    release: Release
    earlier: Sequence[Entry] = ()
    unwritten: Sequence[Entry] = ()
    group: Membership | None = None

    def begin(self) -> None:
        """A service that is busy is reported before any work is done for it."""
        context, plan, resumed = self.context, self.context.plan, bool(self.earlier or self.unwritten)
        context.entries.extend(self.earlier)
        for entry in self.unwritten:
            context.record(entry)
        labels, now = tuple(step.label for step in plan.steps), context.now()
        frozen = frozen_at(plan.freeze, now) if resumed or self.release.options.emergency else None
        context.record(
            journal.Started(
                now,
                self.release,
                labels,
                plan.path,
                context.holder,
                resumed=resumed,
                program=plan.program,
                freeze=str(frozen) if frozen else "",
            )
        )
        if not resumed:
            self._look_who_deploys()

    def next_move(self) -> Move:
        """What the journal says is next; a release that cannot be written down any more ends."""
        move = self._unless_unwritten(next_move(self.context.plan, self.context.entries))
        return unless_elsewhere(self.context, move) if isinstance(move, Finish) else move

    def is_overtaken(self, move: Move) -> bool:
        """Whether the group took the release back meanwhile; it may wait for the others."""
        why = self.group.why_withdrawn(self.context, move) if self.group else ""
        if why:
            hold = self.group is not None and self.group.others.is_held()
            self.context.record(journal.Withdrawn(self.context.now(), why, hold))
            return True
        waited = self.group is not None and isinstance(move, Finish)  # for the others to be live, it may be long
        return waited and isinstance(move, Finish) and unless_elsewhere(self.context, move) != move

    def make(self, effect: Effect) -> None:
        """Makes the effect and records its answer. Raises Interrupted."""
        self.context.drivers.clock.sleep(0)
        match effect:
            case RunStep():
                run_step(self.context, effect.index)
            case AcquireLease():
                self.context.record(self._acquired())
            case Restore():
                self._restore(effect)
            case TakeBack():
                take_back(self.context, effect.index)
            case _:
                assert_never(effect)

    def interrupted(self, by: Interrupted) -> None:
        """Records who asked to stop."""
        self.context.record(journal.ReleaseInterrupted(self.context.now(), by.by))

    def finish(self, move: Finish) -> Stopped:
        """Reads back what serves, gives the lease back, and records the end."""
        return finish(self.context, move)

    def _look_who_deploys(self) -> None:
        context, settings = self.context, self.context.plan.settings(BuildSettings)
        build = BuildImage(context.release, settings) if settings else None
        try:
            refused = refused_at_once(
                context.drivers,
                context.release,
                context.tell,
                wait=context.wait,
                build=build,
                freeze=context.plan.freeze,
            )
        except Recalled:
            return  # the group says why, before the first step
        except Interrupted as interrupted:
            self.interrupted(interrupted)
            return
        if isinstance(refused, journal.LeaseRefused):
            context.record(refused)
        else:
            context.known_rollback = refused

    def _unless_unwritten(self, move: Move) -> Move:
        """Without a journal nothing new is begun; what is done is finished, and what was moved is put back."""
        context, why = self.context, self.context.recorder.unwritten
        if not why or not isinstance(move, RunStep | AcquireLease | TakeBack) or stopped_unwritten(context.entries):
            return move
        context.tell(f"{why}; the release stops, and the traffic is put back if it moved")
        context.record(journal.ReleaseInterrupted(context.now(), why, errored=True))
        return next_move(context.plan, context.entries)

    def _acquired(self) -> journal.LeaseHeld | journal.LeaseRefused:
        """A person's hold stops new releases, and not the end of one that has begun."""
        context = self.context
        return acquire(
            context.drivers,
            context.release,
            context.holder,
            context.tell,
            take_over=context.take_over,
            over_own_hold=is_resumed(context.entries),
            over_hold=bool(context.release.options.emergency),
            wait=context.wait,
            known_rollback=context.known_rollback,
            asks=asks_main_url(context.plan),
        )

    def _restore(self, move: Restore) -> None:
        context = self.context
        ours, asks = own_traffic_maps(context.entries), asks_main_url(context.plan)
        request = RestoreTraffic(context.release, move.target, ours=ours, asks=asks)
        stopping = asked_to_stop(context.entries)
        restore(context.drivers, request, move.why, context.record, context.tell, stopping=stopping)
