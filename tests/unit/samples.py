"""Values the tests of the pure rooms share."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from deploy_lib.model import journal
from deploy_lib.model.release import Release, Status
from deploy_lib.model.service import Service
from deploy_lib.model.traffic import TrafficMap, TrafficTarget
from deploy_lib.plan import Plan, Step
from deploy_lib.steps.catalogue import KINDS

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
SERVICE = Service("backend", "netra-staging", "us-central1", "netra-backend", "host/netra-staging/services")
BEFORE = TrafficMap((TrafficTarget("stable-1", 100),))
RELEASE = Release("20260302t120000-backend-abc1234", SERVICE, "abc1234" * 5 + "abcde", NOON)
LEASED = replace(RELEASE, before=BEFORE, url="http://main")
CANDIDATE = replace(LEASED, candidate="cand-2", tag="canary", candidate_url="http://canary", image="name@sha256:1")
FIRST = replace(CANDIDATE, before=TrafficMap())


def step(name: str, /, **settings: object) -> Step:
    kind = KINDS[name]
    return Step(kind, kind.settings.model_validate(settings))


def plan(*steps: Step, **policy: str) -> Plan:
    chosen = steps or (
        step("git_clean"),
        step("build"),
        step("canary"),
        step("promote", percent=10),
        step("compare"),
        step("promote", percent=100),
    )
    return Plan(SERVICE, chosen, **policy)  # type: ignore[arg-type]


def started(release: Release = RELEASE, *, resumed: bool = False) -> journal.Started:
    return journal.Started(NOON, release, (), resumed=resumed)


def leased(release: Release = LEASED) -> journal.LeaseHeld:
    return journal.LeaseHeld(NOON, release, NOON + timedelta(minutes=2))


def asked(index: int, name: str = "build", *, moves: bool = False, percent: int = 10) -> journal.Asked:
    target = BEFORE.tagged("canary", "cand-2").moved("cand-2", percent) if moves else None
    return journal.Asked(NOON, index, name, name, moves_traffic=moves, target=target)


def judged(
    index: int,
    status: Status = Status.PASSED,
    release: Release = CANDIDATE,
    *,
    reason: str = "why",
    conflict: bool = False,
) -> journal.Judged:
    return journal.Judged(NOON, index, "kind", "label", status, reason, release, 1.0, conflict=conflict)
