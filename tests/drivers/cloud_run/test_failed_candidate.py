"""A candidate that does not come up: noticed early, told with its log, and the service is whole afterwards."""

from __future__ import annotations

from deploy_lib.diagnose.verdict import diagnose
from deploy_lib.model.outcome import Outcome
from deploy_lib.model.requests import ReadEvidence
from tests.drivers.cloud_run.driver_harness import DriverHarness


def test_crash_is_noticed_at_the_second_one(harness: DriverHarness) -> None:
    first = harness.live()
    release, made = harness.create(harness.take(harness.release({"BEHAVIOUR": "crash"}))[0])
    assert not made.ready
    assert (
        diagnose(made.evidence, service=release.service).kind == "missing_dependency"
    )  # by the module named; shop is not the entrypoint's package
    assert harness.traffic() == [(first.candidate, 100, "stable")]
    harness.end(release, Outcome.REJECTED, to_blame=True)
    assert harness.traffic() == [(first.candidate, 100, "")]
    again = harness.driver.read_evidence(ReadEvidence(release))
    assert any("ModuleNotFoundError" in line.text for line in again.log)
    good = harness.live({"BEHAVIOUR": "serve"})  # the next release starts from what serves
    assert harness.traffic() == [(good.candidate, 100, "canary")]


def test_too_slow(harness: DriverHarness) -> None:
    harness.live()
    release, made = harness.create(harness.take(harness.release({"BEHAVIOUR": "slow"}))[0], within=0.5)
    assert made.timed_out
    harness.end(release, Outcome.REJECTED, to_blame=True)


def test_first_release_fails_and_the_next_is_a_first_one_again(harness: DriverHarness) -> None:
    release, made = harness.create(harness.take(harness.release({"BEHAVIOUR": "crash"}))[0])
    assert not made.ready
    harness.end(release, Outcome.REJECTED, to_blame=True)
    second, taken = harness.take(harness.release({"BEHAVIOUR": "serve"}))
    assert second.first, taken.before
    second, made = harness.create(second)
    assert made.ready, made.evidence
    assert harness.move(second, 100).conflict is None
    harness.end(second)
    assert harness.traffic() == [(second.candidate, 100, "canary")]


def test_settings_of_a_rejected_candidate_do_not_linger(harness: DriverHarness) -> None:
    harness.live({"A": "1"})
    release, _ = harness.create(harness.take(harness.release({"A": "1", "BEHAVIOUR": "crash"}))[0])
    harness.end(release, Outcome.REJECTED, to_blame=True)
    release, made = harness.create(harness.take(harness.release({"A": "1"}))[0])
    assert made.ready
    assert "memory: 512Mi" in made.kept
    assert not any("BEHAVIOUR" in each for each in (*made.kept, *made.changed))
    harness.end(release, Outcome.REJECTED, to_blame=True)
