"""--changed: which services a release would make different, and why; what cannot be known counts as changed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from deploy_lib.model.answers import UnfinishedRelease
from deploy_lib.model.outcome import Outcome
from deploy_lib.model.since_live import changes_since_live, same_since_live
from deploy_lib.model.state import PastRelease, RevisionState, ServiceState
from deploy_lib.model.traffic import TrafficMap, TrafficTarget

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
DIGEST, OLDER = "sha256:" + "a" * 64, "sha256:" + "b" * 64
FILES = "the files of its image changed since what serves (commit 9f8e7d6)"
UNKNOWN = "what its image was built from is not known"


def serving(**shares: int) -> TrafficMap:
    return TrafficMap(tuple(TrafficTarget(name, percent, None) for name, percent in shares.items()))


def past(digest: str | None = DIGEST, context: str | None = "c1", outcome: Outcome = Outcome.LIVE) -> PastRelease:
    return PastRelease("r1", "9f8e7d6", digest, "new", outcome, NOON, serving(new=100), context=context)


LIVE = ServiceState(
    True,
    traffic=serving(new=100),
    history=(past(),),
    revisions=(RevisionState("new", f"host/p/images/backend@{DIGEST}", True, NOON, 100, commit="9f8e7d6c"),),
)
LEFT = UnfinishedRelease("r2", "abc", None, None, None, TrafficMap(), 0, 0, 0)


@pytest.mark.parametrize(
    ("changes", "context", "settings", "why"),
    [
        pytest.param({}, "c1", (), (), id="nothing"),
        pytest.param({}, "c2", (), (FILES,), id="files"),
        pytest.param({}, "c1", ("memory: 512Mi -> 1Gi",), ("memory: 512Mi -> 1Gi",), id="settings"),
        pytest.param({}, "c2", ("cpu: 1 -> 2",), (FILES, "cpu: 1 -> 2"), id="both"),
        pytest.param({"history": (past(context=None),)}, "c1", (), (UNKNOWN,), id="released by an earlier version"),
        pytest.param({"history": ()}, "c1", (), (UNKNOWN,), id="released by another tool"),
        pytest.param({"history": (past(digest=OLDER),)}, "c1", (), (UNKNOWN,), id="another image serves"),
        pytest.param(
            {"history": (past(context=None), past(), past(OLDER, "c0"))}, "c1", (), (), id="released again as it is"
        ),
        pytest.param(
            {"history": (replace(past(OLDER, "c2", Outcome.REJECTED), traffic=serving(new=100)), past())},
            "c2", (), (FILES,), id="what was rejected is not what serves",
        ),
        pytest.param({"traffic": serving(new=90, old=10)}, "c1", (), ("2 revisions share its traffic",), id="shared"),
        pytest.param(
            {"traffic": serving(old=100)}, "c1", (), ("its traffic was changed by hand since",), id="moved by hand"
        ),
        pytest.param({"unfinished": LEFT}, "c1", (), ("a release of it has not ended",), id="unfinished"),
        pytest.param({"left": LEFT}, "c1", (), ("a release of it has not ended",), id="held"),
        pytest.param({"traffic": TrafficMap()}, "c1", (), ("nothing serves yet",), id="no traffic"),
        pytest.param({"exists": False}, "c1", (), ("nothing serves yet",), id="no service"),
    ],
)  # fmt: skip
def test_why_a_service_is_released(
    changes: dict[str, Any], context: str, settings: tuple[str, ...], why: tuple[str, ...]
) -> None:
    assert changes_since_live(replace(LIVE, **changes), context, settings) == why


def test_why_it_is_left_alone() -> None:
    assert same_since_live(LIVE) == "files of its image and settings are those of new (commit 9f8e7d6)"
