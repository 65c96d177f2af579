"""Settings of how a service is reached, and by whom. The descriptions become the schema."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from deploy_lib.steps.kind import Settings

_MEMBER = re.compile(
    r"allUsers|allAuthenticatedUsers|(user|serviceAccount|group):[^\s@:]+@[A-Za-z0-9.-]+|domain:[A-Za-z0-9.-]+"
    r"|principal(Set)?://iam\.googleapis\.com/\S+"
)
"""https://cloud.google.com/iam/docs/principal-identifiers"""


class ExposureSettings(Settings):
    """They meet all users of the service at once, so they change with the step that gives all traffic."""

    public: bool | None = Field(
        None,
        description="whether anybody may call the service, without a token; default: as it is, false for a new one",
    )
    invokers: tuple[str, ...] | None = Field(
        None,
        description="who may call the service by its own IAM policy, as Cloud Run Invoker, and nobody else by it: "
        "allUsers, or user:, group:, serviceAccount: with an address, domain:, principal:// and principalSet://; an "
        "empty list for nobody; default: as it is",
    )
    ingress: Literal["all", "internal", "internal-and-cloud-load-balancing"] | None = Field(
        None, description="from where the service's URL is reached"
    )
    custom_audiences: tuple[Annotated[str, Field(min_length=1)], ...] | None = Field(
        None, description="audiences that identity tokens may name beside its URL; an empty list for none"
    )
    default_url: bool | None = Field(None, description="whether it has its own URL on Cloud Run")

    @field_validator("invokers")
    @classmethod
    def _members(cls, value: tuple[str, ...] | None) -> Any:
        for member in value or ():
            if not _MEMBER.fullmatch(member):
                raise ValueError(f"{member!r} is not a member of IAM; {_meant(member)}")
        if value and len({*value}) < len(value):
            raise ValueError("a member is listed twice")
        return value


def _meant(member: str) -> str:
    if member.lower() in ("allusers", "allauthenticatedusers"):
        return f"write {'allUsers' if member.lower() == 'allusers' else 'allAuthenticatedUsers'}"
    if "@" in member and ":" not in member:
        kind = "serviceAccount" if member.endswith(".gserviceaccount.com") else "user"
        return f"write {kind}:{member}"
    return "write allUsers, user:ADDRESS, group:ADDRESS, serviceAccount:ADDRESS or domain:NAME"
