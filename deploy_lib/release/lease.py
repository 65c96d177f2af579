"""Acquire and give back the service's deploy lease, and repair what an earlier deployer left half done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Protocol

from deploy_lib.drivers.interface import Clock, DriverError, Drivers, Interrupted, ServiceLeases, ServiceTraffic, Tell
from deploy_lib.model import requests
from deploy_lib.model.answers import LeaseEnded, LeaseTaken
from deploy_lib.model.freeze import FreezeWindow, frozen_at
from deploy_lib.model.image_names import digest_of, short_digest
from deploy_lib.model.journal import LeaseHeld, LeaseRefused
from deploy_lib.model.release import Release
from deploy_lib.release.lease_queue import held_by, wait_for_lease
from deploy_lib.steps.build import BuildImage
from deploy_lib.steps.kind import format_duration

LASTS = 600.0
"""Seconds. The holder renews it while it works, so a killed client blocks the service for ten minutes at most.

Under a guard it lasts for as long as that waits for a sign of life.
"""

SKEW = 30.0
"""Seconds between this machine's clock and Google's that are worth a line."""


class LeaseServices(ServiceLeases, ServiceTraffic, Protocol):
    """What of Cloud Run a lease needs: traffic too, since who takes one over puts back what was left."""


class Deployer(Protocol):
    """What of the drivers a lease needs."""

    @property
    def clock(self) -> Clock: ...
    @property
    def services(self) -> LeaseServices: ...


def acquire(
    drivers: Deployer,
    release: Release,
    holder: str,
    tell: Tell,
    *,
    take_over: bool = False,
    over_own_hold: bool = False,
    repair: bool = True,
    wait: float = 0.0,
    over_hold: bool = False,
    known_rollback: str | None = None,
    asks: bool = True,
) -> LeaseHeld | LeaseRefused:
    """The lease, with the map that restoring puts back; or who holds it and until when.

    `wait` seconds at most it queues behind whoever has the service; raises Interrupted meanwhile. Without `repair`
    what an unfinished release left is not put back first: who takes the lease is about to do it. `over_own_hold`,
    `over_hold` and `known_rollback` as in TakeLease, `asks` as in RestoreTraffic.
    """
    now, guard = drivers.clock.now, release.service.guard
    lasts = guard.after if guard else LASTS
    request = requests.TakeLease(release, holder, lasts, take_over, over_own_hold, over_hold, known_rollback)
    try:
        answer = wait_for_lease(drivers.clock, wait, lambda: _taken(drivers, request, tell), tell)
    except DriverError as error:
        return LeaseRefused(now(), error.with_remedy, errored=not (error.conflict or error.busy), busy=error.busy)
    if not answer.taken:
        return LeaseRefused(now(), held_by(answer), busy=True, on_hold=answer.on_hold)
    _tell_of_the_clock(answer.clock_ahead, tell)
    if answer.unguarded:
        tell(f"only the service's own record keeps others off meanwhile, since {answer.unguarded}")
    refusal, errored = known_bad(release, answer.rejected_digests), False
    try:
        if repair and not refusal:
            answer, refusal = _repaired(drivers, release, answer, tell, asks=asks)
    except DriverError as error:
        refusal, errored = error.with_remedy, not error.conflict
    except Interrupted:
        _of_no_use(drivers, release, tell)
        raise
    if refusal:
        _of_no_use(drivers, release, tell)
        return LeaseRefused(now(), refusal, errored=errored)
    grown = replace(release, before=release.before or answer.before, url=answer.url)
    by_hand = answer.by_hand if repair else ""
    until = now() + timedelta(seconds=lasts)
    return LeaseHeld(now(), grown, until, answer.rejected_digests, by_hand, answer.over_hold)


def _taken(drivers: Deployer, request: requests.TakeLease, tell: Tell) -> LeaseTaken:
    """Who is interrupted may have it by then."""
    try:
        return drivers.services.take_lease(request)
    except Interrupted:
        _of_no_use(drivers, request.release, tell)
        raise


def _tell_of_the_clock(ahead: float, tell: Tell) -> None:
    """Logs are searched from the moments that this machine's clock gives them."""
    if abs(ahead) >= SKEW:
        where = "ahead of" if ahead > 0 else "behind"
        tell(
            f"this machine's clock is {format_duration(round(abs(ahead), -1))} {where} Google's: set it "
            "(timedatectl set-ntp true), or logs are looked for at the wrong time"
        )


def refused_at_once(
    drivers: Drivers,
    release: Release,
    tell: Tell,
    *,
    wait: float,
    build: BuildImage | None = None,
    freeze: Sequence[FreezeWindow] = (),
) -> LeaseRefused | str | None:
    """What is in the way of a release, before any work is done; else the id of its newest rollback, empty for none.

    In the way are a freeze and whoever has the service; in an emergency only who deploys it.

    A service that does not exist yet can carry no lease: there another release shows by its `build`, if it has one.
    None when it cannot be read.
    """

    emergency = bool(release.options.emergency)

    def ask() -> LeaseTaken:
        frozen = None if emergency else frozen_at(freeze, drivers.clock.now())
        if frozen is not None:
            return LeaseTaken(False, frozen=str(frozen))
        answer = drivers.services.who_deploys(release.service)
        if emergency and answer.on_hold:
            return replace(answer, taken=True)
        return drivers.builds.under_way(build) if answer.absent and build is not None else answer

    try:
        answer = wait_for_lease(drivers.clock, wait, ask, tell)
    except DriverError:
        return None
    if answer.taken:
        return answer.last_rollback
    frozen = bool(answer.frozen)
    return LeaseRefused(drivers.clock.now(), held_by(answer), busy=True, on_hold=answer.on_hold, frozen=frozen)


def give_back(services: ServiceLeases, request: requests.EndLease, tell: Tell) -> LeaseEnded | None:
    """Interrupted once, it is done all the same: what the release has come to must stand on the service.

    None where it failed, or was interrupted twice; the lease expires by itself then.
    """
    try:
        try:
            return services.end_lease(request)
        except Interrupted:
            return services.end_lease(request)
    except DriverError as problem:
        why = problem.reason
    except Interrupted:
        why = "interrupted twice"
    tell(f"the lease could not be given back and will expire by itself: {why}")
    return None


def _of_no_use(drivers: Deployer, release: Release, tell: Tell) -> None:
    """A lease that is of no use must not keep the next deployer waiting."""
    give_back(drivers.services, requests.EndLease(release, None), tell)


def known_bad(release: Release, bad: tuple[str, ...]) -> str:
    """Why the image is not released: a digest that failed before is not tried again by accident. Empty when it may."""
    digest = digest_of(release.image)
    if digest and digest in bad and not release.options.force:
        return words_of_known_bad(digest)
    return ""


def words_of_known_bad(digest: str) -> str:
    return f"the image {short_digest(digest)} failed in an earlier release; --force releases it all the same"


def _repaired(
    drivers: Deployer, release: Release, answer: LeaseTaken, tell: Tell, *, asks: bool
) -> tuple[LeaseTaken, str]:
    """Put back what an unfinished release of someone else left, before anything new starts."""
    left = answer.unfinished
    if left is None or left.release_id == release.id:
        return answer, ""
    if left.candidate is None or not answer.now.shares().get(left.candidate) or not left.before.shares():
        return answer, ""
    tell(f"release {left.release_id} was left unfinished; putting back the traffic it found")
    other = replace(release, id=left.release_id, candidate=left.candidate, tag=left.tag, before=left.before)
    restored = drivers.services.restore(requests.RestoreTraffic(other, left.before, asks=asks), tell)
    if not restored.complete:
        return answer, f"release {left.release_id} was left unfinished and could not be undone: {restored.reason}"
    return replace(answer, before=restored.now, now=restored.now), ""
