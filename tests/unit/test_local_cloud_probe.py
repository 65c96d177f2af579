"""The start-up probe where nothing listens: an HTTP try is over at once, a TCP try lasts its whole timeout."""

from __future__ import annotations

import socket
import threading
import time
from typing import cast

import pytest

from deploy_lib.local_cloud.emulator.run.instances.instance_spec import StartupProbe
from deploy_lib.local_cloud.emulator.run.instances.netns_sockets import NetnsSockets
from deploy_lib.local_cloud.emulator.run.instances.probe import probe_startup
from deploy_lib.local_cloud.emulator.run.instances.timescale import Timescale


class Refusing:
    """A network in which every connection is refused: to a port that takes none."""

    address = "127.0.0.1"

    def dial(self) -> socket.socket:
        return socket.socket()


@pytest.mark.parametrize(
    ("path", "least", "detail"),
    [("/up", 0.0, "ERROR_CONNECTION_FAILED"), (None, 0.4, "DEADLINE_EXCEEDED")],
)
def test_a_refused_connection(path: str | None, least: float, detail: str) -> None:
    probe = StartupProbe(default=False, port=1, path=path, timeout=0.4, period=0.4)
    began = time.monotonic()
    found = probe_startup(probe, cast("NetnsSockets", Refusing()), threading.Event(), Timescale(1.0))
    assert time.monotonic() - began >= least
    assert (found.passed, found.ended, found.tries, detail in found.detail) == (False, False, 1, True)
