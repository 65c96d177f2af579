"""The network that an instance's containers share: the ways into it and out of it, with the metadata server."""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import suppress

from ....engines.model import Container, EngineError
from ...reach.reach import WaysOut
from .instance_spec import InstanceSpec
from .metadata import METADATA_NAME, MetadataServer
from .netns_sockets import NetnsClosed, NetnsSockets

_REFUSED = 2.0  # seconds within which a container has ended whose network cannot be entered


class InstanceNetwork:
    """Made by the first container. `complain` is told of ways that fail."""

    address = NetnsSockets.address

    def __init__(self, spec: InstanceSpec, instance: str, complain: Callable[[str], None]) -> None:
        self.hosts = {METADATA_NAME: NetnsSockets.metadata_address, **spec.reach.hosts}
        self.sockets: NetnsSockets | None = None  # None when the first container ended before it could be entered
        self._spec, self._instance, self._complain = spec, instance, complain
        self._metadata: MetadataServer | None = None
        self._ways_out: WaysOut | None = None
        self._refused: NetnsClosed | None = None
        self._waiting: NetnsSockets | None = None

    def prepare(self) -> None:
        """Starts what will enter it, beside the container, whose own start takes as long."""
        self._waiting = NetnsSockets()

    def open(self, process: int) -> None:
        """Enters that of the process: before its code runs, if possible."""
        sockets, self._waiting, self._refused = self._waiting or NetnsSockets(), None, None
        try:
            sockets.enter(process)
        except NetnsClosed as error:
            self._refused = error
            return
        self.sockets = sockets
        about, containers = self._spec.metadata, self._spec.containers
        self._metadata = MetadataServer(self.sockets.metadata, {**about, "instance": self._instance})
        place = (about["project"], about["region"])
        own = frozenset(port for each in containers for port in each.ports)
        variables = [value for each in containers for value in each.env.values()]
        self._ways_out = self._spec.reach.enter(self.sockets, place, own, self._complain, variables)

    def enter(self, container: Container) -> None:
        """That of a container that runs, unless `open` was told of it already. Raises EngineError for one that runs
        and cannot be entered, which is of no use; one that has ended has no network."""
        if self.sockets is None:
            self.open(container.pid)
        if self._refused is None:
            return
        with suppress(TimeoutError):
            container.wait(_REFUSED)
            return
        raise EngineError(f"the network of the container could not be entered: {self._refused}")

    def dial(self) -> socket.socket:
        """An unconnected socket of it. Raises OSError when it is gone."""
        if self.sockets is None:
            raise NetnsClosed("the container ended")
        found = self.sockets.dial()
        found.setblocking(False)
        return found

    def close(self) -> None:
        for each in (self._metadata, self._ways_out, self.sockets, self._waiting):
            if each is not None:
                each.close()
