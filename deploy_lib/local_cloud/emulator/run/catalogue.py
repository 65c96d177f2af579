"""Read access to services and revisions: one, or a list in pages."""

from __future__ import annotations

from dataclasses import dataclass

from google.cloud.run_v2.types import (
    GetRevisionRequest,
    GetServiceRequest,
    ListRevisionsRequest,
    ListRevisionsResponse,
    ListServicesRequest,
    ListServicesResponse,
    Revision,
    Service,
)

from .names import parse_parent, parse_revision, parse_service
from .paging import page
from .refusal import RunRefusal, invalid, missing
from .store import Deployed, ServiceRecord, ServiceStore


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Hands out copies. All methods may be called from any thread and raise RunRefusal."""

    store: ServiceStore

    def locations(self, project: str) -> list[str]:
        """Those in which the project has a service, in order."""
        with self.store.lock:
            names = [record.name for record in self.store.all(f"projects/{project}")]
        return sorted({name.location for name in names})

    def projects(self) -> set[str]:
        """Those that have a service."""
        with self.store.lock:
            return {record.name.project for record in self.store.all()}

    def digest(self, name: str) -> str:
        """What the image of a revision's first container meant when it was made; "" when it was not found, or the
        revision is not there."""
        with self.store.lock:
            try:
                return self.find_revision(name)[1].digests[0]
            except RunRefusal:
                return ""

    def get_service(self, request: GetServiceRequest) -> Service:
        with self.store.lock:
            return copy_service(self.store.get(parse_service(request.name)).service)

    def list_services(self, request: ListServicesRequest) -> ListServicesResponse:
        parent = parse_parent(request.parent)
        if parent.endswith("/-"):
            raise invalid(f"invalid parent {parent!r}: the location cannot be '-'")  # [client: parent's own docstring]
        with self.store.lock:
            services = [copy_service(record.service) for record in self.store.all(parent)]
        found, rest = page(services, request.page_size, request.page_token)
        return ListServicesResponse(services=found, next_page_token=rest)

    def get_revision(self, request: GetRevisionRequest) -> Revision:
        with self.store.lock:
            return copy_revision(self.find_revision(request.name)[1].revision)

    def list_revisions(self, request: ListRevisionsRequest) -> ListRevisionsResponse:
        """Newest first. The service may be "-" for all of a location."""
        parent, _, last = request.parent.rpartition("/services/")
        with self.store.lock:
            records = (
                self.store.all(parse_parent(parent)) if last == "-" else [self.store.get(parse_service(request.parent))]
            )
            revisions = [copy_revision(item.revision) for record in records for item in record.revisions.values()]
        revisions.sort(key=lambda revision: revision.create_time, reverse=True)
        found, rest = page(revisions, request.page_size, request.page_token)
        return ListRevisionsResponse(revisions=found, next_page_token=rest)

    def find_revision(self, text: str) -> tuple[ServiceRecord, Deployed]:
        """By its full name, in which the service may be "-". Hold the store's lock."""
        name, short = parse_revision(text)
        for record in self.store.all(name.parent) if name.service == "-" else [self.store.get(name)]:
            if short in record.revisions:
                return record, record.revisions[short]
        raise missing("REVISION", short, name.location, name.project)


def copy_service(service: Service) -> Service:
    copy: Service = Service.deserialize(Service.serialize(service))
    return copy


def copy_revision(revision: Revision) -> Revision:
    copy: Revision = Revision.deserialize(Revision.serialize(revision))
    return copy
