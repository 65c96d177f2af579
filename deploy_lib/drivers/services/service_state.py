"""What a service is like now, for status, rollback and resume."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deploy_lib.drivers.conditions import conditions_of, ready
from deploy_lib.drivers.services.addresses import main_url, tag_urls
from deploy_lib.drivers.services.by_hand import newest
from deploy_lib.drivers.services.context import ServiceContext
from deploy_lib.drivers.services.service_annotations import history_of, record_of
from deploy_lib.drivers.services.template import COMMIT_LABEL, base, main_container
from deploy_lib.drivers.services.traffic import baseline_traffic, short, spec_traffic, status_traffic
from deploy_lib.drivers.times import plain_time
from deploy_lib.model.service import Service
from deploy_lib.model.serving import Serving
from deploy_lib.model.state import RevisionState, ServiceState
from deploy_lib.model.traffic import TrafficMap

if TYPE_CHECKING:
    from google.cloud import run_v2


def read_state(context: ServiceContext, service: Service) -> ServiceState:
    """Everything about the service that status, rollback and resume need. Raises DriverError."""
    found = context.api.service(service.path)
    if found is None:
        return ServiceState(False)
    lease, record = context.others.state(service, found), record_of(found.annotations)
    traffic, revisions = baseline_traffic(found), context.api.revisions(service.path)

    def find(name: str) -> run_v2.Revision | None:
        return next((each for each in revisions if short(each.name) == name), None)

    return ServiceState(
        True,
        url=main_url(service, found) or None,
        traffic=traffic,
        lease=lease,
        unfinished=record.unfinished() if record and not record.restored else None,
        history=history_of(found.annotations),
        revisions=tuple(_revision(each, status_traffic(found)) for each in revisions),
        last_modifier=found.last_modifier,
        reconciling=found.reconciling,
        tag_urls=tag_urls(service, found),
        left=record.unfinished() if record else None,
        updated=plain_time(found.update_time),
        labels=dict(found.labels),
        made_by_hand=newest(found, find),
    )


def read_serving(context: ServiceContext, service: Service) -> Serving:
    """What users are served now. Raises DriverError."""
    found = context.api.service(service.path)
    return Serving(False) if found is None else serving_of(found)


def read_variables(context: ServiceContext, service: Service) -> dict[str, str | None]:
    """Those of the revision that most users get, which a release keeps unless the YAML names them. None: a secret's."""
    found = context.api.service(service.path)
    main = baseline_traffic(found).main_revision() if found is not None else None
    container = main_container(base(found, context.api.revision(service.path, main) if main else None))
    if container is None:
        return {}
    return {each.name: None if "value_source" in each else each.value for each in container.env}


def serving_of(found: run_v2.Service) -> Serving:
    """Pure."""
    return Serving(
        True,
        status_traffic(found),
        spec_traffic(found),
        under_way=found.reconciling,
        problem="" if found.reconciling else " ".join(found.terminal_condition.message.split())[:300],
    )


def _revision(found: run_v2.Revision, now: TrafficMap) -> RevisionState:
    name, summary = short(found.name), ready(conditions_of(found.conditions))
    container = main_container(found)
    is_ready = summary is not None and summary.succeeded
    return RevisionState(
        name,
        container.image if container is not None else "",
        is_ready,
        plain_time(found.create_time),
        now.shares().get(name, 0),
        tuple(tag for tag, where in now.tags().items() if where == name),
        found.labels.get(COMMIT_LABEL),
        "" if is_ready or summary is None else summary.message or summary.reason,
    )
