"""A URL at which one revision alone answers, also one that has neither traffic nor a tag.

Cloud Run gives such a URL to tags only, so the revision gets a temporary one, which goes when the lease ends.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from deploy_lib.drivers.interface import DriverError
from deploy_lib.drivers.services import service_annotations
from deploy_lib.drivers.services.addresses import has_no_tag_urls, url_of_tag
from deploy_lib.drivers.services.context import ServiceContext, settle
from deploy_lib.drivers.services.service_annotations import record_of, set_annotations
from deploy_lib.drivers.services.traffic import STABLE_TAG, spec_traffic, status_traffic, targets
from deploy_lib.model.release import Release

if TYPE_CHECKING:
    from google.cloud import run_v2

ANOTHER_TAG = "rollback"
"""Where somebody else uses the usual one."""
_NAME_IT = "name candidate_url: of the service, with {tag} in it"


def temporary_url(context: ServiceContext, release: Release, revision: str) -> str:
    """The release must hold the lease. Raises DriverError, also for a service whose name leaves no room for a tag."""
    path = release.service.path

    def edit(service: run_v2.Service) -> list[str]:
        context.leases.guard(path, service)
        if has_no_tag_urls(release.service, service):
            raise DriverError("its default URL is disabled, so that no revision has a URL of its own", _NAME_IT)
        now, record = spec_traffic(service), record_of(service.annotations)
        if revision in now.tags().values():
            return []
        if record is None:
            raise DriverError("someone removed this release's record from the service", conflict=True)
        tag = record.own_tag or (ANOTHER_TAG if STABLE_TAG in now.tags() else STABLE_TAG)
        service.traffic = targets(now.tagged(tag, revision))
        set_annotations(service, service_annotations.with_record(service.annotations, replace(record, own_tag=tag)))
        return ["traffic", "annotations"]

    doing = f"give {revision} a URL of its own"
    changed = context.writer.write(path, edit, doing)

    def lacks(service: run_v2.Service) -> str:
        return "" if _url(release, service, revision) else "it has no URL"

    settled = settle(context, path, changed.operation, doing, lacks=lacks)
    found = _url(release, settled, revision)
    assert found is not None, "settled with a URL"
    return found


def _url(release: Release, service: run_v2.Service, revision: str) -> str | None:
    tag = next((tag for tag, name in status_traffic(service).tags().items() if name == revision), None)
    return url_of_tag(release.service, service, tag)
