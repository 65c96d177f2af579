"""Opens the ways out of a container's network: to the named addresses, and to the services by their URLs.

A container's network has no other end. What it may reach listens inside it, at the very address where it is found
outside, and connections there are carried over by a relay; so nothing else can be reached, whatever its code tries.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

from ..wire.ports import HOST
from .relay import Complain, Find, Relay
from .targets import Target, aliases

_HTTP = 80  # of a service that is asked by its name
MOST_URLS = 24
"""URLs of services that a container is given without their being named in its variables, the newest: each is a socket
in the network of each container, and of many services there would be more than a process may have."""
_NAMED = re.compile(r"(?:127\.0\.0\.1|localhost):(\d{1,5})\b")

Place = tuple[str, str]
"""A project and a location: services are found by name in their own."""


class Network(Protocol):
    """The network of one container. `listen` raises OSError when it is gone, or the container listens there itself."""

    def listen(self, host: str, port: int) -> socket.socket: ...


@dataclass
class WaysOut:
    """Those of one container, until `close`."""

    network: Network
    complain: Callable[[str], None]
    _relay: Relay
    _forget: Callable[[WaysOut], None]
    _own: frozenset[int] = frozenset()  # ports at which its own servers listen
    _named: frozenset[int] = frozenset()  # ports of URLs that its variables have
    _servers: list[asyncio.Server] = field(default_factory=list)
    _newest: deque[asyncio.Server] = field(default_factory=deque)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def is_own(self, port: int, target: object) -> bool:
        """Whether a server of its own listens there, of which is told: that one must find its port free."""
        if port in self._own:
            why = f"it listens on port {port} itself, at every address"
            self.complain(f"{target} cannot be reached from this container: {why}")
        return port in self._own

    def open(self, host: str, port: int, target: object, find: Find) -> None:
        """Raises OSError."""
        complain: Complain = lambda why: self.complain(f"{target} could not be reached: {why}")  # noqa: E731
        self._servers.append(self._relay.serve(self.network.listen(host, port), find, complain))

    def open_url(self, port: int) -> None:
        """A container that is gone, or has a server of its own there, is not given it."""
        if self.is_own(port, f"{HOST}:{port}"):
            return
        with contextlib.suppress(OSError):
            if port in self._named:
                self.open(HOST, port, f"{HOST}:{port}", lambda: (HOST, port))
                return
            complain: Complain = lambda why: self.complain(f"{HOST}:{port} could not be reached: {why}")  # noqa: E731
            server = self._relay.serve(self.network.listen(HOST, port), lambda: (HOST, port), complain)
            with self._lock:
                self._newest.append(server)
                over = [self._newest.popleft()] if len(self._newest) > MOST_URLS else []
            self._relay.end(over)

    def close(self) -> None:
        self._forget(self)
        self._relay.end([*self._servers, *self._newest])


@dataclass(frozen=True)
class UnixWays:
    """One that begins at a Unix socket, until `close`."""

    _server: asyncio.Server
    _relay: Relay

    def close(self) -> None:
        self._relay.end([self._server])


class Reach:
    """May be used from any thread. `hosts` belongs into /etc/hosts of every container."""

    def __init__(self, targets: Sequence[Target] = ()) -> None:
        """Raises NotReachable for more names than can be given."""
        self._targets = tuple(dict.fromkeys(target for target in targets if not target.instance))
        self._databases = {target.instance: target for target in targets if target.instance}
        self.hosts: Mapping[str, str] = aliases(self._targets)
        self.services = frozenset(target.service for target in self._targets if target.service)
        self._relay = Relay()
        self._lock = threading.Lock()
        self._urls: dict[int, None] = {}  # in the order in which they came to be
        self._ports: dict[tuple[Place, str], int] = {}  # of the services' own addresses
        self._open: list[WaysOut] = []

    def announce(self, place: Place, service: str, tag: str, port: int) -> None:
        """A URL that is there from now on; "" is the tag of the service's own."""
        with self._lock:
            if not tag:
                self._ports[place, service] = port
            if port in self._urls:
                return
            self._urls[port] = None
            ways = list(self._open)
        for each in ways:
            each.open_url(port)

    def withdraw(self, place: Place, service: str) -> None:
        """The service was deleted."""
        with self._lock:
            self._ports.pop((place, service), None)

    def enter(
        self,
        network: Network,
        place: Place,
        own: frozenset[int],
        complain: Callable[[str], None],
        variables: Iterable[str] = (),
    ) -> WaysOut:
        """Opens them in the network of new containers, whose servers listen on the ports `own`; `complain` is told what
        fails.

        `variables` are the values of its environment, whose URLs it is given in any case.
        """
        named = frozenset(int(port) for text in variables for port in _NAMED.findall(text))
        ways = WaysOut(network, complain, self._relay, self._leave, own, named)
        with self._lock:
            self._open.append(ways)
            urls = list(self._urls)
        for port in (*(named & {*urls}), *(port for port in urls[-MOST_URLS:] if port not in named)):
            ways.open_url(port)
        for target in self._targets:
            host, port = self.hosts.get(target.name, target.host), target.port or _HTTP
            if ways.is_own(port, target):
                continue
            find = partial(self._port_of, place, target.service) if target.service else partial(_always, target)
            try:
                ways.open(host, port, target, find)
            except OSError as error:
                complain(f"{target} cannot be reached from this container: {error}")
        return ways

    def database(self, instance: str) -> Target | None:
        """Where a Cloud SQL instance ("project:region:name") is; None when nobody said."""
        return self._databases.get(instance)

    def enter_socket(self, listener: socket.socket, instance: str, complain: Callable[[str], None]) -> UnixWays:
        """Leads a listening Unix socket to that instance. One that nobody named refuses every connection."""
        target = self._databases.get(instance)
        told: Complain = lambda why: complain(f"Cloud SQL instance {instance} could not be reached: {why}")  # noqa: E731
        find = partial(_always, target) if target else lambda: None
        return UnixWays(self._relay.serve(listener, find, told), self._relay)

    def close(self) -> None:
        self._relay.close()

    def _port_of(self, place: Place, service: str) -> tuple[str, int] | None:
        with self._lock:
            port = self._ports.get((place, service))
        return (HOST, port) if port else None

    def _leave(self, ways: WaysOut) -> None:
        with self._lock, contextlib.suppress(ValueError):
            self._open.remove(ways)


def _always(target: Target) -> tuple[str, int]:
    return target.host, target.port
