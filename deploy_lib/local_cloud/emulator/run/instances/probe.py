"""The start-up probe: asks the instance until it answers, exits, or the failure threshold is reached.

A TCP try lasts its whole timeout, connecting again while it is refused: the default probe is one try of 240 s,
and a server that listens after ten seconds passes it. An HTTP try fails at once when it is refused (two public notes:
after 0.22 s of 240), so a server slower than its period times its threshold fails. HTTP wants a status from 200 to
399 (https://cloud.google.com/run/docs/configuring/healthchecks).
"""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from .instance_spec import StartupProbe
from .netns_sockets import NetnsSockets
from .timescale import Timescale

_REAL = 10.0  # seconds that all tries together last at any scale, unless they are configured to be fewer
_AGAIN = 0.01  # seconds between two connections within one try


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """`passed` and `ended` False: it ran and did not answer. `detail` says how the last try ended."""

    passed: bool
    ended: bool
    tries: int
    detail: str = ""


def probe_startup(
    probe: StartupProbe, netns: NetnsSockets, ended: threading.Event, timescale: Timescale
) -> ProbeResult:
    detail = ""
    if ended.wait(timescale.wait(probe.initial_delay)):
        return ProbeResult(False, True, 0)
    ask = _connect if probe.path is None else _request
    for number in range(1, probe.threshold + 1):
        began = time.monotonic()
        patient = probe.path is None
        passed, detail = _try(lambda left: ask(probe, netns, left), timescale.limit(probe.timeout), ended, patient)
        if passed:
            return ProbeResult(True, False, number)
        pause = timescale.limit(probe.period, _REAL / probe.threshold)
        rest = pause - (time.monotonic() - began) if number < probe.threshold else 0.0
        if ended.wait(max(rest, 0.0)):
            return ProbeResult(False, True, number)
    return ProbeResult(False, False, probe.threshold, detail)


Ask = Callable[[float], "str | None"]


def _try(ask: Ask, seconds: float, ended: threading.Event, patient: bool) -> tuple[bool, str]:
    """One try. `patient`: refused connections are tried again. Returns early when the container ended."""
    deadline = time.monotonic() + seconds
    detail = "Connection failed with status DEADLINE_EXCEEDED."
    while (left := deadline - time.monotonic()) > 0:
        try:
            refusal = ask(left)
        except TimeoutError:
            continue
        except (OSError, http.client.HTTPException):
            if not patient:
                return False, "Connection failed with status ERROR_CONNECTION_FAILED."
            if ended.wait(min(_AGAIN, left)):
                return False, "Connection failed with status CANCELLED."
            continue
        return refusal is None, refusal or ""
    return False, detail


def _connect(probe: StartupProbe, netns: NetnsSockets, seconds: float) -> None:
    with netns.dial() as ingress:
        ingress.settimeout(seconds)
        ingress.connect((netns.address, probe.port))


def _request(probe: StartupProbe, netns: NetnsSockets, seconds: float) -> str | None:
    with netns.dial() as ingress:
        ingress.settimeout(seconds)
        ingress.connect((netns.address, probe.port))
        connection = http.client.HTTPConnection(netns.address, probe.port)
        connection.sock = ingress
        connection.request("GET", probe.path or "/", headers=dict(probe.headers))
        status = connection.getresponse().status
    return None if 200 <= status < 400 else f"HTTP probe failed with status {status}."
