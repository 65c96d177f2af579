"""Who reaches a service changes with the move to all traffic, and goes back with it, over the wire."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from google.iam.v1.policy_pb2 import Binding, Policy
from google.type.expr_pb2 import Expr

from deploy_lib.model.exposure import Exposure
from deploy_lib.model.outcome import Outcome
from deploy_lib.model.release_history import ROLLBACK
from deploy_lib.model.requests import RestoreTraffic
from tests.drivers.cloud_run.driver_harness import DriverHarness

GATE, OTHER = "serviceAccount:gate@p.iam.gserviceaccount.com", "user:someone@example.com"
LIMITED = Binding(role="roles/run.invoker", members=[OTHER], condition=Expr(title="t", expression="false"))
ADMIN = Binding(role="roles/run.admin", members=["group:ops@example.com"])
WANTED = Exposure("internal-and-cloud-load-balancing", ("shop",), default_url=False, invokers=("allUsers",))
CHANGED = (3, ["shop"], True, ["allUsers"])


def seen(harness: DriverHarness) -> tuple[Any, ...]:
    """Of the service as the official client reads it, and of its policy."""
    found, policy = harness.read(), read_policy(harness)
    let_in = [[*each.members] for each in policy.bindings if each == open_to(*each.members)]
    assert {each.role for each in policy.bindings if each.HasField("condition")} == {"roles/run.invoker"}
    assert ADMIN in policy.bindings and LIMITED in policy.bindings, "what is not the tool's stays"
    return int(found.ingress), [*found.custom_audiences], found.default_uri_disabled, *let_in


def open_to(*members: str) -> Binding:
    return Binding(role="roles/run.invoker", members=members)


def read_policy(harness: DriverHarness) -> Policy:
    request = {"resource": harness.service.path, "options": {"requested_policy_version": 3}}
    return harness.client.get_iam_policy(request=request)


def let_in_by_hand(harness: DriverHarness, *members: str) -> None:
    policy = Policy(version=3, bindings=[LIMITED, ADMIN, open_to(*members)])
    harness.client.set_iam_policy(request={"resource": harness.service.path, "policy": policy})


@pytest.mark.slow
def test_it_changes_with_all_traffic_and_goes_back_with_it(harness: DriverHarness) -> None:
    first = harness.live()
    before = (1, [], False, [GATE])
    let_in_by_hand(harness, GATE)
    release, _ = harness.take(harness.release({"N": "2"}, exposure=WANTED))
    release, made = harness.create(release)
    assert "ingress: all -> internal-and-cloud-load-balancing, once the candidate has all traffic" in made.changed
    assert f"invokers: {GATE} -> allUsers, once the candidate has all traffic" in made.changed
    harness.move(release, 50)
    assert seen(harness) == before, "a candidate with a share opens nothing"
    harness.move(release, 100, ours=(harness.target(release, 50),))
    assert seen(harness) == CHANGED
    let_in_by_hand(harness, "allUsers", OTHER)
    restored = harness.restore(release, ours=(harness.target(release, 100),), asks=False)
    assert restored.complete, restored
    assert seen(harness) == (*before[:3], [GATE, OTHER]), "who else was let in meanwhile stays"
    harness.end(release, Outcome.REJECTED)

    let_in_by_hand(harness, GATE)
    live = harness.live({"N": "3"}, exposure=WANTED)
    assert seen(harness) == CHANGED
    kept = harness.live({"N": "4"})
    assert seen(harness) == CHANGED, "what is left out is kept"
    back = replace(harness.release(), id=f"back{ROLLBACK}", before=live.before, candidate=first.candidate)
    harness.take(back)
    assert live.before is not None and kept.candidate
    answer = harness.driver.restore(RestoreTraffic(back, live.before, within=10.0, asks=False), harness.progress.append)
    assert answer.complete, answer
    assert seen(harness) == before
    harness.end(back)


@pytest.mark.slow
def test_a_policy_that_may_not_be_changed_is_told_and_the_traffic_goes_back(harness: DriverHarness) -> None:
    """Somebody else writes the policy at the same time, once; then it is refused for good."""
    harness.live()
    let_in_by_hand(harness, GATE)
    release, _ = harness.take(harness.release({"N": "2"}, exposure=Exposure(invokers=(GATE, OTHER))))
    release, _ = harness.create(release)
    harness.cloud.faults({"method": "*/SetIamPolicy", "code": "ABORTED"})
    harness.move(release, 100)
    assert [*read_policy(harness).bindings][-1] == open_to(GATE, OTHER)
    harness.cloud.faults({"method": "*/SetIamPolicy", "code": "PERMISSION_DENIED", "times": 0})
    answer = harness.restore(release, ours=(harness.target(release, 100),), asks=False)
    assert not answer.complete
    assert answer.reason.startswith("the traffic is back, but not who may call the service: could not change who")
    harness.cloud.clear_faults()
    assert harness.restore(release, ours=(harness.target(release, 100),), asks=False).complete
    assert [*read_policy(harness).bindings][-1] == open_to(GATE)
