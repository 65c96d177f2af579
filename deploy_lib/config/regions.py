"""Where a service runs: `region`, or `regions` where it is several, of the service or of the file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import WithJsonSchema

from deploy_lib.config.lines import Document, Path
from deploy_lib.config.problems import ConfigProblem, unknown
from deploy_lib.model.regions import REGIONS

REGION = r"^[a-z]+-[a-z]+\d+$"
RegionName = Annotated[str, WithJsonSchema({"type": "string", "pattern": REGION})]
"""The form is for editors; here it must be one that is known."""
RegionOrder = Literal["one_after_the_other", "side_by_side"]


def region_problems(document: Document) -> Iterator[ConfigProblem]:
    """What is wrong with the regions of the file, its services and its jobs, beside the form of each value."""
    yield from _of_one_place((), document.data, document)
    services, jobs = _entries(document, "services"), _entries(document, "jobs")
    for name, entry in services.items():
        if isinstance(entry, dict):
            yield from _of_one_place(("services", name), entry, document)
    for name, entry in jobs.items():
        if isinstance(entry, dict):
            yield from _unknown_one(("jobs", name), entry, document)
    targets = [*services.values(), *jobs.values()]
    if not _is_named(document.data) and not (targets and all(map(_is_named, targets))):
        yield ConfigProblem(document.place(("region",)), "region is missing")
    yield from _orders_nothing(document, services)


def regions_named(entry: Mapping[str, Any], file: Mapping[str, Any]) -> tuple[str, ...]:
    """Those of a service as the file has them, read or not; empty where none is named."""
    named = entry if _is_named(entry) else file
    several, one = named.get("regions"), named.get("region")
    found = several if isinstance(several, list) else [] if one is None else [one]
    return tuple(map(str, found))


def _entries(document: Document, section: str) -> Mapping[str, Any]:
    found = document.data.get(section)
    return found if isinstance(found, dict) else {}


def _is_named(entry: Any) -> bool:
    return isinstance(entry, dict) and any(entry.get(key) is not None for key in ("region", "regions"))


def _of_one_place(at: Path, entry: Mapping[str, Any], document: Document) -> Iterator[ConfigProblem]:
    region, regions = entry.get("region"), entry.get("regions")
    if region is not None and regions is not None:
        message = "region and regions are given; leave one out (region: null takes away that of a file it extends)"
        yield ConfigProblem(document.place((*at, "regions")), message)
    yield from _unknown_one(at, entry, document)
    if not isinstance(regions, list):
        return
    if not regions:
        message = "regions is empty; name the regions, e.g. [europe-west1, us-central1]"
        yield ConfigProblem(document.place((*at, "regions")), message)
    for index, each in enumerate(regions):
        place = document.place((*at, "regions", index))
        if each in regions[:index]:
            yield ConfigProblem(place, f"regions: {each} is named twice; once is enough")
        elif _is_unknown(each):
            yield ConfigProblem(place, unknown("region", each, REGIONS))


def _unknown_one(at: Path, entry: Mapping[str, Any], document: Document) -> Iterator[ConfigProblem]:
    region = entry.get("region")
    if _is_unknown(region):
        yield ConfigProblem(document.place((*at, "region")), unknown("region", str(region), REGIONS))


def _is_unknown(region: Any) -> bool:
    return isinstance(region, str) and region not in REGIONS


def _orders_nothing(document: Document, entries: Mapping[str, Any]) -> Iterator[ConfigProblem]:
    several = {
        name
        for name, entry in entries.items()
        if isinstance(entry, dict) and len(regions_named(entry, document.data)) > 1
    }
    if document.data.get("region_order") is not None and not several:
        yield ConfigProblem(document.place(("region_order",)), _NOTHING)
    for name, entry in entries.items():
        if isinstance(entry, dict) and entry.get("region_order") is not None and name not in several:
            yield ConfigProblem(document.place(("services", name, "region_order")), _NOTHING)


_NOTHING = "region_order has nothing to order; name several regions in regions, or leave it out"
