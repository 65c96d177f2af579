"""What really answers at the main URL, beside what Cloud Run says it serves."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from deploy_lib.drivers.interface import DriverError, Tell
from deploy_lib.drivers.polling import polls
from deploy_lib.drivers.services.addresses import main_url
from deploy_lib.drivers.services.context import ServiceContext
from deploy_lib.drivers.services.traffic import spec_traffic, status_traffic
from deploy_lib.model.answers import Attempt, TrafficVerified
from deploy_lib.model.service import Health

if TYPE_CHECKING:
    from deploy_lib.steps.verify import VerifyTraffic

HEADER = "x-revision"
_NO_CONTAINER = (502, 503, 504)


def verify_serving(context: ServiceContext, request: VerifyTraffic, tell: Tell) -> TrafficVerified:
    """One look, and one request to the main URL."""
    release, path = request.release, request.release.service.path
    asked, settings = request.asked, request.settings
    service = context.api.service(path)
    if service is None:
        raise DriverError(f"the service {release.service.cloud_run} was deleted meanwhile", conflict=True)
    now = status_traffic(service)
    reconciled = not service.reconciling and now.shares() == spec_traffic(service).shares()
    if settings.via == "none":
        tell("not asked (via: none)")
        return TrafficVerified(now, reconciled)
    url = main_url(release.service, service)
    if not url:
        raise DriverError(
            "the service's default URL is disabled, so it has no address to ask",
            f"name url: of services.{release.service.name}, or say verify: {{via: none}}",
        )
    answer = context.ask(
        url.rstrip("/") + asked.path,
        asked.expect,
        timeout=min(asked.timeout, settings.within),
        header=settings.header,
    )
    if answer.problem or answer.status is None:
        tell(f"{url}{asked.path}: {answer.problem}")
        return TrafficVerified(now, reconciled, failures=1, last=answer)
    name = answer.revision or ""
    tell(f"{url} answered {answer.status}{f' from {name}' if name else ''}")
    return TrafficVerified(now, reconciled, {name: 1}, last=answer)


def answers_from(
    context: ServiceContext, url: str, health: Health, wanted: Collection[str], within: float
) -> tuple[bool, Attempt | None]:
    """Whether one of the wanted revisions answers at the URL. An answer that names no revision counts as theirs.

    Any status will do: what is put back served before, and its path of health may be younger than it.
    """
    last = None
    for _ in polls(context.clock, within):
        last = context.ask(url.rstrip("/") + health.path, timeout=min(health.timeout, within), header=HEADER)
        if last.revision in wanted:
            return True, last
        if last.revision is None and last.status is not None and last.status not in _NO_CONTAINER:
            return True, last
    return False, last
