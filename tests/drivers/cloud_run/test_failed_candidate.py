"""A candidate that does not come up: noticed early, told with its log, and the service is whole afterwards."""

from __future__ import annotations

from deploy_lib.diagnose import diagnose
from deploy_lib.model.outcome import Outcome
from deploy_lib.model.requests import ReadEvidence
from tests.drivers.cloud_run.desk import Desk


def test_crash_is_noticed_at_the_second_one(desk: Desk) -> None:
    first = desk.live()
    release, made = desk.create(desk.take(desk.release({"BEHAVIOUR": "crash"}))[0])
    assert not made.ready
    assert (
        diagnose(made.evidence, service=release.service).kind == "missing_dependency"
    )  # by the module named; shop is not the entrypoint's package
    assert desk.traffic() == [(first.candidate, 100, "stable")]
    desk.end(release, Outcome.REJECTED, to_blame=True)
    assert desk.traffic() == [(first.candidate, 100, "")]
    again = desk.driver.read_evidence(ReadEvidence(release))
    assert any("ModuleNotFoundError" in line.text for line in again.log)
    good = desk.live({"BEHAVIOUR": "serve"})  # the next release starts from what serves
    assert desk.traffic() == [(good.candidate, 100, "canary")]


def test_too_slow(desk: Desk) -> None:
    desk.live()
    release, made = desk.create(desk.take(desk.release({"BEHAVIOUR": "slow"}))[0], within=0.5)
    assert made.timed_out
    desk.end(release, Outcome.REJECTED, to_blame=True)


def test_first_release_fails_and_the_next_is_a_first_one_again(desk: Desk) -> None:
    release, made = desk.create(desk.take(desk.release({"BEHAVIOUR": "crash"}))[0])
    assert not made.ready
    desk.end(release, Outcome.REJECTED, to_blame=True)
    second, taken = desk.take(desk.release({"BEHAVIOUR": "serve"}))
    assert second.first, taken.before
    second, made = desk.create(second)
    assert made.ready, made.evidence
    assert desk.move(second, 100).conflict is None
    desk.end(second)
    assert desk.traffic() == [(second.candidate, 100, "canary")]


def test_settings_of_a_rejected_candidate_do_not_linger(desk: Desk) -> None:
    desk.live({"A": "1"})
    release, _ = desk.create(desk.take(desk.release({"A": "1", "BEHAVIOUR": "crash"}))[0])
    desk.end(release, Outcome.REJECTED, to_blame=True)
    release, made = desk.create(desk.take(desk.release({"A": "1"}))[0])
    assert made.ready
    assert "memory: 512Mi" in made.kept
    assert not any("BEHAVIOUR" in each for each in (*made.kept, *made.changed))
    desk.end(release, Outcome.REJECTED, to_blame=True)
