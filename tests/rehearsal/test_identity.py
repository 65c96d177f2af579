"""Releases of a service that is not public, at a local cloud as strict as production, under every kind of credentials.

What reached the service is looked at whole: every header of every request.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from google.cloud.run_v2 import IngressTraffic, Service

from deploy_lib.local_cloud.emulator.identity.credentials import ACCOUNT, PERSON
from deploy_lib.local_cloud.emulator.identity.routes import MACHINE
from deploy_lib.local_cloud.emulator.run.invocation import GCLOUD
from deploy_lib.local_cloud.emulator.wire.tokens import unverified_claims
from tests.cloud import LocalCloud
from tests.engine_store import shared_store
from tests.rehearsal.cli_harness import CliHarness
from tests.rehearsal.other_client import OtherClient
from tests.rehearsal.plans import BUILT, REST, compare

UNSIGNED = ".SIGNATURE_REMOVED_BY_GOOGLE"
ASKER = "asker@elsewhere.iam.gserviceaccount.com"
ASKED = (*BUILT, {"probe": {"attempts": 10, "need": 2, "every": "20ms"}})
LIVE = (*ASKED, compare("1s"), *REST)


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    arguments, store = ("--profile", "production"), shared_store(tmp_path_factory)
    with LocalCloud(tmp_path_factory.mktemp("strict"), store=store, arguments=arguments) as cloud:
        yield cloud


@pytest.fixture(scope="module")
def released(strict: LocalCloud, tmp_path_factory: pytest.TempPathFactory) -> CliHarness:
    """A service that nobody may invoke but who has the role, released once with the tool's own account."""
    harness = CliHarness(strict, tmp_path_factory.mktemp("harness"), strict.name("inn"))
    result = harness.release(harness.config((*ASKED, *REST)))
    assert result.code == 0, result.errors
    return harness


def test_a_release_from_ci_by_federation_and_its_service_account(strict: LocalCloud, released: CliHarness) -> None:
    released.more = strict.credentials("federation-account")
    result = released.release(released.config(LIVE, {"kind": "federation"}))
    assert result.code == 0, result.errors
    assert_asked_as(ACCOUNT, released, released.url(), least=10)


@pytest.mark.parametrize(
    ("kind", "invoke_as", "account", "region"),
    [
        ("federation", {"invoke_as": ASKER}, ASKER, "europe-west1"),
        ("impersonated", {}, ACCOUNT, "europe-west2"),
        ("key-file", {}, ACCOUNT, "europe-west3"),
        ("metadata", {}, MACHINE, "europe-west4"),
        ("login", {}, PERSON, "europe-west6"),
    ],
)
def test_only_identity_tokens_for_the_service_reach_it(
    strict: LocalCloud, tmp_path: Path, kind: str, invoke_as: Mapping[str, str], account: str, region: str
) -> None:
    """Each in a region of its own, since 30 writes a minute are all that one has."""
    harness = CliHarness(strict, tmp_path, strict.name("inn"), strict.credentials(kind))
    services = {"backend": harness.entry(harness.service, **invoke_as)}
    # Where the metadata server is, google-auth reads once, when it is imported.
    release = harness.started if kind == "metadata" else harness.release
    result = release(harness.config(ASKED, services=services, region=region))
    assert result.code == 0, result.errors
    assert_asked_as(account, harness, harness.url(), least=2, login=kind == "login")


def assert_asked_as(account: str, harness: CliHarness, audience: str, *, least: int, login: bool = False) -> None:
    """Of every request that reached the service, every header."""
    seen = headers_of(harness)
    assert len(seen) >= least
    for headers in seen:
        assert "ya29" not in json.dumps(headers)
        given = headers["authorization"]
        assert given.endswith(UNSIGNED), "Cloud Run takes the signature off what it has checked"
        claims = unverified_claims(given.removeprefix("Bearer "))
        assert claims["email"] == account
        assert claims["aud"] in GCLOUD if login else claims["aud"] == audience


@pytest.mark.parametrize(
    ("kind", "invoke_as", "without", "words"),
    [
        ("federation", {}, "", ("identity of ci", "roles/iam.serviceAccountOpenIdTokenCreator", "invoke_as:")),
        ("federation", {"invoke_as": ASKER}, "TokenCreator", (f"tokens of {ASKER}", f"binding {ASKER}", "OpenIdToken")),
        ("key-file", {}, "run.admin", (f"{ACCOUNT} may not invoke", f"serviceAccount:{ACCOUNT}", "run.invoker")),
    ],
    ids=("no account", "no role on the account", "no role on the service"),
)
def test_what_cannot_be_asked_is_said_before_the_build(
    strict: LocalCloud,
    released: CliHarness,
    kind: str,
    invoke_as: Mapping[str, str],
    without: str,
    words: tuple[str, ...],
) -> None:
    harness = released
    harness.more = strict.credentials(kind)
    before, entry = strict.last_call(), harness.entry(harness.service, {"kind": kind}, **invoke_as)
    plan = harness.config(({"config_contract": None}, *ASKED), services={"backend": entry})
    with lacking(strict, without):
        result = harness.release(plan)
    assert (result.code, result.statuses) == (1, [("config_contract", "failed")]), result.errors
    (finding,) = [each for each in result.of_type("judged")[0]["findings"] if each["severity"] == "error"]
    assert finding["code"] == "frontend_refused"
    for word in words:
        assert word in f"{finding['message']} {finding['fix']}"
    assert not [call for call in strict.calls(before) if "CreateBuild" in call]


def test_a_private_service_passes_the_contract(strict: LocalCloud, released: CliHarness) -> None:
    released.more = strict.credentials("federation-account")
    result = released.command("plan", released.config(({"config_contract": None}, *ASKED)))
    assert result.code == 0, result.errors


NOT_ASKED = (*BUILT, {"probe": {"via": "none", "attempts": 2}}, REST[0], {"verify": {"via": "none"}})


@pytest.fixture(scope="module")
def walled(strict: LocalCloud, tmp_path_factory: pytest.TempPathFactory) -> CliHarness:
    harness = CliHarness(strict, tmp_path_factory.mktemp("walled"), strict.name("wall"))
    result = harness.release(harness.config(BUILT, region="us-east1"))
    assert result.code == 0, result.errors
    return harness


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"ingress": IngressTraffic.INGRESS_TRAFFIC_INTERNAL_ONLY}, "from inside only (ingress: internal)"),
        ({"iap_enabled": True}, "Identity-Aware Proxy is in front of the service and answers 302"),
        ({"default_uri_disabled": True}, "default URL is disabled, so that it has no URL"),
    ],
    ids=("ingress", "IAP", "default URL"),
)
def test_a_service_that_is_not_reached_from_here_is_told_before_the_build(
    strict: LocalCloud, walled: CliHarness, change: dict[str, Any], words: str
) -> None:
    client, before = OtherClient(walled), strict.last_call()
    client.path = client.path.replace("us-central1", "us-east1")
    put(client, change)
    try:
        plan = walled.config(({"config_contract": None}, *ASKED, *REST), {"number": words}, region="us-east1")
        refused = walled.release(plan)
        assert (refused.code, refused.statuses) == (1, [("config_contract", "failed")]), refused.errors
        (finding,) = [each for each in refused.of_type("judged")[0]["findings"] if each["severity"] == "error"]
        assert finding["code"] == "not_reachable" and words in finding["message"]
        assert "probe, verify would ask it" in finding["message"]
        assert "candidate_url" in finding["fix"] and "via: none" in finding["fix"]
        assert not [call for call in strict.calls(before) if "CreateBuild" in call]
        if "default_uri_disabled" in change:
            plan = walled.config(({"config_contract": None}, *NOT_ASKED), {"number": words}, region="us-east1")
            result = walled.release(plan)
            assert result.code == 0, result.errors
            assert walled.now == {result.candidate: 100}
            assert "rests on Cloud Run's own health check" in str(result.events)
    finally:
        open_again = {"ingress": IngressTraffic.INGRESS_TRAFFIC_ALL, "default_uri_disabled": False}
        put(client, {**open_again, "iap_enabled": False})


def put(client: OtherClient, settings: Mapping[str, Any]) -> None:
    def edit(service: Service) -> None:
        for name, value in settings.items():
            setattr(service, name, value)

    client.change(edit, *settings)


@contextmanager
def lacking(cloud: LocalCloud, role: str) -> Iterator[None]:
    """Everybody may edit, and holds what is usual but for one role."""
    grants = f"{cloud.http}/_local/grants"
    usual = httpx.get(grants, trust_env=False).json()
    left = {name: members for name, members in usual.items() if not role or role not in name}
    httpx.put(grants, json={**left, "roles/editor": usual["roles/run.admin"]}, trust_env=False).raise_for_status()
    try:
        yield
    finally:
        httpx.put(grants, json=usual, trust_env=False).raise_for_status()


def headers_of(harness: CliHarness) -> list[dict[str, str]]:
    """Of every request of the tool that reached the revision that serves now."""
    token = httpx.get(
        f"{harness.cloud.http}/computeMetadata/v1/instance/service-accounts/default/identity",
        params={"audience": harness.url()},
        headers={"Metadata-Flavor": "Google"},
        trust_env=False,
    ).text
    bearer = {"Authorization": f"Bearer {token}"}
    seen: list[dict[str, str]] = httpx.get(f"{harness.url()}/seen", headers=bearer, trust_env=False).json()["seen"]
    return [headers for headers in seen if headers["user-agent"] == "deploy-to-gcp"]
