"""A message to a chat channel over its webhook: one POST of {"text": ...}, as Slack and those who copy it take it.

The address is itself a secret, so no error repeats it.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from deploy_lib.drivers.interface import DriverError

PATIENCE = 5.0  # seconds
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_REMEDY = "check the webhook's address where it was created"


def send(address: str, text: str, *, patience: float = PATIENCE) -> None:
    """Raises DriverError when it was not taken. Sent once: a message that comes twice is worse than one lost."""
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
    except ValueError:
        raise DriverError("the webhook's address is not a URL", _REMEDY) from None
    if not host or (parts.scheme != "https" and not (parts.scheme == "http" and host in _LOOPBACK)):
        raise DriverError("the webhook's address is not an https URL", _REMEDY)
    import httpx

    try:
        # The answer's body is never read, so a server that never stops sending does not block.
        with httpx.stream("POST", address, json={"text": text}, timeout=patience, follow_redirects=False) as answer:
            status = answer.status_code
    except httpx.TimeoutException:
        raise DriverError(f"the webhook at {host} did not answer within {patience:g} s") from None
    except (httpx.HTTPError, httpx.InvalidURL) as problem:
        raise DriverError(f"the webhook at {host} could not be reached ({type(problem).__name__})", _REMEDY) from None
    if not 200 <= status < 300:
        raise DriverError(f"the webhook at {host} answered {status}", _REMEDY)
