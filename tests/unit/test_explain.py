"""Why a release failed, also when the gate that would have known is switched off: source truth is asked afterwards."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import pytest

from deploy_lib.diagnose.verdict import diagnose
from deploy_lib.drivers.interface import DriverError, Drivers, Interrupted
from deploy_lib.model import journal, requests
from deploy_lib.model.answers import SourceRead
from deploy_lib.model.cause import Cause
from deploy_lib.model.evidence import BuildEnd, BuildFailure, BuildTrouble, Evidence
from deploy_lib.model.findings import Absence, Finding, Severity
from deploy_lib.model.journal_queries import image_is_to_blame
from deploy_lib.model.release import Release, Status
from deploy_lib.release.explain import explain
from deploy_lib.steps.build import BuildDetails
from deploy_lib.steps.image_contents import ReadSource
from deploy_lib.steps.job.details import JobDetails
from tests.unit.diagnose.cases import SERVICE, crashes
from tests.unit.samples import CANDIDATE, NOON, judged

MISSING = 'Traceback (most recent call last):\n  File "/app/shop/main.py", line 1, in <module>\n    import shop.gone\n'
MISSING += "ModuleNotFoundError: No module named 'shop.gone'"
CRASHED = Evidence(log=crashes(MISSING))
FOUND = Finding(
    "missing_module",
    Severity.ERROR,
    "shop.gone is not in the image",
    file="shop/gone.py",
    module="shop.gone",
    cause=Absence.GITIGNORED,
    rule=".gitignore:2",
    fix="git add --force -- shop/gone.py",
)


@dataclass
class FakeCloud:
    """The three drivers that an explanation may ask, and what they were asked."""

    findings: tuple[Finding, ...] = (FOUND,)
    evidence: Evidence = CRASHED
    broken: bool = False
    asked: list[object] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    seconds: float = 0.0
    interrupted: bool = False

    def monotonic(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        if self.interrupted:
            raise Interrupted
        self.seconds += seconds

    def now(self) -> datetime:
        return NOON

    def read_source(self, request: ReadSource) -> SourceRead:
        self.asked.append(request)
        if self.broken:
            raise DriverError("the repository is gone")
        return SourceRead(self.findings)

    def read_evidence(self, request: requests.ReadEvidence) -> Evidence:
        self.asked.append(request)
        if self.broken:
            raise DriverError("Cloud Logging did not answer within 10 s")
        return self.evidence

    def drivers(self) -> Drivers:
        me: Any = self
        return Drivers(clock=me, source=me, contract=me, builds=me, services=me, urls=me, guards=me)


def cause(evidence: Evidence, findings: tuple[Finding, ...], release: Release) -> Cause:
    return diagnose(evidence, findings, SERVICE)


def explained(cloud: FakeCloud, *steps: journal.Judged, evidence: Evidence | None = None) -> journal.Diagnosed:
    told = explain(cloud.drivers(), cause, steps, evidence, CANDIDATE, cloud.told.append)
    assert told is not None
    return told


def test_the_rule_is_found_although_its_gate_is_off() -> None:
    cloud = FakeCloud()
    told = explained(cloud, judged(0, Status.FAILED), evidence=CRASHED)
    where = told.cause.whereabouts
    assert where and (where.on_disk, where.in_image, where.rule) == ("yes", "no", ".gitignore:2")
    assert told.cause.commands[0] == "git add --force -- shop/gone.py"
    assert [type(request) for request in cloud.asked] == [ReadSource]
    assert cloud.told == [], "nothing is waited for"


def test_nothing_is_asked_twice_when_a_check_had_found_it() -> None:
    cloud = FakeCloud()
    passed = replace(judged(0), findings=(FOUND,))
    where = explained(cloud, passed, judged(1, Status.FAILED), evidence=CRASHED).cause.whereabouts
    assert where and where.rule == ".gitignore:2"
    assert cloud.asked == []


def test_the_cloud_is_asked_when_no_driver_brought_evidence() -> None:
    cloud = FakeCloud()
    assert explained(cloud, judged(0, Status.FAILED)).cause.module == "shop.gone"
    assert [type(request) for request in cloud.asked] == [requests.ReadEvidence, ReadSource]


def test_a_release_rejected_after_one_crash_is_watched_for_a_second() -> None:
    cloud = FakeCloud()
    told = explained(cloud, judged(0, Status.FAILED), evidence=Evidence(log=crashes(MISSING, count=1)))
    assert told.cause.frequency is not None and told.cause.frequency.count == 3
    assert cloud.seconds == 1.0


@pytest.mark.parametrize("interrupted", [False, True])
def test_a_second_crash_that_does_not_come_is_not_awaited_for_long(interrupted: bool) -> None:
    once = Evidence(log=crashes(MISSING, count=1))
    cloud = FakeCloud(evidence=once, interrupted=interrupted)
    told = explained(cloud, judged(0, Status.FAILED), evidence=once)
    assert told.cause.frequency is not None and told.cause.frequency.count == 1
    assert cloud.seconds == (0.0 if interrupted else 20.0)
    assert len(cloud.told) == 1 and "for 20 s at most" in cloud.told[0], "who waits is told for what"


def test_what_could_not_be_asked_is_a_gap() -> None:
    told = explained(FakeCloud(broken=True), judged(0, Status.FAILED), evidence=CRASHED)
    assert told.cause.module == "shop.gone"
    assert told.evidence.gaps == ("why the file is not in the image: the repository is gone",)
    told = explained(FakeCloud(broken=True), judged(0, Status.FAILED, reason="21 of 38 requests failed"))
    assert told.evidence.gaps == ("Cloud Logging did not answer within 10 s",)
    assert told.cause.sentence == "label: 21 of 38 requests failed"


def test_a_build_that_failed_is_explained_by_its_own_record() -> None:
    cloud = FakeCloud()
    trouble = BuildTrouble(BuildEnd.FAILURE, BuildFailure.USER_BUILD_STEP, step="build")
    details = BuildDetails(log_tail=("ERROR: No matching distribution found for fastapi==99.0",), trouble=trouble)
    told = explained(cloud, replace(judged(0, Status.FAILED), kind="build", details=details))
    assert told.cause.kind == "pip_failed"
    assert cloud.asked == []


@pytest.mark.parametrize("steps", [(), (judged(0),), (judged(0, Status.SKIPPED),)])
def test_a_release_that_no_step_failed_needs_no_explanation(steps: tuple[journal.Judged, ...]) -> None:
    assert explain(FakeCloud().drivers(), cause, steps, None, CANDIDATE, lambda text: None) is None


def test_lines_of_a_candidate_of_which_too_little_was_seen_are_no_evidence() -> None:
    seen = Evidence(log=crashes("GET /health 200"))
    cloud = FakeCloud(evidence=replace(seen, log=seen.log[:1]))
    blind = judged(0, Status.INCONCLUSIVE)
    assert explain(cloud.drivers(), cause, [blind], None, CANDIDATE, cloud.told.append) is None
    assert explained(FakeCloud(), blind).cause.module == "shop.gone", "a cause that is known is told"


@pytest.mark.parametrize(
    ("log", "sentence"),
    [
        (("no rows",), "label: why"),
        (
            ("Traceback (most recent call last):", '  File "/srv/migrate.py", line 1, in <module>', "    import gone",
             "ModuleNotFoundError: No module named 'gone'"),
            "",
        ),
    ],
)  # fmt: skip
def test_what_a_job_wrote_is_read_and_not_the_candidate(log: tuple[str, ...], sentence: str) -> None:
    cloud = FakeCloud()
    failed = replace(judged(0, Status.FAILED), details=JobDetails("migrate", "job-1", 1, log))
    told = explained(cloud, failed)
    assert [line.text for line in told.evidence.log] == [*log]
    assert (told.cause.sentence == sentence) if sentence else told.cause.module == "gone"
    assert not [each for each in cloud.asked if isinstance(each, requests.ReadEvidence)]
    assert not image_is_to_blame([failed])
