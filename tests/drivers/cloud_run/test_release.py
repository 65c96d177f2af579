"""Releases through the driver and the official client: what the service is like afterwards."""

from __future__ import annotations

from deploy_lib.model.outcome import Outcome
from deploy_lib.model.requests import ANY_ANSWER
from deploy_lib.steps.health import Question
from deploy_lib.steps.verify import VerifySettings, VerifyTraffic
from tests.drivers.cloud_run.desk import Desk


def test_first_release(desk: Desk) -> None:
    release, taken = desk.take(desk.release({"COLOUR": "red"}, port=8000, memory="512Mi", public=True))
    assert taken.taken
    assert release.first
    release, made = desk.create(release)
    assert made.ready, made.evidence
    assert made.url
    assert made.main_url
    assert desk.move(release, 100).conflict is None
    back = desk.driver.verify_traffic(
        VerifyTraffic(release, VerifySettings(within=10), Question("/", ANY_ANSWER, 10)), desk.told.append
    )
    assert back.answered == {release.candidate: 1}
    desk.end(release)
    service = desk.read()
    assert desk.traffic() == [(release.candidate, 100, "canary")]
    assert service.invoker_iam_disabled
    assert service.template.containers[0].resources.cpu_idle, "an amount of memory is no order for CPU at all times"
    assert sorted(service.annotations) == ["deploy-to-gcp/history"]
    state = desk.driver.read_state(desk.service)
    assert [(past.id, past.outcome) for past in state.history] == [(release.id, "live")]


def test_second_release(desk: Desk) -> None:
    first = desk.live({"COLOUR": "red"})
    release, taken = desk.take(desk.release({"COLOUR": "blue"}))
    assert taken.before.shares() == {first.candidate: 100}
    release, made = desk.create(release)
    assert made.changed == ("variable COLOUR: another value",)
    assert desk.traffic() == [(first.candidate, 100, "stable"), (release.candidate, 0, "canary")]
    assert made.stable_url
    assert desk.urls.ask(made.stable_url, timeout=5).revision == first.candidate
    assert desk.urls.ask(made.url or "", timeout=5).revision == release.candidate
    assert desk.move(release, 10).now.shares() == {first.candidate: 90, release.candidate: 10}
    assert desk.move(release, 100, ours=(desk.target(release, 10),)).conflict is None
    desk.end(release)
    assert desk.traffic() == [(release.candidate, 100, "canary")]


def test_cpu_between_requests_stays_as_it_is_until_the_yaml_says_otherwise(desk: Desk) -> None:
    desk.live(cpu="1", cpu_always=True)
    assert not desk.read().template.containers[0].resources.cpu_idle
    release, _ = desk.take(desk.release({"A": "1"}, memory="1Gi"))
    release, made = desk.create(release)
    assert not [each for each in made.changed if "CPU between" in each]
    assert not desk.read().template.containers[0].resources.cpu_idle
    desk.end(release, Outcome.REJECTED)
    release, _ = desk.take(desk.release({"A": "2"}, cpu_always=False))
    release, made = desk.create(release)
    assert "CPU between requests: always allocated -> none" in made.changed
    assert desk.read().template.containers[0].resources.cpu_idle
    desk.end(release, Outcome.REJECTED)


def test_the_variables_that_users_get_are_those_a_release_keeps(desk: Desk) -> None:
    assert desk.driver.read_variables(desk.service) == {}
    desk.live({"COLOUR": "red"})
    release, _ = desk.take(desk.release({"COLOUR": "blue"}))
    release, _ = desk.create(release)
    desk.end(release, Outcome.REJECTED)
    assert desk.driver.read_variables(desk.service) == {"COLOUR": "red"}, "not those of the candidate"
