"""Clients for a world without credentials, and figures and headers that need no world at all."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from google.api.distribution_pb2 import Distribution

from deploy_lib.drivers.headers import audience_of
from deploy_lib.drivers.metrics import spread
from deploy_lib.model.roles import grant
from tests.waits import WITHIN

ASK = """
import sys, time
from deploy_lib.drivers.clients import Clients
from deploy_lib.drivers.endpoints import Endpoints
from deploy_lib.drivers.interface import DriverError
assert not any(name.split(".")[0] in ("google", "grpc") for name in sys.modules), "imported too early"
import google.auth.transport.requests  # which takes seconds on a busy machine
began = time.monotonic()
try:
    Clients(Endpoints(), "p-staging").services
except DriverError as problem:
    print(f"{problem.reason} | {problem.remedy} | {time.monotonic() - began}")
"""


def _ask(**env: str) -> tuple[str, float]:
    clean = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "PYTHONPATH": str(Path.cwd()), **env}
    done = subprocess.run([sys.executable, "-c", ASK], env=clean, capture_output=True, text=True, timeout=WITHIN)
    assert done.stderr == ""
    said, _, seconds = done.stdout.strip().rpartition(" | ")
    return said, float(seconds)


def test_no_credentials_is_one_message_without_waiting_for_a_metadata_server() -> None:
    # 192.0.2.1 is for documentation: packets to it are dropped, as where no metadata server is.
    said, seconds = _ask(GCE_METADATA_IP="192.0.2.1", GCE_METADATA_HOST="192.0.2.1")
    assert said.startswith("no Google credentials were found on this machine | type: gcloud auth application-default")
    assert seconds < 8, "a server that is not there would be waited for three times three seconds"


def test_a_key_file_that_is_not_there() -> None:
    said, _ = _ask(GOOGLE_APPLICATION_CREDENTIALS="/nonexistent/key.json")
    assert said.startswith("GOOGLE_APPLICATION_CREDENTIALS names no usable credentials: ")
    assert "/nonexistent/key.json" in said


@pytest.mark.parametrize(
    ("url", "audience"),
    [
        ("https://canary---shop-abc-uc.a.run.app/health", "https://shop-abc-uc.a.run.app"),
        ("https://shop-abc-uc.a.run.app", "https://shop-abc-uc.a.run.app"),
        ("https://stable---shop-123.us-central1.run.app/", "https://shop-123.us-central1.run.app"),
        ("http://127.0.0.1:8000/", None),
    ],
)
def test_audience_is_the_services_own_url(url: str, audience: str | None) -> None:
    assert audience_of(url) == audience


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
        '--member="user:$(gcloud config get-value account)" --role=roles/logging.viewer'
    )
    assert "user:anna@example.com" in grant("p", "anna@example.com", "run.services.get")
