"""At which addresses a service is asked before anything is built, and what their answers mean for which steps."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from google.cloud.run_v2 import IngressTraffic
from google.cloud.run_v2 import Service as Found

from deploy_lib.drivers.contract.found import ContractFound
from deploy_lib.drivers.contract.invocation import check_invocation
from deploy_lib.model.answers import Attempt
from deploy_lib.model.exposure import Exposure
from deploy_lib.model.findings import Severity
from deploy_lib.model.release import Release
from deploy_lib.model.requests import ANY_ANSWER, Expectation
from deploy_lib.model.service import Service
from deploy_lib.steps.health import AsksService

OWN, BALANCER = "https://shop-abc-uc.a.run.app", "https://shop.example.com"
NOT_FOUND = Attempt(0, 0, 404, excerpt="<h1>Error: Page not found</h1>")
PROBE, VERIFY = AsksService("probe"), AsksService("verify", alone=False)


@dataclass
class Urls:
    """Only the load balancer's address leads to the service."""

    asked: list[str] = field(default_factory=list)

    def ask(self, url: str, expect: Expectation = ANY_ANSWER, *, timeout: float) -> Attempt:
        self.asked.append(url.removesuffix("/health"))
        return Attempt(0, 0, 200) if url.startswith(BALANCER) else NOT_FOUND


@pytest.mark.parametrize(
    ("given", "asks", "asked", "words"),
    [
        ({}, [VERIFY], [OWN], "so those from here are answered 404, and verify would ask it"),
        ({"url": BALANCER}, [VERIFY], [BALANCER], ""),
        ({"url": BALANCER}, [PROBE, VERIFY], [BALANCER, OWN], "are answered 404, and probe would ask it"),
        ({"url": BALANCER, "candidate_url": "https://{tag}.example.com"}, [PROBE, VERIFY], [BALANCER], ""),
    ],
)
def test_the_way_to_a_tag_is_asked_as_well(
    given: dict[str, str], asks: list[AsksService], asked: list[str], words: str
) -> None:
    service = Service("shop", "p", "r", "shop", "host/p/r", **given)  # type: ignore[arg-type]
    release = Release("1", service, "a" * 40, datetime(2026, 3, 2, tzinfo=UTC))
    found, urls = ContractFound(), Urls()
    balanced = Found(uri=OWN, ingress=IngressTraffic.INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER)
    check_invocation(urls, release, balanced, asks, found)  # type: ignore[arg-type]
    assert urls.asked == asked
    assert [words in each.message for each in found.findings] == [True] * bool(words)
    assert ("the service can be asked" in found.checked) is (not words)


OPEN = Found(uri=OWN, ingress=IngressTraffic.INGRESS_TRAFFIC_ALL)
FROM_INSIDE = "only requests from inside"
NAMED = {"url": BALANCER, "candidate_url": "https://{tag}.example.com"}


@pytest.mark.parametrize(
    ("exposure", "given", "found", "asks", "severity", "words"),
    [
        (
            {"ingress": "internal"},
            {},
            OPEN,
            [PROBE, VERIFY],
            Severity.WARNING,
            f"takes {FROM_INSIDE} once the candidate has all traffic, and verify would",
        ),
        ({"ingress": "internal"}, {}, OPEN, [PROBE], None, ""),
        (
            {"ingress": "internal"},
            {},
            None,
            [PROBE, VERIFY],
            Severity.WARNING,
            f"takes {FROM_INSIDE}, and probe, verify would",
        ),
        ({"ingress": "internal"}, NAMED, OPEN, [PROBE, VERIFY], None, ""),
        ({"ingress": "all"}, {}, OPEN, [PROBE, VERIFY], None, ""),
        ({}, {}, OPEN, [PROBE, VERIFY], None, ""),
        (
            {"default_url": False},
            {},
            OPEN,
            [PROBE, VERIFY],
            Severity.ERROR,
            "has no URL once the candidate has all traffic, and verify would",
        ),
        ({"default_url": False}, {}, None, [PROBE, VERIFY], Severity.ERROR, "has no URL, and probe, verify would"),
        ({"default_url": False}, {"url": BALANCER}, OPEN, [PROBE, VERIFY], None, ""),
        (
            {"default_url": False},
            {"url": BALANCER},
            None,
            [PROBE, VERIFY],
            Severity.ERROR,
            "has no URL, and probe would",
        ),
    ],
)
def test_what_the_release_itself_closes_is_said_before_it(
    exposure: dict[str, Any],
    given: dict[str, str],
    found: Found | None,
    asks: list[AsksService],
    severity: Severity | None,
    words: str,
) -> None:
    """The running service answers now, so that asking it tells nothing of this."""
    public = Exposure(public=True, **exposure)
    service = Service("shop", "p", "r", "shop", "host/p/r", exposure=public, **given)  # type: ignore[arg-type]
    release = Release("1", service, "a" * 40, datetime(2026, 3, 2, tzinfo=UTC))
    contract = ContractFound()
    check_invocation(Answering(), release, found, asks, contract)  # type: ignore[arg-type]
    assert [(each.severity, words in each.message) for each in contract.findings] == [(severity, True)] * bool(words)
    assert all("services.shop.url" in (each.fix or "") for each in contract.findings)


class Answering:
    """Every address leads to the service."""

    def ask(self, url: str, expect: Expectation = ANY_ANSWER, *, timeout: float) -> Attempt:
        return Attempt(0, 0, 200)
