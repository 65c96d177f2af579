"""Clients for a world without credentials, and figures that need no world at all."""

from __future__ import annotations

import itertools
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from google.api.distribution_pb2 import Distribution

from deploy_lib.drivers.metrics import spread
from deploy_lib.model.roles import grant
from tests.waits import WITHIN

ASK = """
import sys
from deploy_lib.drivers.clients import Clients
from deploy_lib.drivers.endpoints import Endpoints
from deploy_lib.drivers.interface import DriverError
assert not any(name.split(".")[0] in ("google", "grpc") for name in sys.modules), "imported too early"
try:
    Clients(Endpoints(), "p-staging").services
except DriverError as problem:
    from google.auth.compute_engine._metadata import _METADATA_DEFAULT_TIMEOUT as seconds
    print(f"{problem.reason} | {problem.remedy} | {seconds}")
"""


def _ask(**env: str) -> tuple[str, float]:
    clean = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "PYTHONPATH": str(Path.cwd()), **env}
    done = subprocess.run([sys.executable, "-c", ASK], env=clean, capture_output=True, text=True, timeout=WITHIN)
    assert done.stderr == ""
    said, _, seconds = done.stdout.strip().rpartition(" | ")
    return said, float(seconds)


@pytest.fixture
def silent() -> Iterator[socket.socket]:
    """Takes connections, and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=16) as server:
        yield server


def _connections(server: socket.socket) -> int:
    """How many came to a server that has taken none of them yet."""
    server.setblocking(False)
    for number in itertools.count():
        try:
            server.accept()[0].close()
        except BlockingIOError:
            return number
    raise AssertionError


def test_no_credentials_is_one_message_soon(silent: socket.socket) -> None:
    """A metadata server that does not answer is asked once, for a second; google.auth's own way is three for three."""
    said, seconds = _ask(GCE_METADATA_IP="{}:{}".format(*silent.getsockname()))
    assert said.startswith("no Google credentials were found on this machine | type: gcloud auth application-default")
    assert (_connections(silent), seconds) == (1, 1.0)


def test_a_key_file_that_is_not_there() -> None:
    """In a pod, where a metadata server that comes up late would be given google-auth's own time."""
    said, seconds = _ask(GOOGLE_APPLICATION_CREDENTIALS="/nonexistent/key.json", KUBERNETES_SERVICE_HOST="10.0.0.1")
    assert seconds == 3.0
    assert said.startswith("GOOGLE_APPLICATION_CREDENTIALS does not name usable credentials: ")
    assert "/nonexistent/key.json" in said


def test_distributions_are_spread_out() -> None:
    growing = Distribution.BucketOptions.Exponential(num_finite_buckets=3, growth_factor=2, scale=10)
    found = Distribution(
        count=4, bucket_counts=[1, 2, 0, 0, 1], bucket_options=Distribution.BucketOptions(exponential_buckets=growing)
    )
    assert spread(_Plus(found)) == pytest.approx([0.005, 0.0125, 0.0175, 0.08])
    assert spread(_Plus(Distribution(count=2, mean=30))) == [0.03, 0.03]
    assert spread(_Plus(Distribution())) == []


def _Plus(found: Distribution) -> object:
    """As the official client hands it out, inside a proto-plus message."""
    from google.cloud.monitoring_v3 import TypedValue

    return TypedValue(distribution_value=found).distribution_value


def test_grant_names_member_and_role() -> None:
    assert grant("p", None, "logging.logEntries.list").endswith(
        '--member="user:$(gcloud config get-value account)" --role=roles/logging.viewer --condition=None'
    )
    assert "user:anna@example.com" in grant("p", "anna@example.com", "run.services.get")
