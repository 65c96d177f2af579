"""Reads the addresses that containers may reach, as they are written: `HOST:PORT`, the name of a service, or
`PROJECT:REGION:INSTANCE=HOST:PORT` for where the socket of a Cloud SQL volume leads. Pure.

Inside a container an address is found as outside: an IPv4 address is one of the container's own loopback interface,
a name stands in /etc/hosts. A service is found at http://NAME/, so that others can be configured before it has a port.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address

_ALIASES = "169.254.9."  # for names, one address each; link-local, so no real one is hidden
_MOST_NAMES = 250
_SERVICE = re.compile(r"[a-z](?:[a-z0-9-]{0,47}[a-z0-9])?")
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
INSTANCE = re.compile(r"[a-z][a-z0-9-]*(?:[.:][a-z][a-z0-9.-]*)?:[a-z0-9-]+:[a-z][a-z0-9-]*")
_OWN = frozenset({"169.254.169.254", "metadata.google.internal"})


class NotReachable(ValueError):
    """The text is not an address that a container could be given; says why."""


@dataclass(frozen=True, slots=True)
class Target:
    """One address outside, or one service (`service`, and neither host nor port). With `instance` the address is where
    sockets of that Cloud SQL instance lead, and nothing that a container finds by itself."""

    host: str = ""
    port: int = 0
    service: str = ""
    instance: str = ""

    def __str__(self) -> str:
        return self.service or f"{self.instance}{'=' if self.instance else ''}{self.host}:{self.port}"

    @property
    def name(self) -> str:
        """What has to stand in /etc/hosts; "" for an IPv4 address and for a socket."""
        return "" if self.instance else self.service or ("" if _is_address(self.host) else self.host)


def parse_target(text: str) -> Target:
    """Raises NotReachable."""
    instance, equals, address = text.rpartition("=")
    if equals:
        if INSTANCE.fullmatch(instance) is None:
            why = f"{instance!r} is not a Cloud SQL instance; want PROJECT:REGION:INSTANCE=HOST:PORT"
            raise NotReachable(f"{text!r}: {why}")
        found = parse_target(address)
        if found.service:
            raise NotReachable(f"{text!r}: a Cloud SQL instance needs an address, HOST:PORT")
        return Target(found.host, found.port, instance=instance)
    host, colon, port = text.rpartition(":")
    if not colon:
        if _SERVICE.fullmatch(text) is None:
            raise NotReachable(f"{text!r} is neither HOST:PORT nor the name of a service")
        return Target(service=text)
    if not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        raise NotReachable(f"{text!r} has no port from 1 to 65535")
    if ":" in host or host.startswith("["):
        raise NotReachable(f"{text!r} is an IPv6 address, and containers have IPv4 only; name an IPv4 address")
    host = "127.0.0.1" if host.lower() == "localhost" else host.lower()
    if host in _OWN:
        raise NotReachable(f"{text!r} is the metadata server, which every container has already")
    if _is_number(host) and not _is_address(host):
        raise NotReachable(f"{text!r} is not an IPv4 address of one machine")
    if _NAME.fullmatch(host) is None:
        raise NotReachable(f"{text!r} has no valid host name or IPv4 address")
    return Target(host, int(port))


def aliases(targets: Sequence[Target]) -> Mapping[str, str]:
    """The address in the container of every name that these need, for /etc/hosts. Raises NotReachable."""
    names = list(dict.fromkeys(target.name for target in targets if target.name))
    if len(names) > _MOST_NAMES:
        raise NotReachable(f"{len(names)} names can be reached at most {_MOST_NAMES} at a time")
    return {name: f"{_ALIASES}{number}" for number, name in enumerate(names, 1)}


def _is_number(host: str) -> bool:
    return re.fullmatch(r"[0-9.]+", host) is not None


def _is_address(host: str) -> bool:
    try:
        found = IPv4Address(host)
    except ValueError:
        return False
    return not (found.is_unspecified or found.is_multicast or found.is_reserved)
