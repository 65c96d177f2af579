"""Releases through the driver and the official client: what the service is like afterwards."""

from __future__ import annotations

from deploy_lib.model.exposure import Exposure
from deploy_lib.model.outcome import Outcome
from deploy_lib.model.requests import ANY_ANSWER
from deploy_lib.steps.health import Question
from deploy_lib.steps.verify import VerifySettings, VerifyTraffic
from tests.drivers.cloud_run.driver_harness import DriverHarness


def test_first_release(harness: DriverHarness) -> None:
    release, taken = harness.take(
        harness.release({"COLOUR": "red"}, port=8000, memory="512Mi", exposure=Exposure(public=True))
    )
    assert taken.taken
    assert release.first
    release, made = harness.create(release)
    assert made.ready, made.evidence
    assert made.url
    assert made.main_url
    assert harness.move(release, 100).conflict is None
    back = harness.driver.verify_traffic(
        VerifyTraffic(release, VerifySettings(within=60), Question("/", ANY_ANSWER, 10)), harness.progress.append
    )
    assert back.answered == {release.candidate: 1}
    harness.end(release)
    service = harness.read()
    assert harness.traffic() == [(release.candidate, 100, "canary")]
    assert service.invoker_iam_disabled
    assert service.template.containers[0].resources.cpu_idle, "an amount of memory does not ask for CPU at all times"
    assert sorted(service.annotations) == ["deploy-to-gcp/history"]
    state = harness.driver.read_state(harness.service)
    assert [(past.id, past.outcome) for past in state.history] == [(release.id, "live")]


def test_second_release(harness: DriverHarness) -> None:
    first = harness.live({"COLOUR": "red"})
    release, taken = harness.take(harness.release({"COLOUR": "blue"}))
    assert taken.before.shares() == {first.candidate: 100}
    release, made = harness.create(release)
    assert made.changed == ("variable COLOUR: another value",)
    assert harness.traffic() == [(first.candidate, 100, "stable"), (release.candidate, 0, "canary")]
    assert made.stable_url
    assert harness.urls.ask(made.stable_url, timeout=5).revision == first.candidate
    assert harness.urls.ask(made.url or "", timeout=5).revision == release.candidate
    assert harness.move(release, 10).now.shares() == {first.candidate: 90, release.candidate: 10}
    assert harness.move(release, 100, ours=(harness.target(release, 10),)).conflict is None
    harness.end(release)
    assert harness.traffic() == [(release.candidate, 100, "canary")]


def test_cpu_between_requests_stays_as_it_is_until_the_yaml_says_otherwise(harness: DriverHarness) -> None:
    harness.live(cpu="1", cpu_always=True)
    assert not harness.read().template.containers[0].resources.cpu_idle
    release, _ = harness.take(harness.release({"A": "1"}, memory="1Gi"))
    release, made = harness.create(release)
    assert not [each for each in made.changed if "CPU between" in each]
    assert not harness.read().template.containers[0].resources.cpu_idle
    harness.end(release, Outcome.REJECTED)
    release, _ = harness.take(harness.release({"A": "2"}, cpu_always=False))
    release, made = harness.create(release)
    assert "CPU between requests: always allocated -> none" in made.changed
    assert harness.read().template.containers[0].resources.cpu_idle
    harness.end(release, Outcome.REJECTED)


def test_the_variables_that_users_get_are_those_a_release_keeps(harness: DriverHarness) -> None:
    assert harness.driver.read_variables(harness.service) == {}
    harness.live({"COLOUR": "red"})
    release, _ = harness.take(harness.release({"COLOUR": "blue"}))
    release, _ = harness.create(release)
    harness.end(release, Outcome.REJECTED)
    assert harness.driver.read_variables(harness.service) == {"COLOUR": "red"}, "not those of the candidate"
