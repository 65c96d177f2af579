"""The loopback ports of services: one for each service and each of its tags, the same after a restart."""

from __future__ import annotations

import json
from pathlib import Path

from ...files import write_whole
from ..ingress.server import Ingress
from ..reach.reach import Reach
from ..wire.ports import HOST
from .names import ServiceName

BY_NUMBER = "#"
"""In place of a tag: the service's other address, at Google the one that has the project's number in it."""


class ServicePorts:
    """Hold the store's lock while calling. An address keeps its port until its service is deleted."""

    def __init__(self, path: Path, ingress: Ingress, reach: Reach) -> None:
        """`reach` is told of every address, so that the other services' containers find it."""
        self._path, self._ingress, self.reach = path, ingress, reach
        self._wanted: dict[str, int] = json.loads(path.read_text()) if path.is_file() else {}
        self._open: dict[str, int] = {}

    def port(self, service: ServiceName, tag: str = "") -> int:
        """Without a tag it is the service's own address."""
        key = f"{service}#{tag}"
        if key not in self._open:
            self._open[key] = self._ingress.open(self._wanted.get(key, 0))
            if self._wanted.get(key) != self._open[key]:
                self._wanted[key] = self._open[key]
                self._save()
            self.reach.announce((service.project, service.location), service.service, tag, self._open[key])
        return self._open[key]

    def uri(self, service: ServiceName, tag: str = "") -> str:
        return f"http://{HOST}:{self.port(service, tag)}"

    def own_ports(self, service: ServiceName) -> list[int]:
        """Of its addresses that are no tag's."""
        return [self.port(service, BY_NUMBER), self.port(service)]

    def urls(self, service: ServiceName) -> list[str]:
        """Both of its own addresses, in the order in which captures since 2025 list them."""
        return [f"http://{HOST}:{port}" for port in self.own_ports(service)]

    def ports(self, service: ServiceName) -> dict[str, int]:
        """Every open address of the service by tag, also of tags that were removed."""
        mark = f"{service}#"
        return {key.removeprefix(mark): port for key, port in self._open.items() if key.startswith(mark)}

    def forget(self, service: ServiceName) -> None:
        """Its ports answer 404 until the local cloud ends, and are not asked for again."""
        for tag in self.ports(service):
            del self._open[f"{service}#{tag}"]
            self._wanted.pop(f"{service}#{tag}", None)
        self.reach.withdraw((service.project, service.location), service.service)
        self._save()

    def _save(self) -> None:
        write_whole(self._path, json.dumps(self._wanted))
