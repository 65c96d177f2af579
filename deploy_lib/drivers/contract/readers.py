"""Whether a service account may read a secret, as far as the policies that could be read tell. Pure.

Only presence proves anything: a policy shows the bindings of its resource, while a role may be custom, granted
on a folder or an organisation above (https://cloud.google.com/iam/docs/resource-hierarchy-access-control), to a
group, or under a condition. So absence mostly counts as not known, with what could not be known.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from deploy_lib.drivers.iam_grants import Grant
from deploy_lib.model.roles import EVERYBODY, READ_SECRETS

_COLLECTIONS = ("group:", "domain:", "principalSet:", "projectOwner:", "projectEditor:", "projectViewer:")
_PREDEFINED = "roles/"


class Access(enum.Enum):
    """Whether an account may read a secret."""

    GRANTED = "granted"
    DENIED = "denied"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Judgement:
    """`why` says what could not be known; empty for the other two."""

    access: Access
    why: str = ""


def judge_access(account: str, secret: Iterable[Grant], project: Iterable[Grant] | None, *, whole: bool) -> Judgement:
    """`secret` and `project` are the bindings of the secret's policy and of its project's, None when not readable.

    `whole` says that nothing stands above the project, as in the local cloud or without an organisation.
    """
    grants = [*secret, *(project or ())]
    mine = [grant for grant in grants if _names(grant, account)]
    if any(grant.role in READ_SECRETS and not grant.conditional for grant in mine):
        return Judgement(Access.GRANTED)
    doubts = list(_doubts(mine, grants))
    if project is None:
        doubts.append("the policy of the secret's project could not be read")
    if not doubts and whole:
        return Judgement(Access.DENIED)
    if not whole:
        doubts.append("a folder or organisation above may grant it")
    return Judgement(Access.UNKNOWN, "; ".join(dict.fromkeys(doubts)))


def _doubts(mine: list[Grant], grants: list[Grant]) -> Iterator[str]:
    for grant in mine:
        if grant.role in READ_SECRETS:
            yield f"{grant.role} is granted under a condition"
        elif not grant.role.startswith(_PREDEFINED):
            yield f"the custom role {grant.role} may hold secretmanager.versions.access"
    for grant in grants:
        if grant.role in READ_SECRETS or not grant.role.startswith(_PREDEFINED):
            for member in sorted(grant.members):
                if member.startswith(_COLLECTIONS):
                    yield f"{member} has {grant.role}, whose members are not looked up"


def _names(grant: Grant, account: str) -> bool:
    return bool(grant.members & {f"serviceAccount:{account}", *EVERYBODY})
