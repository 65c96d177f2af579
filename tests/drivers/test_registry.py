"""Which registries are asked with the caller's access token."""

from __future__ import annotations

import pytest

from deploy_lib.drivers.builds.registry import takes_access_token


@pytest.mark.parametrize(
    ("host", "takes"),
    [
        ("us-central1-docker.pkg.dev", True),
        ("europe-docker.pkg.dev", True),
        ("gcr.io", True),
        ("eu.gcr.io", True),
        ("registry.example.com", False),
        ("us-central1-docker.pkg.dev.example.com", False),
        ("examplegcr.io", False),
        ("gcr.io:8443", False),
        ("docker.pkg.dev", False),
    ],
)
def test_only_googles(host: str, takes: bool) -> None:
    assert takes_access_token(host) is takes
