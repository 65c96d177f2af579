"""The order in which the containers of an instance start, and what Cloud Run refuses of their names and of those that
they wait for. Pure.

https://cloud.google.com/run/docs/configuring/services/containers#container-ordering; the sentence on probes is from
cloud-run-samples#230, the other sentences are assumed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from graphlib import CycleError, TopologicalSorter

from google.cloud.run_v2.types import Container

_MOST = 10  # https://cloud.google.com/run/docs/deploying#sidecars
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")


def full_name(containers: Sequence[Container], number: int, owner: str) -> str:
    """Its own name, or that which it is given as one of `owner`, a service or a job [captured in 2026]."""
    return containers[number].name or f"{owner}-{number + 1}"


def in_order(containers: Sequence[Container]) -> list[int]:
    """Their numbers, each behind those that it waits for, else as they stand. They have no cycle."""
    places = {container.name: number for number, container in enumerate(containers) if container.name}
    order = TopologicalSorter(dict.fromkeys(range(len(containers)), ()))
    for number, container in enumerate(containers):
        order.add(number, *(places[name] for name in container.depends_on if name in places))
    return list(order.static_order())


def check_order(containers: Sequence[Container], where: str) -> Iterator[str]:
    """Every violation. `where` is the path of the containers."""
    names = [container.name for container in containers]
    if len(containers) > _MOST:
        yield f"{where}: {len(containers)} containers; there may be at most {_MOST}"
    for name in dict.fromkeys(filter(None, names)):
        if names.count(name) > 1:
            yield f"{where}: there is more than one container named '{name}'"
        if _NAME.fullmatch(name) is None:
            yield f"{where}: '{name}' is not a valid name of a container: lower-case letters, digits and hyphens"
    for number, container in enumerate(containers):
        for name in container.depends_on:
            field = f"{where}[{number}].depends_on"
            if name not in names:
                yield f"{field}: there is no container named '{name}'"
            elif "startup_probe" not in containers[names.index(name)]:
                yield f"{field}: Dependent container '{name}' must have startup probe specified"
    try:
        in_order(containers)
    except CycleError as error:
        circle = " -> ".join(names[number] for number in reversed(error.args[1]))
        yield f"{where}: containers wait for each other: {circle}"
