"""The ids of releases: TIME-SERVICE[-REGION]-COMMIT-APART, and what follows from them. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from deploy_lib.model.release_history import ROLLBACK
from deploy_lib.model.service import Service


def release_id(now: datetime, service: Service, commit: str, apart: str) -> str:
    """`apart` keeps two deployers of one second apart; one command uses one for all its releases."""
    return f"{now:%Y%m%dt%H%M%S}-{_named(service)}-{commit[:7]}-{apart}"


def is_of(id_: str, service: Service) -> bool:
    """Whether a release with that id, or a rollback, is of the service, in its region."""
    name, _, _ = id_.removesuffix(ROLLBACK).partition("-")[2].rpartition("-")[0].rpartition("-")
    return name == _named(service)


def in_region(id_: str, service: Service, other: Service) -> str:
    """What the release of `other`, the same service in another region, is called beside that one."""
    time, _, rest = id_.partition("-")
    return f"{time}-{_named(other)}{rest.removeprefix(_named(service))}"


def beside(id_: str, service: Service) -> Iterator[tuple[Service, str]]:
    """The service in each of its other regions, and what that release is called there."""
    for region in service.regions:
        if region != service.region:
            other = replace(service, region=region)
            yield other, in_region(id_, service, other)


def of_all_regions(id_: str, service: Service) -> str:
    """What the releases have in common that one command made of a service in several regions, and no others have."""
    rest = id_.partition("-")[2] if service.regions else f"/{id_}"
    return f"{service.project}/{service.name}{rest.removeprefix(_named(service))}"


def _named(service: Service) -> str:
    return f"{service.name}-{service.region}" if service.regions else service.name
