"""Who has a service that was this process's, in words. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from deploy_lib.drivers.services.lease_objects import StoredLease
from deploy_lib.drivers.services.release_record import Lease
from deploy_lib.drivers.services.service_annotations import history_of, lease_of
from deploy_lib.model.state import PastRelease

if TYPE_CHECKING:
    from google.cloud import run_v2


def taken_over(service: run_v2.Service, ours: Lease | None) -> str:
    """Who has the service instead, or had it meanwhile; empty where no such holder is known."""
    lease = lease_of(service.annotations)
    if lease is not None:
        return "" if ours is not None and lease.token == ours.token else _took_over(lease)
    newest = next(iter(history_of(service.annotations)), None)
    if newest is not None and newest.at is not None and ours is not None and newest.at > ours.since:
        return _ended_meanwhile(newest, newest.at, own=newest.id == ours.release_id)
    return ""


def object_lost(found: StoredLease | None) -> str:
    """For the object that is there instead of this process's; None where there is none."""
    return _took_over(found.lease) if found is not None else "someone removed this release's lease"


def _ended_meanwhile(past: PastRelease, at: datetime, *, own: bool) -> str:
    """`own`: it is this very release, which another client went on with or put back."""
    who = (
        "another client took the service over, and this release"
        if own
        else f"release {past.id} took the service over and"
    )
    return f"{who} ended at {at:%H:%M:%S} UTC ({past.outcome})"


def _took_over(lease: Lease) -> str:
    return f"{lease.holder} took the service over at {lease.since:%H:%M:%S} UTC"
