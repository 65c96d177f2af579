"""Services and revisions as their clients see them: names, generations, etags, masks, traffic, what is refused."""

from __future__ import annotations

import pytest
from google.cloud.run_v2 import (
    DeleteRevisionRequest,
    DeleteServiceRequest,
    EnvVar,
    ListRevisionsRequest,
    ListServicesRequest,
    Probe,
    RevisionTemplate,
    Service,
    TCPSocketAction,
)

from deploy_lib.local_cloud.emulator.run.refusal import RunRefusal
from tests.local_cloud.emulator.run.bench import PARENT, RunBench, latest, named, template
from tests.waits import until


def test_a_new_service_comes_up_with_all_traffic_on_its_named_revision(bench: RunBench) -> None:
    service = bench.deploy("new", Service(template=template("new-a"), traffic=[named("new-a", 100)]))
    assert service.terminal_condition.state.name == "CONDITION_SUCCEEDED" and not service.reconciling
    assert service.generation == service.observed_generation == 1 and service.uid and service.etag
    full = f"{PARENT}/services/new/revisions/new-a"
    assert service.latest_created_revision == service.latest_ready_revision == full
    assert [(status.revision, status.percent) for status in service.traffic_statuses] == [("new-a", 100)]
    assert service.urls[1:] == [service.uri]
    assert bench.http.get(service.uri).text == "new-a"
    revision = bench.revision("new", "new-a")
    states = {condition.type_: condition.state.name for condition in revision.conditions}
    assert set(states.values()) == {"CONDITION_SUCCEEDED"}
    assert set(states) == {"Ready", "ResourcesAvailable", "ContainerReady", "ContainerHealthy", "Active"}


def test_what_the_template_leaves_out_is_filled_in_and_the_container_is_told_who_it_is(bench: RunBench) -> None:
    service = bench.deploy("filled", Service(template=template(env=[EnvVar(name="OWN", value="1")])))
    container = service.template.containers[0]
    assert container.ports[0].container_port == 8080 and container.startup_probe.timeout_seconds == 240
    assert dict(container.resources.limits) == {"cpu": "1000m", "memory": "512Mi"}
    assert service.template.service_account.endswith("-compute@developer.gserviceaccount.com")
    short = service.latest_ready_revision.rpartition("/")[2]
    assert short.startswith("filled-00001-") and len(short) == len("filled-00001-abc")
    env = bench.http.get(f"{service.uri}/env").json()
    assert {name: env[name] for name in ("PORT", "K_SERVICE", "K_REVISION", "K_CONFIGURATION", "OWN")} == {
        "PORT": "8080",
        "K_SERVICE": "filled",
        "K_REVISION": short,
        "K_CONFIGURATION": "filled",
        "OWN": "1",
    }


def test_a_candidate_beside_the_stable_one_moves_by_traffic_alone(bench: RunBench) -> None:
    service = bench.deploy("canary", Service(template=template("canary-a"), traffic=[named("canary-a", 100)]))
    targets = [named("canary-a", 100), named("canary-b", 0, "next")]
    update = Service(name=service.name, template=template("canary-b"), traffic=targets)
    service = bench.served(bench.wait(bench.update(update)))
    tagged = service.traffic_statuses[1]
    assert (tagged.tag, tagged.percent) == ("next", 0) and tagged.uri not in ("", service.uri)
    assert {bench.http.get(service.uri).text for _ in range(20)} == {"canary-a"}
    assert bench.http.get(tagged.uri).text == "canary-b"

    moved = bench.move(service, named("canary-a", 75), named("canary-b", 25, "next"))
    assert (
        moved.generation == service.generation + 1 and moved.latest_created_revision == service.latest_created_revision
    )
    assert moved.traffic_statuses[1].uri == tagged.uri
    answers = [bench.http.get(service.uri).text for _ in range(100)]
    assert (answers.count("canary-a"), answers.count("canary-b")) == (75, 25)

    done = bench.move(service, named("canary-b", 100))
    assert {bench.http.get(service.uri).text for _ in range(20)} == {"canary-b"}
    assert [status.tag for status in done.traffic_statuses] == [""]
    gone = bench.http.get(f"{tagged.uri}/where")
    assert gone.status_code == 404 and "/where" in gone.text


def test_latest_follows_and_a_pinned_map_does_not(bench: RunBench) -> None:
    service = bench.deploy("follow", Service(template=template("follow-a")))
    service = bench.served(bench.wait(bench.update(Service(name=service.name, template=template("follow-b")))))
    assert bench.http.get(service.uri).text == "follow-b"
    bench.move(service, named("follow-b", 100))
    bench.wait(bench.update(Service(name=service.name, template=template("follow-c")), ["template"]))
    assert bench.get("follow").latest_ready_revision.endswith("follow-c")
    assert bench.http.get(service.uri).text == "follow-b"


def test_a_name_is_one_configuration_and_no_other(bench: RunBench) -> None:
    service = bench.deploy("trap", Service(template=template("trap-a"), traffic=[named("trap-a", 100)]))
    changed = Service(name=service.name, template=template("trap-a", env=[EnvVar(name="X", value="1")]))
    with pytest.raises(
        RunRefusal, match="Revision named 'trap-a' with different configuration already exists"
    ) as refused:
        bench.update(changed, ["template"])
    assert refused.value.code == "ALREADY_EXISTS"
    assert bench.get("trap").generation == 1
    same = bench.served(bench.wait(bench.update(Service(name=service.name, template=template("trap-a")), ["template"])))
    assert same.generation == 1 and same.latest_created_revision == service.latest_created_revision


def test_a_stale_etag_is_told_and_a_fresh_one_is_not(bench: RunBench) -> None:
    service = bench.deploy("etag", Service(template=template()))
    first = bench.get("etag")
    first.annotations["holder"] = "me"
    bench.wait(bench.update(first))
    first.annotations["holder"] = "you"
    with pytest.raises(RunRefusal, match="Conflict for resource 'etag'") as refused:
        bench.update(first)
    assert refused.value.code == "ABORTED"
    found = bench.get("etag")
    assert found.etag != service.etag and dict(found.annotations) == {"holder": "me"}
    assert found.latest_created_revision == service.latest_created_revision and found.generation == 1


def test_validate_only_says_what_would_be_and_does_nothing(bench: RunBench) -> None:
    service = bench.deploy("only", Service(template=template("only-a")))
    operation = bench.update(Service(name=service.name, template=template("only-b")), validate_only=True)
    assert operation.done and bench.served(operation).template.revision == "only-b"
    assert bench.get("only").etag == service.etag
    with pytest.raises(RunRefusal, match="sum of percents"):
        bench.update(Service(name=service.name, traffic=[latest(1)]), ["traffic"], validate_only=True)


REFUSED_NAMES = {
    "annotations": {"run.googleapis.com/client-name": "x", "autoscaling.knative.dev/minScale": "1"},
    "labels": {"cloud.googleapis.com/location": "r", "Bad Key": "Bad Value!"},
}


@pytest.mark.parametrize("kind", REFUSED_NAMES)
def test_names_of_google_and_malformed_labels_are_refused_at_service_and_template(bench: RunBench, kind: str) -> None:
    for where, wanted in (
        ("service", Service(template=template(), **{kind: REFUSED_NAMES[kind]})),
        ("service.template", Service(template=template())),
    ):
        if where == "service.template":
            getattr(wanted.template, kind).update(REFUSED_NAMES[kind])
        with pytest.raises(RunRefusal) as refused:
            bench.create("refused", wanted)
        assert refused.value.code == "INVALID_ARGUMENT"
        for name in REFUSED_NAMES[kind]:
            assert f"Violation in {where}.{kind}: " in refused.value.message and name in refused.value.message


def test_a_label_may_have_the_domain_of_somebody_else(bench: RunBench) -> None:
    """gcloud's, with which it makes sure of a new revision."""
    wanted = template()
    wanted.labels["client.knative.dev/nonce"] = "wltdmbiqot"
    service = bench.deploy("nonce", Service(template=wanted))
    assert service.template.labels["client.knative.dev/nonce"] == "wltdmbiqot"


def test_a_version_moves_with_a_write_and_with_nothing_else(bench: RunBench) -> None:
    begun = bench.create("version", Service(template=template()))
    accepted = bench.accepted(begun)
    assert accepted.terminal_condition.state.name == "CONDITION_PENDING" and not accepted.terminal_condition.type_
    assert (accepted.uri, accepted.latest_created_revision, list(accepted.conditions)) == ("", "", [])
    ended = bench.served(bench.wait(begun))
    assert (ended.etag, ended.update_time) == (accepted.etag, accepted.update_time)
    assert ended.update_time == ended.create_time < ended.terminal_condition.last_transition_time
    began = bench.update(Service(name=ended.name, template=template(env=[EnvVar(name="X", value="1")])), ["template"])
    changed = bench.accepted(began)
    assert changed.latest_created_revision == ended.latest_created_revision and changed.etag != ended.etag
    assert changed.terminal_condition.state.name == "CONDITION_PENDING"
    assert changed.terminal_condition.last_transition_time == ended.terminal_condition.last_transition_time
    after = bench.served(bench.wait(began))
    assert after.etag == changed.etag and after.latest_created_revision != ended.latest_created_revision


@pytest.mark.parametrize(
    ("wanted", "code", "said"),
    [
        (template(env=[EnvVar(name="PORT", value="1")]), "INVALID_ARGUMENT", "reserved env names were provided: PORT"),
        (template(image=""), "INVALID_ARGUMENT", "the image is missing"),
        (template("other-a"), "INVALID_ARGUMENT", "must begin with 'refused-'"),
        (template(resources={"limits": {"cpu": "3"}}), "INVALID_ARGUMENT", "Invalid value specified for cpu"),
        (
            template(resources={"limits": {"memory": "much"}}),
            "INVALID_ARGUMENT",
            "'much' is not a valid amount of memory",
        ),
        (
            template(startup_probe=Probe(tcp_socket=TCPSocketAction(), timeout_seconds=9, period_seconds=3)),
            "INVALID_ARGUMENT",
            "timeout_seconds: must be from 1 to period_seconds",
        ),
        (template(ports=[{"name": "h2c"}]), "UNIMPLEMENTED", "HTTP/2"),
        (template(ports=[{"container_port": 1}, {"container_port": 2}]), "INVALID_ARGUMENT", "0 or 1 port"),
        (RevisionTemplate(), "INVALID_ARGUMENT", "needs one container"),
    ],
)
def test_what_cloud_run_would_not_take_is_refused_and_leaves_nothing(
    bench: RunBench, wanted: RevisionTemplate, code: str, said: str
) -> None:
    with pytest.raises(RunRefusal) as refused:
        bench.create("refused", Service(template=wanted))
    assert refused.value.code == code and said in refused.value.message
    with pytest.raises(RunRefusal, match="does not exist"):
        bench.get("refused")


def test_what_is_there_already_and_what_is_not(bench: RunBench) -> None:
    bench.deploy("there", Service(template=template()))
    with pytest.raises(RunRefusal, match="already exists") as refused:
        bench.create("there", Service(template=template()))
    assert refused.value.code == "ALREADY_EXISTS"
    absent = Service(name=f"{PARENT}/services/absent", template=template())
    with pytest.raises(RunRefusal, match="does not exist") as refused:
        bench.update(absent)
    assert refused.value.code == "NOT_FOUND"
    bench.served(bench.wait(bench.update(absent, allow_missing=True)))
    listed = bench.cloud.catalogue.list_services(ListServicesRequest(parent=PARENT, page_size=1000))
    assert {"there", "absent"} <= {service.name.rpartition("/")[2] for service in listed.services}
    assert bench.cloud.operation("operations/build/p/x") is None


def test_traffic_to_a_revision_that_is_not_there_fails_and_moves_nothing(bench: RunBench) -> None:
    service = bench.deploy("nowhere", Service(template=template("nowhere-a"), traffic=[named("nowhere-a", 100)]))
    targets = [named("nowhere-a", 50), named("nowhere-x", 50)]
    ended = bench.wait(bench.update(Service(name=service.name, traffic=targets), ["traffic"]))
    assert "'nowhere-x' does not exist or is deleted" in ended.error.message
    after = bench.get("nowhere")
    assert after.terminal_condition.state.name == "CONDITION_FAILED" and after.observed_generation == 1
    assert [(status.revision, status.percent) for status in after.traffic_statuses] == [("nowhere-a", 100)]
    assert {bench.http.get(service.uri).text for _ in range(10)} == {"nowhere-a"}
    assert bench.move(service, named("nowhere-a", 100)).terminal_condition.state.name == "CONDITION_SUCCEEDED"


def test_a_revision_in_use_is_not_deleted_and_another_is(bench: RunBench) -> None:
    service = bench.deploy("delete", Service(template=template("delete-a"), traffic=[named("delete-a", 100)]))
    for short in ("delete-b", "delete-c"):
        update = Service(name=service.name, template=template(short), traffic=[named("delete-a", 100, "old")])
        bench.served(bench.wait(bench.update(update)))

    def delete(short: str) -> object:
        return bench.cloud.delete_revision(DeleteRevisionRequest(name=f"{service.name}/revisions/{short}"))

    for short, said in (("delete-a", "has traffic or a tag"), ("delete-c", "is the latest")):
        with pytest.raises(RunRefusal, match=said) as refused:
            delete(short)
        assert refused.value.code == "FAILED_PRECONDITION"
    bench.wait(delete("delete-b"))  # type: ignore[arg-type]
    listed = bench.cloud.catalogue.list_revisions(ListRevisionsRequest(parent=service.name))
    assert [revision.name.rpartition("/")[2] for revision in listed.revisions] == ["delete-c", "delete-a"]


def test_a_deleted_service_answers_no_more_and_its_name_is_free(bench: RunBench) -> None:
    service = bench.deploy("gone", Service(template=template("gone-a")))
    bench.wait(bench.cloud.delete_service(DeleteServiceRequest(name=service.name)))
    assert bench.http.get(service.uri).status_code == 404
    assert bench.told.of("gone-a", "stdout")[-1] == "terminating"
    again = bench.deploy("gone", Service(template=template("gone-a")))
    assert bench.http.get(again.uri).text == "gone-a" and again.uid != service.uid


def test_a_later_change_is_not_held_up_by_a_revision_that_does_not_come_up(bench: RunBench) -> None:
    service = bench.deploy("later", Service(template=template("later-a"), traffic=[named("later-a", 100)]))
    targets = [named("later-a", 100), named("later-b", 0, "next")]
    probe = Probe(tcp_socket=TCPSocketAction(), timeout_seconds=1, period_seconds=1, failure_threshold=2)
    wanted = template("later-b", "port", startup_probe=probe)
    stuck = bench.update(Service(name=service.name, template=wanted, traffic=targets))
    restored = bench.move(service, named("later-a", 100))
    assert restored.terminal_condition.state.name == "CONDITION_SUCCEEDED" and restored.observed_generation == 3
    assert not bench.wait(stuck).HasField("response")
    until(lambda: bench.revision("later", "later-b").conditions[0].state.name == "CONDITION_FAILED")
    after = bench.get("later")
    assert after.terminal_condition.state.name == "CONDITION_SUCCEEDED" and bench.http.get(after.uri).text == "later-a"
