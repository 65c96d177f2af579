"""The approval that a release waits for, in its record on the service: any machine can ask, and any can answer."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from deploy_lib.drivers.errors import ApiError
from deploy_lib.drivers.interface import DriverError, Tell
from deploy_lib.drivers.services import service_annotations
from deploy_lib.drivers.services.context import ServiceContext
from deploy_lib.drivers.services.release_record import ReleaseRecord
from deploy_lib.drivers.services.service_annotations import record_of, set_annotations
from deploy_lib.drivers.services.traffic import status_traffic
from deploy_lib.model.answers import ApprovalSeen
from deploy_lib.model.approval import Approval, ApprovalAsked
from deploy_lib.model.release_ids import beside
from deploy_lib.model.service import Service

if TYPE_CHECKING:
    from google.cloud import run_v2

    from deploy_lib.steps.approve import AskApproval


def look(context: ServiceContext, request: AskApproval, tell: Tell) -> ApprovalSeen:
    """Whether it was approved; the first look puts the question there. Raises DriverError."""
    release, settings, path = request.release, request.settings, request.release.service.path
    service = context.api.service(path)
    found = _asked(service, release.id, settings.name)
    given = _given_elsewhere(context, request) if found is None or found.approval is None else None
    if service is None or found is None or given is not None:
        now = context.leases.now()
        question = found or ApprovalAsked(settings.name, now, now + timedelta(seconds=settings.within))
        question = replace(question, approval=given)

        def edit(service: run_v2.Service) -> list[str]:
            context.leases.guard(path, service)
            record = record_of(service.annotations)
            if record is None or record.id != release.id:
                raise DriverError("the service does not remember this release any more", conflict=True)
            there = next((each for each in record.approvals if each.name == settings.name), None)
            if there is not None and (given is None or there.approval is not None):
                return []
            others = (each for each in record.approvals if each != there)
            noted = replace(record, approvals=(*others, question))
            set_annotations(service, service_annotations.with_record(service.annotations, noted))
            return ["annotations"]

        service = context.writer.write(path, edit, "ask for the approval").service
        found = _asked(service, release.id, settings.name) or question
        if settings.wait and found.approval is None:
            tell(f"waits to be approved; type: {context.calls.clients.program.command('approve', release.id)}")
    share = status_traffic(service).shares().get(release.candidate or "", 0)
    return ApprovalSeen(found.since, context.leases.now(), share, found.approval)


def _given_elsewhere(context: ServiceContext, request: AskApproval) -> Approval | None:
    """That of the same release in another region: one yes is for all of them. A region that cannot be read has none."""
    release, name = request.release, request.settings.name
    for other, id_ in beside(release.id, release.service):
        with suppress(ApiError):
            asked = _asked(context.api.service(other.path), id_, name)
            if asked is not None and asked.approval is not None:
                return asked.approval
    return None


def approve(context: ServiceContext, service: Service, release_id: str, name: str, approval: Approval) -> ApprovalAsked:
    """Answers the question of that name, and returns it with who answered it first. Raises DriverError.

    No lease is needed, since whoever waits for it has that.
    """

    def edit(found: run_v2.Service) -> list[str]:
        record, asked = record_of(found.annotations), _asked(found, release_id, name)
        if record is None or asked is None:
            gone = DriverError(f"release {release_id} waits for no approval any more", conflict=True)
            gone.no_effect = True
            raise gone
        if asked.approval is not None:
            return []
        noted = replace(
            record,
            approvals=tuple(replace(each, approval=approval) if each == asked else each for each in record.approvals),
        )
        set_annotations(found, service_annotations.with_record(found.annotations, noted))
        return ["annotations"]

    written = context.writer.write(service.path, edit, "approve the release").service
    answered = _asked(written, release_id, name)
    assert answered is not None, "the edit found it there"
    return answered


def _asked(service: run_v2.Service | None, release_id: str, name: str) -> ApprovalAsked | None:
    record: ReleaseRecord | None = record_of(service.annotations) if service is not None else None
    if record is None or record.id != release_id:
        return None
    return next((each for each in record.approvals if each.name == name), None)
