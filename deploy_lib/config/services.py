"""What is wrong between the services of a file, or between one and its repository, beside the form of each.

All problems of a file are shown at once, so a service whose form is wrong somewhere is looked at for the rest of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeVar

from pydantic import ValidationError

from deploy_lib.config.circles import circle_in
from deploy_lib.config.impossible import impossible
from deploy_lib.config.lines import Document, Path
from deploy_lib.config.problems import ConfigProblem, unknown
from deploy_lib.config.regions import regions_named
from deploy_lib.config.runtime import RuntimeSettings
from deploy_lib.config.service_settings import ServiceSettings
from deploy_lib.plan import Step

M = TypeVar("M", bound=ServiceSettings)


def as_far_as_readable(services: object, model: type[M]) -> dict[str, M]:
    """Each service without the keys that are wrong; left out where too little is right."""
    found = {}
    for name, given in services.items() if isinstance(services, dict) else ():
        service = _readable(given, model)
        if service is not None:
            found[str(name)] = service
    return found


def _readable(given: object, model: type[M]) -> M | None:
    if not isinstance(given, dict):
        return None
    try:
        return model.model_validate(given)
    except ValidationError as error:
        wrong = {each["loc"][0] for each in error.errors() if each["loc"]}
    try:
        return model.model_validate({key: value for key, value in given.items() if key not in wrong})
    except ValidationError:
        return None


def service_problems(
    services: Mapping[str, ServiceSettings],
    document: Document,
    exists: Callable[[str], bool],
    matches: Callable[[str], bool],
    section: str = "services",
) -> list[ConfigProblem]:
    """`exists` takes a path relative to the repository's root, `matches` a pattern of include:."""
    names = [*document.data[section]] if services else []
    found = []
    for name, service in services.items():
        at = (section, name)
        misread = {*document.data[section][name]} - service.model_fields_set
        if "dockerfile" not in misread and not exists(service.dockerfile):
            message = f"there is no Dockerfile at {service.dockerfile} in the repository"
            found.append(ConfigProblem(document.place((*at, "dockerfile")), message))
        if "context" not in misread and not exists(service.context):
            found.append(ConfigProblem(document.place((*at, "context")), f"there is no directory {service.context}"))
        for index, pattern in enumerate(service.include):
            if not matches(pattern):
                message = (
                    f"include: {pattern} matches no file on this disk; make the files first, or remove the pattern"
                )
                found.append(ConfigProblem(document.place((*at, "include", index)), message))
        for other in service.after:
            if other not in names:
                message = unknown("service", other, names)
                found.append(ConfigProblem(document.place((*at, "after")), message))
        found.extend(_removed(service, at, document))
        found.extend(ConfigProblem(document.place((*at, *below)), message) for below, message in impossible(service))
        both = sorted(set(service.env) & set(service.secrets))
        found.extend(
            ConfigProblem(document.place((*at, "secrets", variable)), f"{variable} is both in env and in secrets")
            for variable in both
        )
    found.extend(_twice(services, document, section))
    if circle := circle_in({name: service.after for name, service in services.items()}):
        found.append(
            ConfigProblem(document.place(("services", circle[0], "after")), f"a circle: {' after '.join(circle)}")
        )
    return found


REMOVABLE = ("env", "secrets", "labels", "volumes", "containers")
"""Settings of which one entry may be taken away."""


def _removed(service: ServiceSettings, at: Path, document: Document) -> Iterator[ConfigProblem]:
    """Entries of `remove` that name nothing, or what the file sets as well."""
    whole = [*RuntimeSettings.model_fields, "vpc_connector", "service_account"]
    known = sorted({*whole} - {"remove", "labels", "volumes", "containers"})
    for index, name in enumerate(service.remove):
        key, dot, entry = name.partition(".")
        place = document.place((*at, "remove", index))
        if (key not in REMOVABLE or not entry) if dot else key not in known:
            message = f"remove: {name!r} cannot be taken away; {', '.join(f'{each}.NAME' for each in REMOVABLE)}, or "
            yield ConfigProblem(place, f"{message}one of {', '.join(known)}")
        elif entry in getattr(service, key) if dot else getattr(service, key) is not None:
            yield ConfigProblem(place, f"remove: {name} is set in this service, too")


def _twice(services: Mapping[str, ServiceSettings], document: Document, section: str) -> Iterator[ConfigProblem]:
    """Services that are one on Cloud Run: of one name in one region. All of a file are of one project."""
    first: dict[tuple[str, str], str] = {}
    for name, service in services.items():
        regions = regions_named(document.data[section][name], document.data) or ("",)
        others = [first.setdefault((service.cloud_run, region), name) for region in regions]
        other = next((other for other in others if other != name), name)
        if other != name:
            message = (
                f"{name} and {other} are both {service.cloud_run} on Cloud Run; each release would undo the other's"
            )
            yield ConfigProblem(document.place((section, name, "cloud_run")), message)


def never_well(
    services: Mapping[str, ServiceSettings], steps: Sequence[Step], document: Document
) -> Iterator[ConfigProblem]:
    """Services whose health: allows only what a step cannot accept."""
    for step in steps:
        for name, service in services.items():
            message = step.kind.unfit(step.settings, name, service.health.as_health())
            if message:
                yield ConfigProblem(document.place(("services", name, "health", "status")), message)
