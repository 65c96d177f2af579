"""When the traffic may follow the latest revision: where no user is moved by it, now or in a moment."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from google.cloud import run_v2

from deploy_lib.drivers.services import service_annotations
from deploy_lib.drivers.services.release_record import ReleaseRecord
from deploy_lib.drivers.services.traffic import spec_traffic
from deploy_lib.drivers.services.unpin import following, refusal
from deploy_lib.model.program import PROGRAM
from deploy_lib.model.traffic import TrafficMap

PATH = "projects/p/locations/r/services/s"
PINNED = run_v2.TrafficTargetAllocationType.TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION
LATEST = run_v2.TrafficTargetAllocationType.TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST


def service(
    shares: dict[str, int], *, ready: str = "new", created: str = "new", served: dict[str, int] | None = None
) -> run_v2.Service:
    def path(name: str) -> str:
        return f"{PATH}/revisions/{name}"

    return run_v2.Service(
        name=PATH,
        latest_ready_revision=path(ready),
        latest_created_revision=path(created),
        reconciling=created != ready,
        traffic=[run_v2.TrafficTarget(type_=PINNED, revision=name, percent=each) for name, each in shares.items()],
        traffic_statuses=[
            run_v2.TrafficTargetStatus(type_=PINNED, revision=name, percent=each)
            for name, each in (served or shares).items()
        ],
    )


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (service({"new": 100}), ""),
        (
            service({"old": 100}),
            "revision is new, and users are served old 100 %: they would be moved",
        ),
        (service({"old": 50, "new": 50}), "they would be moved"),
        (service({"new": 100}, served={"old": 100}), "users are served old 100 %"),
        (service({"new": 100}, created="next"), "next is starting, and would get all users once it is ready"),
    ],
)
def test_where_users_would_be_moved_it_is_refused(found: run_v2.Service, words: str) -> None:
    refused = refusal(found, PROGRAM)
    assert (refused is None) is (words == "")
    assert refused is None or (words in refused.reason and refused.no_effect and refused.remedy)


def test_while_a_release_has_not_ended_it_is_refused() -> None:
    found = service({"new": 100})
    record = ReleaseRecord("r1", "c", datetime(2026, 3, 2, tzinfo=UTC), TrafficMap())
    found.annotations.update(service_annotations.with_record({}, record))
    refused = refusal(found, PROGRAM)
    assert refused is not None and "release r1 has not ended" in refused.reason


def test_tags_stay_where_they_are() -> None:
    found = service({"new": 100})
    found.traffic[0].tag = "stable"
    found.traffic.append(run_v2.TrafficTarget(type_=PINNED, revision="old", tag="canary"))
    before = spec_traffic(found)
    found.traffic = following(found)
    assert (found.traffic[0].type_, found.traffic[0].percent, found.traffic[0].revision) == (LATEST, 100, "")
    assert spec_traffic(found).tags() == before.tags() == {"stable": "new", "canary": "old"}
    assert spec_traffic(found).shares() == before.shares()
