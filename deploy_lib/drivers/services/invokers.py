"""Who may call a service by its own IAM policy: the members that have roles/run.invoker without a condition.

Every other binding, and every conditional one, stays as it is (https://cloud.google.com/iam/docs/policies,
https://cloud.google.com/run/docs/securing/managing-access).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from deploy_lib.drivers.errors import ApiError
from deploy_lib.drivers.interface import Clock
from deploy_lib.drivers.polling import polls
from deploy_lib.drivers.services.api import RunApi
from deploy_lib.model.roles import INVOKER

if TYPE_CHECKING:
    from google.iam.v1.policy_pb2 import Policy

WRITES_WITHIN = 30.0
"""Seconds. A policy that is written to for longer than this is in somebody else's hands."""


def members(policy: Policy) -> list[str]:
    """Sorted. Pure."""
    own = (each for each in policy.bindings if each.role == INVOKER and not each.HasField("condition"))
    return sorted({member for each in own for member in each.members})


def with_members(policy: Policy, wanted: Sequence[str]) -> Policy:
    """A new policy, which keeps the etag: what is made of it is refused when somebody else wrote meanwhile. Pure."""
    from google.iam.v1.policy_pb2 import Binding, Policy

    kept = [each for each in policy.bindings if each.role != INVOKER or each.HasField("condition")]
    own = [Binding(role=INVOKER, members=sorted(wanted))] if wanted else []
    found = Policy(version=policy.version, bindings=[*kept, *own], etag=policy.etag)
    found.audit_configs.extend(policy.audit_configs)
    return found


def read(api: RunApi, path: str) -> list[str]:
    """Raises ApiError."""
    return members(api.policy(path))


def change(api: RunApi, clock: Clock, path: str, edit: Callable[[list[str]], Sequence[str]]) -> list[str]:
    """Who may call it then; `edit` is made anew on every reading. Nothing is written where nothing changes.

    Raises ApiError, and Interrupted from the clock.
    """
    doubt: ApiError | None = None
    for _ in polls(clock, WRITES_WITHIN):
        policy = api.policy(path)
        found, wanted = members(policy), sorted({*edit(members(policy))})
        if found == wanted:
            return found
        try:
            api.set_policy(path, with_members(policy, wanted))
            return wanted
        except ApiError as error:
            if not (error.maybe_done or error.is_stale):
                raise
            doubt = error
    assert doubt is not None
    raise doubt
