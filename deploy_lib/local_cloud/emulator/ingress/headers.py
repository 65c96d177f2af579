"""Which headers the ingress forwards, and which it adds. Pure.

https://cloud.google.com/run/docs/container-contract and RFC 9110 7.6.1 (connection-level headers end here).
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from types import MappingProxyType

from multidict import CIMultiDict, CIMultiDictProxy

_OWN = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
# The WebSocket handshake is made anew on each side; the subprotocol is handed on by itself.
_HANDSHAKE = frozenset(
    {
        "sec-websocket-accept",
        "sec-websocket-extensions",
        "sec-websocket-key",
        "sec-websocket-protocol",
        "sec-websocket-version",
    }
)


def inward(
    given: CIMultiDictProxy[str], client: str, replaced: Mapping[str, str] = MappingProxyType({})
) -> CIMultiDict[str]:
    """For the container: the client's, plus where the request came from and a trace."""
    found = _through(given, frozenset({"expect"}))
    found.update(replaced)
    before = found.popall("X-Forwarded-For", [])
    found["X-Forwarded-For"] = ", ".join([*before, client])
    found.setdefault("X-Forwarded-Proto", "http")
    found.setdefault("X-Cloud-Trace-Context", f"{uuid.uuid4().hex}/{uuid.uuid4().int >> 64};o=1")
    return found


def outward(given: CIMultiDictProxy[str]) -> CIMultiDict[str]:
    """For the client: the container's, under Google's name for the server."""
    found = _through(given, frozenset())
    found["Server"] = "Google Frontend"
    return found


def without_handshake(given: CIMultiDict[str]) -> CIMultiDict[str]:
    return CIMultiDict((name, value) for name, value in given.items() if name.lower() not in _HANDSHAKE)


def _through(given: CIMultiDictProxy[str], also: frozenset[str]) -> CIMultiDict[str]:
    named = {word.strip().lower() for value in given.getall("Connection", []) for word in value.split(",")}
    stopped = _OWN | named | also
    return CIMultiDict((name, value) for name, value in given.items() if name.lower() not in stopped)
