"""Who may invoke a service where that is asked, as in the production profile: what is let in, and what is answered."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import httpx
import pytest
from google.cloud.run_v2 import IngressTraffic, Service
from google.iam.v1.policy_pb2 import Policy

from deploy_lib.local_cloud.emulator.profile.roles import INVOKE
from deploy_lib.local_cloud.emulator.wire.tokens import access_token, identity_token
from deploy_lib.local_cloud.engines.model import Engine
from tests.local_cloud.emulator.run.bench import RunBench, named, template

OWNER, CALLER, STRANGER = "owner@p.example", "caller@p.iam.gserviceaccount.com", "stranger@p.example"
GCLOUD = "32555940559.apps.googleusercontent.com"


@pytest.fixture(scope="module")
def strict(engine: Engine, subject: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunBench]:
    """The owner may do everything, by a role on the project."""
    root = tmp_path_factory.mktemp("strict")
    with closing(RunBench(engine, subject, root, allows=lambda account, _: account == OWNER)) as bench:
        yield bench


@pytest.fixture(scope="module")
def door(strict: RunBench) -> Service:
    """One caller may invoke it, by its own policy; a revision has a tag."""
    service = Service(
        template=template("inn-a"), traffic=[named("inn-a", 100, "next")], custom_audiences=["https://shop.example"]
    )
    made = strict.deploy("inn", service)
    policy = Policy()
    policy.bindings.add(role="roles/run.invoker", members=[f"serviceAccount:{CALLER}"])
    strict.cloud.set_policy(made.name, policy)
    return made


def ask(bench: RunBench, url: str, token: str = "", header: str = "Authorization") -> httpx.Response:
    return bench.http.get(f"{url}/headers", headers={header: f"Bearer {token}"} if token else {})


def test_an_identity_token_for_the_service_of_who_may_invoke_it(strict: RunBench, door: Service) -> None:
    tag = door.traffic_statuses[0].uri
    given = {
        "bare": "",
        "access token": access_token(OWNER),
        "somebody else's": identity_token(STRANGER, door.uri),
        "for another service": identity_token(CALLER, "https://other.example"),
        "for the tag": identity_token(CALLER, tag),
        "of nobody": "a.b.c",
        "the caller's": identity_token(CALLER, door.uri),
        "a custom audience": identity_token(CALLER, "https://shop.example"),
        "the owner's": identity_token(OWNER, door.uri),
        "a login's": identity_token(OWNER, GCLOUD),
    }
    statuses = {name: ask(strict, door.uri, token).status_code for name, token in given.items()}
    assert statuses == {
        "bare": 403,
        "access token": 401,
        "somebody else's": 403,
        "for another service": 401,
        "for the tag": 401,
        "of nobody": 401,
        "the caller's": 200,
        "a custom audience": 200,
        "the owner's": 200,
        "a login's": 200,
    }
    assert ask(strict, tag, given["the caller's"]).status_code == 200
    assert strict.cloud.permitted(door.name, CALLER, [INVOKE, "run.services.get"]) == [INVOKE]


def test_the_service_sees_a_token_without_its_signature(strict: RunBench, door: Service) -> None:
    token = identity_token(CALLER, door.uri)
    unsigned = f"Bearer {token.rpartition('.')[0]}.SIGNATURE_REMOVED_BY_GOOGLE"
    for header in ("Authorization", "X-Serverless-Authorization"):
        assert httpx.Headers(ask(strict, door.uri, token, header).json())[header] == unsigned


def test_a_refusal_is_told_in_cloud_runs_words_and_in_the_request_log(strict: RunBench, door: Service) -> None:
    bare, wrong = ask(strict, door.uri), ask(strict, door.uri, "a.b.c")
    assert "<h1>Error: Forbidden</h1>" in bare.text and "<title>401 Unauthorized</title>" in wrong.text
    assert wrong.headers["WWW-Authenticate"].startswith('Bearer error="invalid_token"')
    texts = strict.told.of("inn-a", "requests")
    assert any(text.startswith("The request was not authenticated.") for text in texts)
    assert any("The access token could not be verified." in text for text in texts)


def test_a_public_service_lets_everybody_in_and_keeps_headers_as_they_are(strict: RunBench) -> None:
    service = strict.deploy("fair", Service(template=template("fair-a"), traffic=[named("fair-a", 100)]))
    assert ask(strict, service.uri).status_code == 403
    policy = Policy()
    policy.bindings.add(role="roles/run.invoker", members=["allUsers"])
    strict.cloud.set_policy(service.name, policy)
    assert ask(strict, service.uri, "their.own.token").json()["Authorization"] == "Bearer their.own.token"
    strict.cloud.set_policy(service.name, Policy())
    strict.wait(strict.update(Service(name=service.name, invoker_iam_disabled=True), ["invoker_iam_disabled"]))
    assert ask(strict, service.uri).status_code == 200


@pytest.fixture(scope="module")
def wall(strict: RunBench) -> Service:
    return strict.deploy("wall", Service(template=template("wall-a"), traffic=[named("wall-a", 100)]))


@pytest.mark.parametrize(
    ("change", "token", "status", "told"),
    [
        ({"ingress": IngressTraffic.INGRESS_TRAFFIC_INTERNAL_ONLY}, True, 404, "Page not found"),
        ({"ingress": IngressTraffic.INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER}, True, 404, "Page not found"),
        ({"default_uri_disabled": True}, True, 404, "Page not found"),
        ({"iap_enabled": True}, False, 302, "Invalid IAP credentials: empty token"),
        ({"iap_enabled": True}, True, 401, "Invalid JWT audience."),
    ],
)
def test_a_service_behind_something_is_not_reached_at_its_own_url(
    strict: RunBench, wall: Service, change: dict[str, object], token: bool, status: int, told: str
) -> None:
    strict.wait(strict.update(Service(name=wall.name, **change), list(change)))
    try:
        answer = ask(strict, wall.uri, identity_token(OWNER, wall.uri) if token else "")
        assert (strict.get("wall").uri == "") is ("default_uri_disabled" in change)
    finally:
        back = Service(name=wall.name, ingress=IngressTraffic.INGRESS_TRAFFIC_ALL)
        strict.wait(strict.update(back, ["ingress", "default_uri_disabled", "iap_enabled"]))
    assert answer.status_code == status and told in answer.text
    assert ("x-goog-iap-generated-response" in answer.headers) is ("iap_enabled" in change)
    assert ask(strict, wall.uri, identity_token(OWNER, wall.uri)).status_code == 200
