"""Makes a new revision from the template of its service."""

from __future__ import annotations

import datetime
import uuid

from google.cloud.run_v2.types import Revision, RevisionTemplate, Service

from . import conditions
from .names import ServiceName
from .start_order import full_name

# Fields that a template and the revision made from it have in common.
_SHARED = (
    "labels",
    "annotations",
    "scaling",
    "vpc_access",
    "timeout",
    "service_account",
    "containers",
    "volumes",
    "execution_environment",
    "encryption_key",
    "max_instance_request_concurrency",
    "service_mesh",
    "session_affinity",
    "node_selector",
)


def make_revision(
    template: RevisionTemplate, name: ServiceName, short: str, service: Service, now: datetime.datetime
) -> Revision:
    revision = Revision(
        name=name.revision(short),
        uid=str(uuid.uuid4()),
        generation=1,
        service=name.service,
        create_time=now,
        update_time=now,
        reconciling=True,
        launch_stage=service.launch_stage,
        creator=service.last_modifier,
        conditions=conditions.begun(now),
        etag=f'"{uuid.uuid4().hex}"',
    )
    source, target = RevisionTemplate.pb(template), Revision.pb(revision)
    for descriptor, value in source.ListFields():
        if descriptor.name not in _SHARED:
            continue
        if descriptor.is_repeated:
            getattr(target, descriptor.name).MergeFrom(value)
        elif descriptor.message_type is not None:
            getattr(target, descriptor.name).CopyFrom(value)
        else:
            setattr(target, descriptor.name, value)
    for number, container in enumerate(revision.containers):
        container.name = full_name(revision.containers, number, name.service)
    return revision
