"""Changes how a service is reached, and by whom: with the move to all traffic, and back with a restore.

What are fields of the service are written together with the traffic and the record that tells of both, so that no
client dies between them. The invokers are in another resource, the service's IAM policy: the record that they change
is written first, and they change once the traffic was read back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from deploy_lib.drivers.interface import DriverError, Tell
from deploy_lib.drivers.services import differences, exposure, invokers
from deploy_lib.drivers.services.context import ServiceContext
from deploy_lib.drivers.services.release_record import ReleaseRecord
from deploy_lib.model.exposure import INVOKERS, Changes, differing, joined, reverted, told
from deploy_lib.model.outcome import Outcome
from deploy_lib.model.release import Release
from deploy_lib.model.release_history import is_rollback
from deploy_lib.model.service import Service
from deploy_lib.model.state import PastRelease
from deploy_lib.model.traffic import TrafficMap

if TYPE_CHECKING:
    from google.cloud import run_v2

    from deploy_lib.steps.promote import MoveTraffic


def foreseen(context: ServiceContext, found: run_v2.Service | None, wanted: Service) -> tuple[str, ...]:
    """What a release will change of it, in words. Reads only."""
    if wanted.exposure.invokers is None or found is None:
        return differences.of_the_service(found, wanted, [])
    try:
        return differences.of_the_service(found, wanted, invokers.read(context.api, wanted.path))
    except DriverError as problem:
        return differences.of_the_service(found, wanted, None, problem.reason)


@dataclass(frozen=True, slots=True)
class Exposing:
    """What the move to all traffic changes; nothing where `wanted` is None, as for any other move.

    `invokers` are those before it; None where the YAML names none.
    """

    wanted: Service | None = None
    invokers: list[str] | None = None

    @classmethod
    def of(cls, context: ServiceContext, request: MoveTraffic) -> Exposing:
        """Reads only. Raises DriverError."""
        service = request.release.service
        if request.settings.percent < 100:
            return cls()
        if service.exposure.invokers is None:
            return cls(service)
        try:
            return cls(service, invokers.read(context.api, service.path))
        except DriverError as problem:
            problem.no_effect = True
            raise

    def put(self, service: run_v2.Service, record: ReleaseRecord) -> tuple[Changes, list[str]]:
        """Changes the message. What the release has changed then in all, and the fields that differ."""
        if self.wanted is None:
            return record.exposure, []
        changes = exposure.changes(service, self.wanted.exposure)
        fields = exposure.put(service, {key: after for key, (_, after) in changes.items()})
        if self.invokers is not None:
            changes = {**changes, **differing({INVOKERS: self.invokers}, {INVOKERS: self._let_in})}
        return joined(record.exposure, changes), fields

    def let_in(self, context: ServiceContext, tell: Tell) -> None:
        """Changes who may call the service. Raises DriverError, and Interrupted from the clock."""
        if self.wanted is None or self.invokers is None:
            return
        invokers.change(context.api, context.clock, self.wanted.path, lambda found: self._let_in)
        for line in told(differing({INVOKERS: self.invokers}, {INVOKERS: self._let_in})):
            tell(line)

    @property
    def _let_in(self) -> list[str]:
        assert self.wanted is not None
        return sorted(self.wanted.exposure.invokers or ())


@dataclass(slots=True)
class Reverting:
    """What a restore puts back. `pending`: the invokers are not back yet, so the release is not wholly restored."""

    release: Release
    target: TrafficMap
    undone: Sequence[Changes] = field(default_factory=tuple)

    @property
    def pending(self) -> bool:
        return any(INVOKERS in each for each in self.undone)

    def put(
        self, service: run_v2.Service, record: ReleaseRecord | None, history: Sequence[PastRelease]
    ) -> tuple[Changes, list[str]]:
        """Changes the message. What that changes, and the fields that differ."""
        self.undone = undone_by(self.release, record, history, self.target)
        now = exposure.now(service)
        back = reverted(now, self.undone)
        return differing(now, back), exposure.put(service, back)

    def let_in(self, context: ServiceContext, tell: Tell) -> None:
        """Puts back who may call the service. Raises DriverError, and Interrupted from the clock."""
        if not self.pending:
            return

        def edit(found: list[str]) -> list[str]:
            return [*reverted({INVOKERS: found}, self.undone).get(INVOKERS, found)]

        may_call = invokers.change(context.api, context.clock, self.release.service.path, edit)
        tell(f"{INVOKERS}: back to {', '.join(may_call) or 'none'}")


def undone_by(
    release: Release, record: ReleaseRecord | None, history: Sequence[PastRelease], target: TrafficMap
) -> list[Changes]:
    """The changes of those releases, newest first, that a restore of `target` undoes. Pure.

    A release that failed undoes its own. A rollback undoes those of the release that it ends, or of all that went well
    since the one that left the target behind, whatever a rollback that did not come to its end has put back of them.
    """
    if record is not None and not (is_rollback(record.id) and is_rollback(release.id)):
        return [record.exposure] if record.exposure else []
    found: list[Changes] = []
    for past in history:
        if is_rollback(past.id) and past.outcome is not Outcome.LIVE:
            continue
        if past.traffic.shares() == target.shares():
            return found
        if past.exposure and past.outcome in (Outcome.LIVE, Outcome.HELD):
            found.append(past.exposure)
        if past.before.shares() == target.shares():
            return found
    return []
