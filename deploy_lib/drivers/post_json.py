"""One POST of JSON to a service outside of Google, whose address or token may be secret: no error repeats either."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from deploy_lib.drivers.interface import DriverError
from deploy_lib.drivers.lean_import import HTTPX, import_lean

PATIENCE = 5.0  # seconds
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_LONGEST = 64_000  # bytes of an answer


def post_json(
    who: str,
    address: str,
    body: Mapping[str, Any],
    *,
    remedy: str,
    headers: Mapping[str, str] | None = None,
    patience: float = PATIENCE,
    reads: bool = False,
) -> dict[str, Any]:
    """The answer where it is read (`reads`), else {}. Sent once: a message that comes twice is worse than one lost.

    `who` is told in errors, with its host. Raises DriverError when it was not taken; `patience` in seconds.
    """
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
    except ValueError:
        raise DriverError(f"{who}'s address is not a URL", remedy) from None
    if not host or (parts.scheme != "https" and not (parts.scheme == "http" and host in _LOOPBACK)):
        raise DriverError(f"{who}'s address is not an https URL", remedy)
    import_lean(HTTPX)
    import httpx

    sent = {"json": body, "headers": dict(headers or {}), "timeout": patience, "follow_redirects": False}
    try:
        # The answer's body is not read to its end, so a server that never stops sending does not block.
        with httpx.stream("POST", address, **sent) as answer:  # type: ignore[arg-type]
            status, text = answer.status_code, b""
            for piece in answer.iter_bytes() if reads else ():
                text += piece
                if len(text) > _LONGEST:
                    break
    except httpx.TimeoutException:
        raise DriverError(f"{who} at {host} did not answer within {patience:g} s") from None
    except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as problem:
        raise DriverError(f"{who} at {host} could not be reached ({type(problem).__name__})", remedy) from None
    if not 200 <= status < 300:
        raise DriverError(f"{who} at {host} answered {status}", remedy)
    return _loaded(text)


def _loaded(text: bytes) -> dict[str, Any]:
    try:
        found = json.loads(text or b"{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
