"""Where a service and its tags are asked: at Cloud Run's own URLs, or as the YAML says."""

from __future__ import annotations

import pytest
from google.cloud import run_v2
from pydantic import ValidationError

from deploy_lib.config.service_settings import ServiceSettings
from deploy_lib.drivers.services.addresses import has_no_tag_urls, main_url, tag_urls, url_of_tag
from deploy_lib.model.service import Service

FOUND = run_v2.Service(
    uri="https://shop-abc.a.run.app",
    traffic_statuses=[
        {"revision": "shop-1", "percent": 100},
        {"revision": "shop-2", "tag": "canary", "uri": "https://canary---shop-abc.a.run.app"},
    ],
)
DISABLED = run_v2.Service(default_uri_disabled=True, traffic_statuses=[{"revision": "shop-2", "tag": "canary"}])
OWN = {"url": "https://shop.example.com", "candidate_url": "https://{tag}.shop.example.com"}


@pytest.mark.parametrize(
    ("given", "found", "main", "tags", "none_to_come"),
    [
        ({}, FOUND, FOUND.uri, {"canary": "https://canary---shop-abc.a.run.app"}, False),
        ({}, DISABLED, "", {}, True),
        (OWN, FOUND, "https://shop.example.com", {"canary": "https://canary.shop.example.com"}, False),
        (OWN, DISABLED, "https://shop.example.com", {"canary": "https://canary.shop.example.com"}, False),
        ({"url": "https://shop.example.com"}, DISABLED, "https://shop.example.com", {}, True),
    ],
)
def test_where_it_is_asked(
    given: dict[str, str], found: run_v2.Service, main: str, tags: dict[str, str], none_to_come: bool
) -> None:
    service = Service("shop", "p", "r", "shop", "host/p/r", **given)  # type: ignore[arg-type]
    assert main_url(service, found) == main
    assert tag_urls(service, found) == tags
    assert url_of_tag(service, found, "canary") == tags.get("canary") and url_of_tag(service, found, None) is None
    assert has_no_tag_urls(service, found) is none_to_come


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("candidate_url", "https://shop.example.com"),
        ("candidate_url", "https://{tag}.{service}.example.com"),
        ("candidate_url", "https://{tag}.{tag}.example.com"),
        ("candidate_url", "{tag}.example.com"),
        ("url", "shop.example.com"),
        ("url", "https://shop.example.com/?a=1"),
        ("url", "https://user:word@shop.example.com"),
    ],
)
def test_an_address_that_is_none_is_refused(key: str, value: str) -> None:
    with pytest.raises(ValidationError):
        ServiceSettings.model_validate({"cloud_run": "shop", key: value})
