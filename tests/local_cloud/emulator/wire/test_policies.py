"""IAM policies as they are kept and shown: under their etag, at their version."""

from __future__ import annotations

import pytest
from google.iam.v1.policy_pb2 import Binding, Policy
from google.type.expr_pb2 import Expr

from deploy_lib.local_cloud.emulator.wire.method import RpcRefusal
from deploy_lib.local_cloud.emulator.wire.policies import read, replaced, shown

OPEN = Binding(role="roles/run.invoker", members=["allUsers"])
LIMITED = Binding(role="roles/run.invoker", members=["user:a@b.c"], condition=Expr(expression="false"))


def test_a_policy_is_replaced_as_it_was_read_and_by_nobody_else_since() -> None:
    fresh = shown(b"", 3)
    assert fresh.etag and not fresh.bindings
    first = replaced(b"", Policy(bindings=[OPEN], etag=fresh.etag))
    kept = first.SerializeToString()
    assert read(kept).bindings == [OPEN] and first.etag != fresh.etag
    with pytest.raises(RpcRefusal, match="concurrent policy changes") as refused:
        replaced(kept, Policy(etag=fresh.etag))
    assert refused.value.code == "ABORTED"
    again = replaced(kept, Policy(bindings=[OPEN], etag=first.etag))
    assert again.etag != first.etag, "a write of the same is a write"
    assert not replaced(kept, Policy()).bindings, "without an etag whatever is there goes"


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (Policy(bindings=[LIMITED]), "a condition must have version 3"),
        (Policy(bindings=[Binding(role="roles/run.invoker", members=["a@b.c"])]), "a@b.c is of an unknown type"),
    ],
)
def test_refused(given: Policy, sentence: str) -> None:
    with pytest.raises(RpcRefusal, match=sentence) as refused:
        replaced(b"", given)
    assert refused.value.code == "INVALID_ARGUMENT"


def test_a_condition_is_shown_at_version_three_alone() -> None:
    kept = replaced(b"", Policy(version=3, bindings=[LIMITED])).SerializeToString()
    assert shown(kept, 3).bindings == [LIMITED]
    [hidden] = shown(kept, 0).bindings
    assert hidden.role.startswith("roles/run.invoker_withcond_") and not hidden.HasField("condition")
    with pytest.raises(RpcRefusal):
        shown(kept, 2)


@pytest.mark.parametrize(("sent", "binding", "kept"), [(0, OPEN, 1), (1, OPEN, 1), (3, OPEN, 1), (3, LIMITED, 3)])
def test_a_policy_has_the_version_that_it_needs(sent: int, binding: Binding, kept: int) -> None:
    """gcloud sends 3 always, and prints 1."""
    stored = replaced(b"", Policy(version=sent, bindings=[binding]))
    assert (stored.version, shown(stored.SerializeToString(), 3).version) == (kept, kept)
