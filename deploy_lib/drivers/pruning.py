"""Old revisions and images, listed and deleted one by one. What may go is decided elsewhere (model/pruning.py)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from deploy_lib.drivers.errors import ApiError
from deploy_lib.drivers.interface import Clock, DriverError
from deploy_lib.drivers.json_api import Json
from deploy_lib.drivers.policy import Calls
from deploy_lib.drivers.polling import polls
from deploy_lib.drivers.services.api import RunApi
from deploy_lib.drivers.services.template import main_container
from deploy_lib.drivers.services.traffic import short, spec_traffic, status_traffic
from deploy_lib.drivers.status_code import StatusCode
from deploy_lib.drivers.times import plain_time
from deploy_lib.model.image_names import artifact_repository
from deploy_lib.model.pruning import OldRevision, Prunable, StoredImage
from deploy_lib.model.service import Service
from deploy_lib.model.state import ServiceState

_HOST = "artifactregistry.googleapis.com"
_TIMEOUT = 20.0  # seconds
_GONE_WITHIN = 120.0
"""Seconds in which a deletion is carried out."""
_PAGE = 1000
_NOT_FOUND = 5  # as operations tell it: https://github.com/googleapis/googleapis/blob/master/google/rpc/code.proto


@dataclass(frozen=True, slots=True)
class Pruner:
    """All methods raise DriverError, and Interrupted from the clock between two calls."""

    calls: Calls
    clock: Clock
    read_state: Callable[[Service], ServiceState]

    def look(self, service: Service, *, images: bool) -> Prunable:
        """All revisions of the service, and its images where they are asked for."""
        api, state = RunApi(self.calls), self.read_state(service)
        found = api.service(service.path)
        if found is None:
            return Prunable(state, (), {})
        led_to = {
            short(found.latest_created_revision): "it is the latest",
            short(found.latest_ready_revision): "it is the latest",
        }
        for traffic in (spec_traffic(found), status_traffic(found)):
            led_to |= {name: f"it has the tag {tag}" for tag, name in traffic.tags().items()}
            led_to |= {name: f"it serves {percent} %" for name, percent in traffic.shares().items()}
        revisions = tuple(
            OldRevision(
                short(each.name), container.image if container is not None else "", plain_time(each.create_time)
            )
            for each in api.all_revisions(service.path)
            for container in [main_container(each)]
        )
        return Prunable(state, revisions, led_to, self._images(service) if images else ())

    def delete_revision(self, service: Service, name: str) -> None:
        """Returns when it is gone, whoever deleted it. Cloud Run itself refuses one that has traffic, a tag, or is the
        latest."""
        api = RunApi(self.calls)
        try:
            operation = api.delete_revision(f"{service.path}/revisions/{name}")
        except ApiError as problem:
            if problem.code is not StatusCode.NOT_FOUND:
                raise
            return
        for _ in polls(self.clock, _GONE_WITHIN):
            found = api.operation(operation)
            if found is None or found.done:
                if found is not None and found.error.code not in (0, _NOT_FOUND):
                    raise DriverError(f"could not delete the revision {name}: {found.error.message}")
                return
        raise DriverError(f"the revision {name} was not gone within {_GONE_WITHIN:.0f} s", "look again in a while")

    def delete_image(self, service: Service, digest: str) -> None:
        """With the tags that lead to it; one that is gone already is gone.

        https://cloud.google.com/artifact-registry/docs/reference/rest/v1/projects.locations.repositories.packages.versions/delete
        """
        path = f"v1/{_repository(service)}/packages/{quote(_package(service), safe='')}/versions/{digest}"
        doing = f"delete the image {digest}"
        try:
            found = self._ask("delete_image", "DELETE", path, doing, {"force": "true"})
            for _ in polls(self.clock, _GONE_WITHIN):
                if found.get("done") or not found.get("name"):
                    break
                found = self._ask("get_image_deletion", "GET", f"v1/{found['name']}", doing)
        except ApiError as problem:
            if problem.code is not StatusCode.NOT_FOUND:
                raise
            return
        if "error" in found:
            raise DriverError(f"could not {doing}: {found['error'].get('message', 'no reason given')}")

    def _images(self, service: Service) -> tuple[StoredImage, ...]:
        """https://cloud.google.com/artifact-registry/docs/reference/rest/v1/projects.locations.repositories.dockerImages"""
        path, doing = f"v1/{_repository(service)}/dockerImages", f"list the images of {service.name}"
        found: list[StoredImage] = []
        token = ""
        while True:
            query = {"pageSize": str(_PAGE), **({"pageToken": token} if token else {})}
            page = self._ask("list_images", "GET", path, doing, query)
            for each in page.get("dockerImages", ()):
                name, _, digest = str(each.get("uri", "")).partition("@")
                if name == service.image_name and digest:
                    found.append(StoredImage(digest, tuple(each.get("tags", ())), _time(each.get("uploadTime"))))
            token = page.get("nextPageToken", "")
            if not token:
                return tuple(found)

    def _ask(self, name: str, verb: str, path: str, doing: str, query: dict[str, str] | None = None) -> Json:
        api = self.calls.clients.json_api
        ask = lambda: api.ask(verb, _HOST, f"/{path}", query=query, timeout=_TIMEOUT)  # noqa: E731
        return self.calls.make(name, ask, doing).body


def _repository(service: Service) -> str:
    found = artifact_repository(service.images)
    if found is None:
        raise DriverError(
            f"the images of {service.name} are kept in {service.images}, which is not Artifact Registry",
            "leave out --images; delete old images where they are kept",
        )
    return found


def _package(service: Service) -> str:
    """The image's name within its repository."""
    return service.image_name.split("/", 3)[3]


def _time(text: object) -> datetime | None:
    try:
        return datetime.fromisoformat(str(text).replace("Z", "+00:00"))
    except ValueError:
        return None
