"""Whether a request from outside may reach a service: its ingress, its own URL, IAP, and who asks.

As documented, in the production profile only: https://cloud.google.com/run/docs/securing/ingress (a service that takes
no requests from outside answers 404), https://cloud.google.com/run/docs/authenticating/service-to-service (an identity
token for the service's own URL, also where a tag is asked, of somebody who may invoke it),
https://cloud.google.com/run/docs/configuring/custom-audiences and
https://cloud.google.com/run/docs/authenticating/public. What IAP answers is from public reports.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from google.cloud.run_v2.types import IngressTraffic
from google.iam.v1.policy_pb2 import Policy

from ..ingress.admission import TurnedAway
from ..profile.grants import Allows, is_among
from ..profile.roles import INVOKE, holds
from ..wire.tokens import identity_of, unverified_claims
from .store import ServiceRecord

GCLOUD = frozenset(
    {
        "32555940559.apps.googleusercontent.com",
        "764086051850-6qr4p6gpi6hn506pt8ejuq83di341hur.apps.googleusercontent.com",
    }
)
"""The audiences of a developer's own login with gcloud, which Cloud Run takes for every service [report]:
https://cloud.google.com/run/docs/authenticating/developers, https://github.com/GoogleCloudPlatform/cloud-run-proxy"""
_UNSIGNED = "SIGNATURE_REMOVED_BY_GOOGLE"
"""https://cloud.google.com/run/docs/troubleshooting#signature-removed"""
_HEADERS = ("x-serverless-authorization", "authorization")
"""Where the token is looked for: the first that is given counts, and the service finds it without its signature."""
_SIGN_IN = "https://accounts.google.com/o/oauth2/v2/auth?client_id=local-cloud&response_type=code"


@dataclass(frozen=True, slots=True)
class Invocation:
    """What one service asks of a request. `audiences` are its URL and its custom ones, `invokers` IAM members."""

    reachable: bool
    behind_iap: bool
    public: bool
    audiences: frozenset[str]
    invokers: frozenset[str]
    allows: Allows

    def refusal(self, headers: Mapping[str, str]) -> TurnedAway | None:
        """None for a request that may pass. Header names are in lower case."""
        if not self.reachable:
            return TurnedAway(404)
        token = _token(headers)[1]
        if self.behind_iap:
            return _by_iap(token)
        if self.public:
            return None
        if not token:
            return TurnedAway(403)
        claims = identity_of(token)
        if claims is None or claims["aud"] not in self.audiences | GCLOUD:
            return TurnedAway(401)
        account = str(claims["email"])
        return None if is_among(account, self.invokers) or self.allows(account, INVOKE) else TurnedAway(403)

    def replaced(self, headers: Mapping[str, str]) -> dict[str, str]:
        """The headers that reach the container in place of those given: a token that was checked has no signature."""
        name, token = _token(headers)
        if self.public or identity_of(token) is None:
            return {}
        return {name: f"Bearer {token.rpartition('.')[0]}.{_UNSIGNED}"}


def invocation(record: ServiceRecord, urls: Iterable[str], allows: Allows) -> Invocation:
    """`urls` are the service's own."""
    service, members = record.service, holders(record, INVOKE)
    return Invocation(
        reachable=service.ingress == IngressTraffic.INGRESS_TRAFFIC_ALL and not service.default_uri_disabled,
        behind_iap=service.iap_enabled,
        public=service.invoker_iam_disabled or "allUsers" in members,
        audiences=frozenset({*urls, *service.custom_audiences}),
        invokers=members,
        allows=allows,
    )


def holders(record: ServiceRecord, permission: str) -> frozenset[str]:
    """The members that hold a permission by the service's own policy; by a condition nobody does [assumed]."""
    bindings = [each for each in Policy.FromString(record.policy).bindings if not each.HasField("condition")]
    return frozenset(member for each in bindings if holds([each.role], permission) for member in each.members)


def _token(headers: Mapping[str, str]) -> tuple[str, str]:
    """The header's name and its bearer token; both empty when there is none."""
    name = next((name for name in _HEADERS if headers.get(name)), "")
    kind, _, token = headers.get(name, "").partition(" ")
    return (name, token.strip()) if kind.lower() == "bearer" else ("", "")


def _by_iap(token: str) -> TurnedAway:
    """Nobody passes: the local cloud has no IAP whose clients could be named."""
    if not token:
        return TurnedAway(302, "Invalid IAP credentials: empty token", _SIGN_IN)
    if not unverified_claims(token):
        return TurnedAway(401, "Invalid IAP credentials: Unable to parse JWT")
    if identity_of(token) is None:
        return TurnedAway(401, "Invalid IAP credentials: JWT signature is invalid")
    return TurnedAway(401, "Invalid IAP credentials: Invalid bearer token. Invalid JWT audience.")
