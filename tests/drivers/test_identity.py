"""Identity tokens by google-auth's own code, asked of the local cloud's token endpoints, for every kind of credentials;
and what a request carries before and after it was refused."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from google.auth.exceptions import RefreshError, TransportError
from google.auth.transport.requests import Request
from google.cloud.run_v2 import Service

from deploy_lib.drivers.clock import SystemClock
from deploy_lib.drivers.credentials import learn_account, principal_of
from deploy_lib.drivers.http_get import Getter
from deploy_lib.drivers.iam_grants import Grant
from deploy_lib.drivers.identity.access import ServiceAccess, access_of
from deploy_lib.drivers.identity.id_tokens import IdTokens, NoIdToken
from deploy_lib.drivers.identity.service_identity import ServiceIdentity
from deploy_lib.drivers.interface import DriverError
from deploy_lib.drivers.local_account import named_credentials
from deploy_lib.local_cloud.emulator.gcloud.access import GcloudAccess
from deploy_lib.local_cloud.emulator.identity.credentials import ACCOUNT, PERSON
from deploy_lib.local_cloud.emulator.identity.routes import identity_routes
from deploy_lib.local_cloud.emulator.profile.grants import Grants
from deploy_lib.local_cloud.emulator.projects.routes import project_routes
from deploy_lib.local_cloud.emulator.wire.http import HttpServer
from deploy_lib.local_cloud.emulator.wire.tokens import account_of, identity_of
from deploy_lib.model.requests import Expectation

URL = "https://shop-abc-uc.a.run.app"
COMPUTE = "1-compute@developer.gserviceaccount.com"
OTHER = "asker@elsewhere.iam.gserviceaccount.com"
POOL = "iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/ci"
GCLOUD = "764086051850-6qr4p6gpi6hn506pt8ejuq83di341hur.apps.googleusercontent.com"
KINDS = ("login", "key-file", "impersonated", "federation", "federation-account")


class Endpoints:
    """Where google-auth is led, in this process."""

    def __init__(self, directory: Path) -> None:
        self.grants = Grants()
        self.server = HttpServer([*identity_routes(self.grants.allows), *project_routes()])
        self.gcloud = GcloudAccess(directory, time.time)
        self.gcloud.serve(self.server.serve_tls)

    def use(self, kind: str, monkeypatch: pytest.MonkeyPatch) -> Any:
        for name, value in self.gcloud.credentials(kind, self.server.address).items():
            monkeypatch.setenv(name, value)
        return named_credentials("p-staging")

    def close(self) -> None:
        self.gcloud.close()
        self.server.close()


@pytest.fixture(scope="module")
def endpoints(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoints]:
    with closing(Endpoints(tmp_path_factory.mktemp("gcloud"))) as endpoints:
        yield endpoints


@pytest.mark.parametrize(
    ("kind", "invoke_as", "account", "audience"),
    [
        ("key-file", None, ACCOUNT, URL),
        ("impersonated", None, ACCOUNT, URL),
        ("federation-account", None, ACCOUNT, URL),
        ("login", None, PERSON, GCLOUD),
        *[(kind, OTHER, OTHER, URL) for kind in KINDS],
    ],
)
def test_each_kind_gives_an_identity_token_and_never_its_access_token(
    endpoints: Endpoints,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    invoke_as: str | None,
    account: str,
    audience: str,
) -> None:
    credentials = endpoints.use(kind, monkeypatch)
    tokens = IdTokens(credentials, URL, invoke_as, Request())
    token = tokens.token()
    claims = identity_of(token)
    assert claims is not None and account_of(token) is None
    assert (claims["email"], claims["aud"]) == (account, audience)
    assert token == tokens.token()  # kept until it expires
    if kind != "login":
        assert tokens.account == account


class Line:
    """To the token endpoints, until it is cut."""

    def __init__(self) -> None:
        self.request, self.cut = Request(), False

    def __call__(self, **asked: Any) -> Any:
        if self.cut:
            raise TransportError("HTTPSConnectionPool(host='oauth2.googleapis.com', port=443): Read timed out.")
        return self.request(**asked)


@pytest.mark.parametrize("kind", ["key-file", "login"])
def test_a_token_serves_to_its_end_where_the_next_one_does_not_come(
    endpoints: Endpoints, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """google-auth asks for the next one minutes before: those who wait for it would see the service refuse them."""
    line = Line()
    tokens = IdTokens(endpoints.use(kind, monkeypatch), URL, None, line)
    first, line.cut = tokens.token(), True
    now = datetime.now(UTC).replace(tzinfo=None)
    tokens._made.expiry = now + timedelta(minutes=2)
    assert tokens.token() == first
    tokens._made.expiry = now - timedelta(seconds=1)
    with pytest.raises(NoIdToken, match="no identity token could be had") as away:
        tokens.token()
    assert away.value.remedy == "check the network connection, the proxy and the firewall"
    line.cut = False
    assert identity_of(tokens.token()) is not None


def test_federation_without_an_account_says_what_to_grant(
    endpoints: Endpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(NoIdToken) as refused:
        IdTokens(endpoints.use("federation", monkeypatch), URL, None, Request())
    assert refused.value.reason == "a federated identity of ci without a service account can make no identity tokens"
    for word in ("invoke_as:", "roles/run.invoker", "roles/iam.serviceAccountOpenIdTokenCreator"):
        assert word in refused.value.remedy


@pytest.mark.parametrize(
    ("kind", "invoke_as", "lacks", "account", "member"),
    [
        ("federation", OTHER, "getOpenIdToken", OTHER, f'"principalSet://{POOL}/*"'),
        ("federation", COMPUTE, "getOpenIdToken", COMPUTE, f'"principalSet://{POOL}/*"'),
        ("key-file", OTHER, "getOpenIdToken", OTHER, f"serviceAccount:{ACCOUNT}"),
        ("impersonated", None, "getOpenIdToken", ACCOUNT, '"user:$(gcloud config get-value account)"'),
        ("impersonated", OTHER, "getAccessToken", ACCOUNT, '"user:$(gcloud config get-value account)"'),
    ],
)
def test_a_missing_role_is_named_with_the_command(
    endpoints: Endpoints,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    invoke_as: str | None,
    lacks: str,
    account: str,
    member: str,
) -> None:
    usual = endpoints.grants.as_json()
    endpoints.grants.set({role: members for role, members in usual.items() if "TokenCreator" not in role})
    try:
        with pytest.raises(NoIdToken) as refused:
            IdTokens(endpoints.use(kind, monkeypatch), URL, invoke_as, Request()).token()
    finally:
        endpoints.grants.set(usual)
    assert f" {account}: it lacks iam.serviceAccounts.{lacks}" in refused.value.reason
    role = {"getOpenIdToken": "OpenIdTokenCreator", "getAccessToken": "TokenCreator"}[lacks]
    project = account.partition("@")[2].partition(".")[0]
    where = "" if account == COMPUTE else f" --project={project}"
    note = "  # to every identity of the pool" if kind == "federation" else ""
    assert refused.value.remedy.endswith(
        f"gcloud iam service-accounts add-iam-policy-binding {account}{where} --member={member} "
        f"--role=roles/iam.serviceAccount{role} --condition=None{note}"
    )


@pytest.mark.parametrize(
    ("kind", "principal"),
    [
        ("login", None),
        ("key-file", ACCOUNT),
        ("impersonated", ACCOUNT),
        ("federation", f"principalSet://{POOL}/*"),
        ("federation-account", ACCOUNT),
    ],
)
def test_whom_a_policy_names_for_the_credentials(
    endpoints: Endpoints, monkeypatch: pytest.MonkeyPatch, kind: str, principal: str | None
) -> None:
    assert principal_of(endpoints.use(kind, monkeypatch)) == principal


@dataclass
class Machine:
    """Credentials of a machine of Google's, whose account the metadata server knows, if that answers."""

    answer: str | None
    service_account_email: str = "default"

    def refresh(self, request: object) -> None:
        if self.answer is None:
            raise RefreshError("no answer")
        self.service_account_email = self.answer


@pytest.mark.parametrize("answer", [ACCOUNT, None])
def test_the_account_of_a_machine_is_asked_for(answer: str | None) -> None:
    credentials = Machine(answer)
    assert principal_of(credentials) is None
    learn_account(credentials, Request())
    assert principal_of(credentials) == answer


@pytest.mark.parametrize(
    ("service", "grants", "access"),
    [
        (Service(uri=URL), (), ServiceAccess(URL, public=False)),
        (Service(uri=URL, invoker_iam_disabled=True), (), ServiceAccess(URL, public=True)),
        (Service(uri=URL), (("roles/run.invoker", "allUsers", False),), ServiceAccess(URL, public=True)),
        (Service(uri=URL), (("roles/run.admin", "allUsers", False),), ServiceAccess(URL, public=True)),
        (Service(uri=URL), (("roles/run.viewer", "allUsers", False),), ServiceAccess(URL, public=False)),
        (Service(uri=URL), (("roles/run.invoker", "allUsers", True),), ServiceAccess(URL, public=False)),
        (Service(uri=URL), (("roles/run.invoker", "allAuthenticatedUsers", False),), ServiceAccess(URL, public=False)),
        (Service(uri=URL, custom_audiences=["shop", "x"]), (), ServiceAccess("shop", public=False)),
        (Service(custom_audiences=["shop"]), (), ServiceAccess("shop", public=False)),
        (Service(), (), ServiceAccess("", public=False)),
    ],
)
def test_who_may_invoke_a_service_and_for_which_audience(
    service: Service, grants: tuple[tuple[str, str, bool], ...], access: ServiceAccess
) -> None:
    given = [Grant(role, frozenset({member}), conditional=conditional) for role, member, conditional in grants]
    assert access_of(service, given) == access


@dataclass
class Front:
    """Cloud Run's front end before one service: what each request carried, and what it was answered."""

    token: str | None = None  # None: everybody may ask
    answers: int = 200  # of the service itself
    seen: list[str | None] = field(default_factory=list)

    def answer(self, request: httpx.Request) -> httpx.Response:
        given = request.headers.get("authorization")
        self.seen.append(given)
        refused = self.token is not None and given != f"Bearer {self.token}"
        return httpx.Response(403 if refused else self.answers, text="")


class Given:
    """An identity token that is there, or the reason why it is not."""

    account = "asker"

    def __init__(self, token: str | DriverError) -> None:
        self._token = token

    def token(self) -> str:
        if isinstance(self._token, DriverError):
            raise self._token
        return self._token


def asked(front: Front, access: ServiceAccess | DriverError, token: str | DriverError, *urls: str) -> list[str]:
    """The problem of each request."""

    def read() -> ServiceAccess:
        if isinstance(access, DriverError):
            raise access
        return access

    clock, client = SystemClock(), httpx.Client(transport=httpx.MockTransport(front.answer))
    identity = ServiceIdentity(clock, read, lambda audience: Given(token))  # type: ignore[arg-type,return-value]
    getter = Getter(clock, identity, client, 5.0)
    return [getter.get(url, Expectation((200,)), 0.0).problem for url in urls or (URL, URL)]


PRIVATE, PUBLIC = ServiceAccess(URL, public=False), ServiceAccess(URL, public=True)


@pytest.mark.parametrize(
    ("front", "access", "token", "seen", "problem"),
    [
        # A service that lets everybody in gets no token: it is not even asked for.
        (Front(), NoIdToken("never asked"), "t", [None, None], ""),
        # Its own 401 is the service's answer, by the policy.
        (Front(answers=401), PUBLIC, "t", [None, None], "status 401 instead of 200"),
        # Refused bare: asked again with the token, and from then on with it.
        (Front(token="t"), PRIVATE, "t", [None, "Bearer t", "Bearer t"], ""),
        # The token does not help: the answer is told, and nothing is asked a third time.
        (Front(token="other"), PRIVATE, "t", [None, "Bearer t", "Bearer t"], "status 403 instead of 200"),
        (Front(token="t"), PRIVATE, NoIdToken("no", "do"), [None, None], "status 403 instead of 200: no (do)"),
        (Front(token="t"), DriverError("unread"), "t", [None, None], "status 403 instead of 200: unread"),
    ],
)
def test_what_a_request_carries(
    front: Front, access: ServiceAccess | DriverError, token: str | DriverError, seen: list[str | None], problem: str
) -> None:
    assert asked(front, access, token)[-1] == problem
    assert front.seen == seen


def test_no_token_goes_where_others_can_read_it() -> None:
    front = Front(token="t")
    asked(front, PRIVATE, "t", "http://shop.example.com/", "https://shop.example.com/", "http://127.0.0.1:1/")
    assert front.seen == [None, "Bearer t", "Bearer t"]
