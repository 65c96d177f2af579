"""The bindings of an IAM policy, from the REST APIs or the clients: who has which role, and under a condition or not.

https://cloud.google.com/iam/docs/reference/rest/v1/Policy
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from google.iam.v1.policy_pb2 import Policy


@dataclass(frozen=True, slots=True)
class Grant:
    """One binding: a role, its members, and whether a condition limits it."""

    role: str
    members: frozenset[str]
    conditional: bool = False


def grants_of(policy: Mapping[str, Any]) -> tuple[Grant, ...]:
    """The bindings of a policy as Google's REST APIs write it."""
    return tuple(
        Grant(each.get("role", ""), frozenset(each.get("members", ())), conditional=bool(each.get("condition")))
        for each in policy.get("bindings", ())
    )


def grants_in(policy: Policy) -> list[Grant]:
    """The bindings of a policy as Google's clients give it."""
    return [
        Grant(each.role, frozenset(each.members), conditional=each.HasField("condition")) for each in policy.bindings
    ]
