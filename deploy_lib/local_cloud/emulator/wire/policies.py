"""IAM policies of resources: what is kept of one that a client sets, and what is shown to one that reads.

https://cloud.google.com/iam/docs/reference/rest/v1/Policy. A condition is kept and not worked out.
"""

from __future__ import annotations

import hashlib
import re

from google.iam.v1.policy_pb2 import Policy

from .method import RpcRefusal

_WITH_CONDITIONS = 3  # version of a policy that may hold conditions
_NEVER_SET = b"\x00 \x01"
"""The etag of a policy that nobody has set: ACAB, as gcloud prints it [report]."""
_MEMBER = re.compile(
    r"allUsers|allAuthenticatedUsers|(user|serviceAccount|group|domain|principal|principalSet|deleted|project\w+):\S+"
)


def replaced(current: bytes, given: Policy) -> Policy:
    """The policy in place of `current`. Raises RpcRefusal.

    One with an etag must be made of the one that is there, and a condition needs version 3 [doc:
    https://cloud.google.com/iam/docs/policies#etag, #specifying-version-set]. Without a condition its version is 1,
    whatever was sent [doc: GetPolicyOptions; report: what gcloud prints after a binding].
    """
    if given.etag and given.etag != read(current).etag:
        sentence = "There were concurrent policy changes. Please retry the whole read-modify-write with exponential"
        raise RpcRefusal("ABORTED", f"{sentence} backoff.")
    if any(each.HasField("condition") for each in given.bindings) and given.version != _WITH_CONDITIONS:
        raise RpcRefusal("INVALID_ARGUMENT", "A policy with a condition must have version 3.")
    for each in given.bindings:
        for member in each.members:
            if _MEMBER.fullmatch(member) is None:
                raise RpcRefusal("INVALID_ARGUMENT", f"The member {member} is of an unknown type.")
    bindings = [each for each in given.bindings if each.members]
    conditional = any(each.HasField("condition") for each in bindings)
    found = Policy(version=_WITH_CONDITIONS if conditional else 1, bindings=bindings)
    found.etag = hashlib.sha256(read(current).etag + found.SerializeToString(deterministic=True)).digest()[:9]
    return found


def shown(current: bytes, wanted: int) -> Policy:
    """Below version 3 a conditional binding loses its condition, and its role another name [doc]. Raises RpcRefusal.

    https://cloud.google.com/iam/docs/policies#specifying-version-get
    """
    if wanted not in (0, 1, _WITH_CONDITIONS):
        raise RpcRefusal("INVALID_ARGUMENT", f"The policy version {wanted} is not valid: want 0, 1 or 3.")
    policy = read(current)
    if wanted != _WITH_CONDITIONS:
        for each in policy.bindings:
            if each.HasField("condition"):
                hashed = hashlib.sha256(each.condition.SerializeToString()).hexdigest()[:20]
                each.role = f"{each.role}_withcond_{hashed}"
                each.ClearField("condition")
        policy.version = min(policy.version, 1)
    return policy


def read(current: bytes) -> Policy:
    """The one that is kept; with an etag, also where nobody has set one."""
    found: Policy = Policy.FromString(current)
    found.etag = found.etag or _NEVER_SET
    return found
