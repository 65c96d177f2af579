"""What somebody changed of a service since its last release, with another tool or in Google's console."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from deploy_lib.drivers.interface import DriverError
from deploy_lib.drivers.services import differences, service_annotations
from deploy_lib.drivers.services.context import ServiceContext
from deploy_lib.drivers.services.release_record import ReleaseRecord
from deploy_lib.drivers.services.traffic import baseline_traffic, short
from deploy_lib.drivers.times import plain_time
from deploy_lib.model.release_history import changed_by_hand
from deploy_lib.model.state import MadeByHand

if TYPE_CHECKING:
    from google.cloud import run_v2

FindRevision = Callable[[str], "run_v2.Revision | None"]


def describe(context: ServiceContext, path: str, service: run_v2.Service, record: ReleaseRecord | None) -> str:
    """As a sentence, with what a release does with it; empty where nothing was changed."""
    found = changed_by_hand(
        baseline_traffic(service),
        service_annotations.history_of(service.annotations),
        record.id if record else None,
        service.last_modifier,
        plain_time(service.update_time),
        labels=dict(service.labels),
        made=newest(service, lambda name: context.api.revision(path, name)),
    )
    return f"{found}; {found.consequence}" if found else ""


def newest(service: run_v2.Service, find: FindRevision) -> MadeByHand | None:
    """The newest revision where no release that is remembered made it; None where it cannot be read.

    Any change of a service's template makes one (https://cloud.google.com/run/docs/managing/revisions).
    """
    history, record = (
        service_annotations.history_of(service.annotations),
        service_annotations.record_of(service.annotations),
    )
    name = short(service.latest_created_revision)
    ours = {past.candidate for past in history} | {record.candidate if record else None}
    if not history or not name or name in ours:
        return None
    try:
        found, left = find(name), find(history[0].traffic.main_revision() or "")
    except DriverError:
        return None
    created = plain_time(found.create_time) if found is not None else None
    if found is None or (created and history[0].at and created <= history[0].at):
        return None
    return MadeByHand(name, differences.changed(left, found) if left is not None else ())
