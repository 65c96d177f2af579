"""Refuses requests that a web page makes: only programs of this machine may ask.

The local cloud asks for no credentials, so a web page that reaches it could set faults, read sources and move traffic.
Such a request gives itself away: by a Host that is the page's own name, led to loopback by its DNS (rebinding), or by
the Origin that every browser adds to what a page sends elsewhere (https://fetch.spec.whatwg.org/#origin-header).
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from urllib.parse import urlsplit

_HERE = frozenset({"127.0.0.1", "localhost", "::1"})


def refused(hosts: Sequence[str], origins: Sequence[str] = (), names: Set[str] = frozenset()) -> str | None:
    """Why a request with these headers Host (or :authority) and Origin is not answered; None when it may be.

    `names` are more hosts that mean this machine.
    """
    for host in hosts:
        if host not in names and not _is_here(f"//{host}"):
            return (
                f"the local cloud answers on loopback only, and this request is for the host {_shown(host)}; ask "
                "127.0.0.1 or localhost"
            )
    for origin in origins:
        if not _is_here(origin):
            return f"the local cloud does not answer web pages, and this request comes from one: {_shown(origin)}"
    return None


def _is_here(address: str) -> bool:
    try:
        parts = urlsplit(address)
        name, _ = (parts.hostname or "").rstrip("."), parts.port  # whose reading refuses what is not a number
    except ValueError:  # no address at all, or a port that is not a number
        return False
    return "@" not in parts.netloc and (name in _HERE or name.endswith(".localhost"))


def _shown(text: str) -> str:
    return ascii(text[:100])
