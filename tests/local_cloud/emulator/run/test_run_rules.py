"""What Cloud Run refuses or reckons before anything is deployed: traffic, shares, CPU and memory, masks."""

from __future__ import annotations

import datetime
import itertools
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from google.cloud.run_v2 import (
    Container,
    EnvVar,
    HTTPGetAction,
    ListServicesRequest,
    Probe,
    Revision,
    RevisionTemplate,
    Service,
    TrafficTarget,
)
from hypothesis import given
from hypothesis import strategies as st

from deploy_lib.local_cloud.emulator.ingress.route import deal
from deploy_lib.local_cloud.emulator.run import change, conditions, traffic
from deploy_lib.local_cloud.emulator.run.catalogue import Catalogue
from deploy_lib.local_cloud.emulator.run.container_checks import check_container
from deploy_lib.local_cloud.emulator.run.mask import merge
from deploy_lib.local_cloud.emulator.run.metadata_keys import check_metadata
from deploy_lib.local_cloud.emulator.run.names import parse_parent, parse_revision, parse_service
from deploy_lib.local_cloud.emulator.run.quantity import check_together, parse_cpu, parse_memory
from deploy_lib.local_cloud.emulator.run.refusal import RunRefusal
from deploy_lib.local_cloud.emulator.run.store import Deployed, ServiceRecord, ServiceStore
from deploy_lib.local_cloud.emulator.run.template import fill_in
from tests.local_cloud.emulator.run.bench import LATEST, NAMED, latest, named

MIB, GIB = 2**20, 2**30


@st.composite
def percents(draw: st.DrawFn) -> list[int]:
    cuts = sorted(draw(st.lists(st.integers(1, 99), max_size=6, unique=True)))
    return [high - low for low, high in zip([0, *cuts], [*cuts, 100], strict=True)]


@given(percents(), st.integers(0, 99))
def test_any_hundred_requests_in_a_row_are_shared_exactly(shares: list[int], start: int) -> None:
    period = deal(shares)
    window = [period[(start + turn) % len(period)] for turn in range(100)]
    assert [window.count(index) for index in range(len(shares))] == shares


def test_a_small_share_is_spread_out() -> None:
    turns = [place for place, index in enumerate(deal([90, 10]) * 10) if index == 1]
    assert {later - earlier for earlier, later in itertools.pairwise(turns)} == {10}


@pytest.mark.parametrize(
    ("targets", "said"),
    [
        ([named("a", 50)], "the sum of percents must be 100, but is 50"),
        ([named("a", 60), named("b", 60)], "but is 120"),
        ([named("a", 101), named("b", -1)], "traffic[0].percent: must be from 0 to 100"),
        ([named("", 100)], "traffic[0].revision: the revision is missing"),
        ([TrafficTarget(type_=LATEST, revision="a", percent=100)], "must name none"),
        ([TrafficTarget(revision="a", percent=100)], "traffic[0].type"),
        ([named("a", 100), named("b", 0, "Canary")], "'Canary' must hold lower-case"),
        ([named("a", 100), named("b", 0, "x-")], "'x-'"),
        ([named("a", 100), named("b", 0, "a" * 43)], "at most 46 characters together"),
        ([named("a", 100, "t"), named("b", 0, "t")], "the tag t is used more than once"),
    ],
)
def test_traffic_that_cannot_be_is_refused(targets: list[TrafficTarget], said: str) -> None:
    with pytest.raises(RunRefusal) as refused:
        traffic.check(targets, "shop")
    assert refused.value.code == "INVALID_ARGUMENT" and said in refused.value.message


def test_traffic_that_can_be_is_taken() -> None:
    traffic.check([latest(90), named("a", 10), named("a", 0, "canary"), named("b", 0, "old")], "shop")


def test_latest_means_the_latest_ready_revision_and_shares_add_up() -> None:
    targets = [latest(40), named("a", 35), named("b", 25), named("c", 0, "t")]
    names = traffic.targets(targets, "a")
    assert names == ["a", "a", "b", "c"]
    shares = traffic.shares(list(zip(names, [40, 35, 25, 0], strict=True)))
    assert shares == {"a": 75, "b": 25}
    told = traffic.statuses(targets, lambda tag: f"http://{tag}")
    assert [(item.type_, item.revision, item.percent, item.uri) for item in told][2:] == [
        (NAMED, "b", 25, ""),
        (NAMED, "c", 0, "http://t"),
    ]


@pytest.mark.parametrize(
    ("text", "bytes_"), [("512Mi", 512 * MIB), ("2Gi", 2 * GIB), ("1.5G", 1_500_000_000), ("1024", 1024)]
)
def test_memory_is_read(text: str, bytes_: int) -> None:
    assert parse_memory(text) == bytes_


@pytest.mark.parametrize(("text", "thousandths"), [("1", 1000), ("0.5", 500), ("2000m", 2000)])
def test_cpu_is_read(text: str, thousandths: int) -> None:
    assert parse_cpu(text) == thousandths


@pytest.mark.parametrize("text", ["", "2 Gi", "lots", "-1Gi"])
def test_what_is_no_quantity_is_said(text: str) -> None:
    with pytest.raises(ValueError, match="not a valid amount of memory"):
        parse_memory(text)
    with pytest.raises(ValueError, match="not a valid number of CPUs"):
        parse_cpu(text or "x")


@pytest.mark.parametrize(
    ("cpu", "memory", "concurrency", "fits"),
    [
        (1000, 512 * MIB, 80, True),
        (2000, 8 * GIB, 80, True),
        (500, 512 * MIB, 1, True),
        (500, 512 * MIB, 80, False),
        (3000, 2 * GIB, 80, False),
        (1000, 8 * GIB, 80, False),
        (4000, 1 * GIB, 80, False),
        (1000, 64 * MIB, 80, False),
        (8000, 33 * GIB, 80, False),
    ],
)
def test_which_cpu_goes_with_which_memory(cpu: int, memory: int, concurrency: int, fits: bool) -> None:
    assert (check_together(cpu, memory, concurrency) is None) is fits


def test_a_refusal_of_memory_says_what_would_do() -> None:
    """As published ones of the real one do, with the name of the limit before it."""
    sentence = "For 1.0 CPU, memory must be between {} and 4Gi inclusive."
    assert (
        check_together(1000, 8 * GIB, 80) == f"memory: Invalid value specified for memory. {sentence.format('128Mi')}"
    )
    second = check_together(1000, 256 * MIB, 80, second=True)
    told = f"memory: Invalid value specified for memory with gen2 execution environment. {sentence.format('512Mi')}"
    assert second == told
    assert check_together(1000, 256 * MIB, 80) is None


def test_a_revision_is_active_while_something_leads_to_it_and_is_retired_afterwards() -> None:
    at = [datetime.datetime(2026, 1, 2, 3, minute, tzinfo=datetime.UTC) for minute in range(5)]
    fresh = conditions.with_end(conditions.begun(at[0]), at[0])
    shown = {"never": conditions.with_traffic(fresh, False, at[1])}
    shown["serving"] = conditions.with_traffic(fresh, True, at[1])
    shown["still serving"] = conditions.with_traffic(shown["serving"], True, at[2])
    shown["no longer"] = conditions.with_traffic(shown["still serving"], False, at[3])
    shown["again"] = conditions.with_traffic(shown["no longer"], True, at[4])
    found = {
        name: [(each.type_, each.state.name, each.last_transition_time.minute, each.message) for each in told]
        for name, told in (
            (name, [each for each in told if each.type_ in ("Ready", "Active")]) for name, told in shown.items()
        )
    }
    ready, yes = ("Ready", "CONDITION_SUCCEEDED", 0, ""), "CONDITION_SUCCEEDED"
    assert found == {
        "never": [ready],
        "serving": [ready, ("Active", yes, 1, "")],
        "still serving": [ready, ("Active", yes, 1, "")],
        "no longer": [ready, ("Active", "CONDITION_FAILED", 3, "Revision retired.")],
        "again": [ready, ("Active", yes, 4, "")],
    }
    reasons = {name: [each.revision_reason.name for each in told[:2]] for name, told in shown.items() if "no" in name}
    assert reasons["no longer"] == ["RETIRED", "RETIRED"]
    assert conditions.is_ready(shown["no longer"]) and not any("revision_reason" in each for each in shown["again"])


def test_a_liveness_probe_has_the_defaults_of_its_documentation() -> None:
    template = RevisionTemplate(containers=[Container(liveness_probe=Probe(http_get=HTTPGetAction()))])
    fill_in(template, "p")
    probe = template.containers[0].liveness_probe
    assert (probe.timeout_seconds, probe.period_seconds, probe.failure_threshold) == (1, 10, 3)
    assert (probe.http_get.path, probe.http_get.port) == ("/", 8080)


def service(**fields: object) -> Service:
    return Service(name="projects/p/locations/r/services/s", **fields)


def test_a_mask_changes_what_it_names_and_nothing_else() -> None:
    before = service(description="old", labels={"a": "1"}, traffic=[named("x", 100)], uid="kept")
    wanted = service(description="new", labels={"b": "2"}, traffic=[named("y", 100)], uid="forged")
    after = merge(before, wanted, ["traffic", "labels", "uid"])
    assert (after.description, dict(after.labels), after.traffic[0].revision, after.uid) == (
        "old",
        {"b": "2"},
        "y",
        "kept",
    )


@pytest.mark.parametrize("mask", ["template.service_account", "template.serviceAccount"])
def test_a_mask_may_reach_into_the_template(mask: str) -> None:
    before = service(template=RevisionTemplate(revision="x", containers=[Container(image="i")]))
    after = merge(before, service(template=RevisionTemplate(service_account="a@b")), [mask])
    assert (after.template.revision, after.template.service_account) == ("x", "a@b")


def test_without_a_mask_what_is_left_out_is_cleared() -> None:
    before = service(description="old", annotations={"a": "1"}, uri="http://kept")
    after = merge(before, service(annotations={"b": "2"}), [])
    assert (after.description, dict(after.annotations), after.uri) == ("", {"b": "2"}, "http://kept")


def test_a_mask_of_no_field_is_refused() -> None:
    with pytest.raises(RunRefusal, match="trafic names no field"):
        merge(service(), service(), ["trafic"])


@pytest.mark.parametrize(
    ("parse", "text"),
    [
        (parse_parent, "projects/p"),
        (parse_parent, "projects/../locations/r"),
        (parse_service, "projects/p/locations/r/services/Upper"),
        (parse_service, "projects/p/locations/r/services/../x"),
        (parse_service, f"projects/p/locations/r/services/{'s' * 50}"),
        (parse_revision, "projects/p/locations/r/services/s/revisions/"),
    ],
)
def test_names_that_are_none_are_refused(parse: object, text: str) -> None:
    with pytest.raises(RunRefusal, match="invalid"):
        parse(text)  # type: ignore[operator]


def test_a_variable_and_a_secret_of_one_name_are_one_too_many() -> None:
    from deploy_lib.local_cloud.emulator.run.checks import check_service

    names = ["A", "A", "PORT", "K_SERVICE", "X=Y"]
    template = RevisionTemplate(containers=[Container(image="i", env=[EnvVar(name=name) for name in names])])
    fill_in(template, "p")
    with pytest.raises(RunRefusal) as refused:
        check_service(service(template=template), Service(), "s")
    assert "reserved env names were provided: PORT, K_SERVICE." in refused.value.message
    assert "A is set 2 times" in refused.value.message and "'X=Y' is not a valid" in refused.value.message


@pytest.mark.fast
@pytest.mark.parametrize(
    ("field", "words"),
    [
        (
            {"annotations": {"run.googleapis.com/client-name": "x"}},
            "service.annotations: run.googleapis.com/client-name",
        ),
        ({"annotations": {"autoscaling.knative.dev/maxScale": "3"}}, "service.annotations: autoscaling.knative.dev"),
        ({"labels": {"cloud.googleapis.com/location": "r"}}, "service.labels: cloud.googleapis.com/location is in"),
        ({"labels": {"Bad Key": "Bad Value!"}}, "'Bad Key': 'Bad Value!' is not a valid label"),
        ({"annotations": {"own.example/a": "Any Text!"}, "labels": {"team": "x-1"}}, ""),
    ],
)
def test_labels_and_annotations_of_a_new_service(field: dict[str, dict[str, str]], words: str) -> None:
    problems = list(check_metadata(service(**field), Service()))
    assert (len(problems), words in "".join(problems)) == (bool(words), True)
    assert list(check_metadata(service(**field), service(**field))) == []  # what was there may stay


PARENT = "projects/p/locations/r"
AT = datetime.datetime(2026, 1, 2, tzinfo=datetime.UTC)


def full_record(led_to: list[str], newest: str) -> ServiceRecord:
    """Of a service with as many revisions as there may be, r-0 to r-999, some of which have traffic or a tag."""
    name = parse_service(f"{PARENT}/services/s")
    template = RevisionTemplate(containers=[Container(image="i")])
    traffic_now = [named(short, 100 if short == led_to[0] else 0) for short in led_to]
    found = Service(name=str(name), generation=1, template=template, traffic=traffic_now)
    found.latest_ready_revision = name.revision(newest)
    revisions = {
        f"r-{number}": Deployed(Revision(name=name.revision(f"r-{number}")), template) for number in range(1000)
    }
    return ServiceRecord(name, found, current=newest, revisions=revisions)


def another(record: ServiceRecord) -> set[str]:
    """Which revisions one more takes the place of."""
    images: Any = SimpleNamespace(resolve=lambda *_: "sha256:0")
    wanted = Service(template=RevisionTemplate(containers=[Container(image="another")]))
    changed = change.update(record, wanted, ["template"], images, AT)
    assert len(changed.record.revisions) == 1000 and len(record.revisions) == 1000
    return record.revisions.keys() - changed.record.revisions.keys()


def test_the_oldest_revision_that_nothing_leads_to_makes_room_for_another() -> None:
    """As documented of the real one."""
    assert another(full_record(["r-999"], "r-999")) == {"r-0"}
    assert another(full_record(["r-0", "r-1"], "r-2")) == {"r-3"}
    with pytest.raises(RunRefusal, match="has 1000 revisions, the most that are allowed"):
        another(full_record([f"r-{number}" for number in range(1000)], "r-999"))


def test_services_are_listed_of_one_location(tmp_path: Path) -> None:
    catalogue = Catalogue(ServiceStore(tmp_path, lambda: AT))
    assert not catalogue.list_services(ListServicesRequest(parent=PARENT)).services
    with pytest.raises(RunRefusal, match="the location cannot be '-'"):
        catalogue.list_services(ListServicesRequest(parent="projects/p/locations/-"))


def test_a_container_has_a_thousand_variables_at_most() -> None:
    env = [EnvVar(name=f"V{number}", value="x") for number in range(1001)]
    container = Container(image="i", env=env, resources={"limits": {"cpu": "1", "memory": "1Gi"}})
    (problem,) = check_container(container, "c", 1, second=False)
    assert problem == "c.env: 1001 variables; a container may have at most 1000"
    container.env = env[:1000]
    assert not list(check_container(container, "c", 1, second=False))
