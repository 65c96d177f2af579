"""Releases of a service that is not public, at a local cloud as strict as production, under every kind of credentials.

What reached the service is looked at whole: every header of every request.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from deploy_lib.local_cloud.emulator.identity.credentials import ACCOUNT, PERSON
from deploy_lib.local_cloud.emulator.identity.routes import MACHINE
from deploy_lib.local_cloud.emulator.run.invocation import GCLOUD
from deploy_lib.local_cloud.emulator.wire.tokens import unverified_claims
from tests.cloud import LocalCloud
from tests.engine_store import shared_store
from tests.rehearsal.cli_harness import CliHarness
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


@pytest.mark.parametrize(
    ("kind", "steps", "invoke_as", "account"),
    [
        ("federation-account", LIVE, None, ACCOUNT),
        ("federation", ASKED, ASKER, ASKER),
        ("impersonated", ASKED, None, ACCOUNT),
        ("key-file", ASKED, None, ACCOUNT),
        ("metadata", ASKED, None, MACHINE),
        ("login", ASKED, None, PERSON),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_only_identity_tokens_for_the_service_reach_it(
    strict: LocalCloud,
    released: CliHarness,
    kind: str,
    steps: Sequence[Mapping[str, Any]],
    invoke_as: str | None,
    account: str,
) -> None:
    harness = released
    harness.more = strict.credentials(kind)
    entry = harness.entry(harness.service, {"kind": kind}, **({"invoke_as": invoke_as} if invoke_as else {}))
    # Where the metadata server is, google-auth reads once, when it is imported.
    release = harness.started if kind == "metadata" else harness.release
    result = release(harness.config(steps, services={"backend": entry}))
    assert result.code == 0, result.errors
    seen = headers_of(harness, result.of_type("judged")[-1]["release"]["candidate_url"])
    assert len(seen) >= (10 if steps is LIVE else 2)
    for headers in seen:
        assert "ya29" not in json.dumps(headers)
        given = headers["authorization"]
        assert given.endswith(UNSIGNED), "Cloud Run takes the signature off what it has checked"
        claims = unverified_claims(given.removeprefix("Bearer "))
        audience = claims["aud"] in GCLOUD if kind == "login" else claims["aud"] == harness.url()
        assert (claims["email"], audience) == (account, True)


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


def headers_of(harness: CliHarness, url: str) -> list[dict[str, str]]:
    """Of every request of the tool that reached the revision at that URL."""
    token = httpx.get(
        f"{harness.cloud.http}/computeMetadata/v1/instance/service-accounts/default/identity",
        params={"audience": harness.url()},
        headers={"Metadata-Flavor": "Google"},
        trust_env=False,
    ).text
    bearer = {"Authorization": f"Bearer {token}"}
    seen: list[dict[str, str]] = httpx.get(f"{url}/seen", headers=bearer, trust_env=False).json()["seen"]
    return [headers for headers in seen if headers["user-agent"] == "deploy-to-gcp"]
