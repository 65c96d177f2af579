"""What a release makes of the running template: named fields change, all others stay."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from google.cloud import run_v2
from hypothesis import given
from hypothesis import strategies as st

from deploy_lib.drivers.services.differences import changed, kept
from deploy_lib.drivers.services.names import revision_name
from deploy_lib.drivers.services.template import base, main_container, merged, without_system_names
from deploy_lib.model.release import Release
from deploy_lib.model.service import Instances, Service

COMMIT = "0123456789abcdef0123456789abcdef01234567"
SERVICE = Service("shop", "p-staging", "us-central1", "shop-staging", "host/p-staging/images")
RELEASE = Release(
    "20260302t120000-shop-0123456-aa", SERVICE, COMMIT, datetime(2026, 3, 2, tzinfo=UTC), image="i@sha256:2"
)


def _secret(name: str, secret: str, version: str = "latest") -> run_v2.EnvVar:
    selector = run_v2.SecretKeySelector(secret=secret, version=version)
    return run_v2.EnvVar(name=name, value_source=run_v2.EnvVarSource(secret_key_ref=selector))


def running() -> run_v2.RevisionTemplate:
    """A service with much set by hand: a sidecar, a volume, probes, variables, labels."""
    server = run_v2.Container(
        name="server",
        image="i@sha256:1",
        ports=[run_v2.ContainerPort(name="http1", container_port=8080)],
        resources=run_v2.ResourceRequirements(limits={"cpu": "1", "memory": "512Mi"}, startup_cpu_boost=True),
        env=[run_v2.EnvVar(name="A", value="1"), _secret("KEY", "key", "3"), run_v2.EnvVar(name="BY_HAND", value="x")],
        startup_probe=run_v2.Probe(tcp_socket=run_v2.TCPSocketAction(port=8080), period_seconds=240),
        liveness_probe=run_v2.Probe(http_get=run_v2.HTTPGetAction(path="/live", port=9000)),
    )
    return run_v2.RevisionTemplate(
        revision="shop-staging-old",
        labels={"team": "shop"},
        annotations={"note": "kept"},
        containers=[run_v2.Container(name="sidecar", image="proxy:1"), server],
        volumes=[run_v2.Volume(name="cache", empty_dir=run_v2.EmptyDirVolumeSource())],
        max_instance_request_concurrency=40,
        service_account="shop@p-staging.iam.gserviceaccount.com",
        execution_environment=run_v2.ExecutionEnvironment.EXECUTION_ENVIRONMENT_GEN2,
        session_affinity=True,
    )


def _merged(**wanted: Any) -> run_v2.RevisionTemplate:
    return merged(running(), replace(RELEASE, service=replace(SERVICE, **wanted)))


CASES: list[tuple[dict[str, Any], tuple[str, ...]]] = [
    ({}, ()),
    ({"memory": "1Gi"}, ("memory: 512Mi -> 1Gi",)),
    ({"cpu": "2", "memory": "512Mi"}, ("cpu: 1 -> 2",)),
    ({"cpu_always": True}, ()),
    ({"cpu_always": False}, ("CPU between requests: always allocated -> none",)),
    ({"concurrency": 80}, ("concurrency: 40 -> 80",)),
    ({"request_timeout": 90.0}, ("request timeout: not set -> 90 s",)),
    ({"instances": Instances(1, 5)}, ("min instances: not set -> 1", "max instances: not set -> 5")),
    ({"service_account": "b@x"}, ("service account: shop@p-staging.iam.gserviceaccount.com -> b@x",)),
    ({"vpc_connector": "c"}, ("VPC connector: not set -> c",)),
    ({"port": 8000}, ("port: 8080 -> 8000",)),
    ({"env": {"A": "2"}}, ("variable A: another value",)),
    ({"env": {"B": "2"}}, ("variable B: added, plain value",)),
    ({"env": {"KEY": "2"}}, ("variable KEY: secret key:3 -> plain value",)),
    ({"secrets": {"A": "a:latest"}}, ("variable A: plain value -> secret a:latest",)),
    ({"secrets": {"KEY": "key:4"}}, ("variable KEY: secret key:3 -> secret key:4",)),
    ({"secrets": {"KEY": "projects/q/secrets/key:3"}}, ("variable KEY: another value",)),
]


def test_what_is_not_set_before_and_after_is_no_change() -> None:
    """A service that is not there yet has no container at all."""
    said = changed(run_v2.RevisionTemplate(), _merged())
    assert [each for each in said if each.endswith(("-> not set", " -> removed", ": not set"))] == []


@pytest.mark.parametrize(("wanted", "words"), CASES)
def test_changes_are_told_and_nothing_else_changes(wanted: dict[str, Any], words: tuple[str, ...]) -> None:
    new = _merged(**wanted)
    assert changed(running(), new) == ("image: i@sha256:1 -> i@sha256:2", *words)
    assert new.containers[0] == running().containers[0]
    assert new.volumes == running().volumes
    assert new.annotations == running().annotations
    assert new.labels["team"] == "shop"
    assert new.session_affinity
    assert new.execution_environment == running().execution_environment
    assert main_container(new).resources.startup_cpu_boost


def test_what_is_kept_is_told_without_values() -> None:
    told = kept(_merged(memory="1Gi", env={"A": "2"}), replace(SERVICE, memory="1Gi", env={"A": "2"}))
    assert told == (
        "port: 8080",
        "cpu: 1",
        "CPU between requests: always allocated",
        "concurrency: 40",
        "service account: shop@p-staging.iam.gserviceaccount.com",
        "session_affinity: true",
        "execution_environment: gen2",
        "cpu_boost: true",
        "volume cache: in memory",
        "startup_probe: TCP, -/-/240/- (delay/timeout/every/failures)",
        "liveness_probe: HTTP /live, -/-/-/- (delay/timeout/every/failures)",
        "container sidecar: proxy:1",
        "variable BY_HAND",
        "variable KEY",
    )


def test_probes_follow_the_port() -> None:
    container = main_container(_merged(port=8000))
    assert container.startup_probe.tcp_socket.port == 8000
    assert container.liveness_probe.http_get.port == 9000  # asked elsewhere on purpose
    assert container.ports[0].name == "http1"


@pytest.mark.parametrize("wanted", [wanted for wanted, _ in CASES])
def test_merging_twice_is_merging_once(wanted: dict[str, Any]) -> None:
    release = replace(RELEASE, service=replace(SERVICE, **wanted))
    once = merged(running(), release)
    assert merged(once, release) == once


def test_a_new_service_gets_what_the_yaml_says() -> None:
    template = merged(base(None, None), replace(RELEASE, service=replace(SERVICE, env={"A": "1"}, port=8000)))
    container = template.containers[0]
    assert (container.image, container.ports[0].container_port, container.env[0].name) == ("i@sha256:2", 8000, "A")


LIMITED = run_v2.ResourceRequirements(limits={"cpu": "1"}, cpu_idle=True)
ALWAYS = run_v2.ResourceRequirements(limits={"cpu": "1"})


@pytest.mark.parametrize(
    ("start", "wanted", "idle"),
    [
        (None, {}, None),  # Cloud Run fills in the whole of `resources`
        (None, {"memory": "1Gi"}, True),
        (None, {"cpu": "2", "memory": "1Gi"}, True),
        (None, {"cpu": "2", "cpu_always": False}, True),
        (None, {"cpu": "2", "cpu_always": True}, False),
        (None, {"cpu_always": True}, False),
        (LIMITED, {}, True),
        (LIMITED, {"memory": "1Gi"}, True),
        (LIMITED, {"cpu_always": True}, False),
        (ALWAYS, {"memory": "1Gi"}, False),
        (ALWAYS, {"memory": "1Gi", "cpu_always": False}, True),
    ],
)
def test_cpu_between_requests_is_paid_for_only_where_someone_wants_it(
    start: run_v2.ResourceRequirements | None, wanted: dict[str, Any], idle: bool | None
) -> None:
    """`resources` without cpu_idle mean CPU always allocated: https://cloud.google.com/run/docs/configuring/cpu-allocation"""
    container = run_v2.Container(image="i@sha256:1")
    if start is not None:
        container.resources = start
    before = run_v2.RevisionTemplate() if start is None else run_v2.RevisionTemplate(containers=[container])
    found = merged(before, replace(RELEASE, service=replace(SERVICE, **wanted))).containers[0]
    assert (found.resources.cpu_idle if "resources" in found else None) == idle
    assert not found.resources.startup_cpu_boost


def test_settings_come_from_what_serves() -> None:
    template = running()
    service = run_v2.Service(template=run_v2.RevisionTemplate(revision="shop-staging-rejected", labels={"bad": "1"}))
    stable = run_v2.Revision(
        name="projects/p/locations/r/services/s/revisions/shop-staging-old",
        labels={"team": "shop"},
        annotations={"run.googleapis.com/x": "1", "note": "kept"},
        containers=template.containers,
        volumes=template.volumes,
        max_instance_request_concurrency=40,
        conditions=[run_v2.Condition(type_="Ready")],
    )
    found = base(service, stable)
    assert dict(found.labels) == {"team": "shop"}
    assert dict(found.annotations) == {"note": "kept"}
    assert found.containers == template.containers
    assert base(run_v2.Service(template=template), stable) == template


@given(st.text("abcdefghijklmnopqrstuvwxyz0123456789-", min_size=1, max_size=45), st.text(max_size=20))
def test_revision_names_are_names(stem: str, value: str) -> None:
    service = "s" + stem + "x" * (len(stem) % 3) + "e"
    template = run_v2.RevisionTemplate(labels={"a": value})
    name = revision_name(service, COMMIT, template)
    assert re.fullmatch(r"[a-z]([a-z0-9-]*[a-z0-9])?", name)
    assert len(name) <= 63
    assert name.startswith(f"{service}-0123456-")
    template.revision = name
    assert revision_name(service, COMMIT, template) == name
    template.labels["a"] = value + "!"
    assert revision_name(service, COMMIT, template) != name


def test_where_nothing_serves_yet_what_failed_is_not_kept() -> None:
    tried = merged(run_v2.RevisionTemplate(), replace(RELEASE, service=replace(SERVICE, vpc_connector="nowhere")))
    assert base(run_v2.Service(template=tried), None) == run_v2.RevisionTemplate()
    assert base(run_v2.Service(template=running()), None) == running(), "made by another tool, it is"


_UNKNOWN = b"\xfa\xff\x7f\x01x"  # field 262143


def _know_more(*messages: Any) -> None:
    """Fields of a later version of the API."""
    for message in messages:
        type(message).pb(message).MergeFromString(_UNKNOWN)


def _knows_more(message: Any) -> bool:
    serialized: bytes = type(message).pb(message).SerializeToString()
    return _UNKNOWN in serialized


@pytest.mark.parametrize("rejected", [False, True])
def test_what_this_client_does_not_know_is_kept(rejected: bool) -> None:
    """Also where the service's own template is that of a candidate that was rejected."""
    template = running()
    template.health_check_disabled = True
    _know_more(template, template.containers[0], template.containers[1].liveness_probe, template.volumes[0])
    same = type(template).to_dict(template)
    common = {name: same[name] for name in run_v2.Revision.meta.fields if name in same}
    stable = run_v2.Revision({**common, "name": "x/revisions/shop-staging-old"}, ignore_unknown_fields=True)
    stable.containers, stable.volumes = template.containers, template.volumes
    service = run_v2.Service(template=template)
    if rejected:
        service.template = merged(template, replace(RELEASE, service=replace(SERVICE, env={"BAD": "1"}, memory="1Gi")))
        service.template.revision = "shop-staging-bad"
    found = merged(base(service, stable), RELEASE)
    assert found == merged(template, RELEASE)
    main = found.containers[1]
    assert found.health_check_disabled
    assert {each.name for each in main.env} == {"A", "KEY", "BY_HAND"}
    for part in (found, found.containers[0], main.liveness_probe, found.volumes[0]):
        assert _knows_more(part)


def test_names_in_googles_own_namespaces_are_never_sent_back() -> None:
    own = {"team": "shop", "note.example/a": "b"}
    theirs = {
        "run.googleapis.com/ingress": "all",
        "cloud.googleapis.com/location": "l",
        "serving.knative.dev/creator": "c",
        "autoscaling.knative.dev/maxScale": "3",
    }
    everything = {**own, **theirs}
    template = run_v2.RevisionTemplate(labels=everything, annotations=everything)
    service = run_v2.Service(labels=everything, annotations=everything, template=template)
    sent = without_system_names(service)
    assert dict(service.labels) == everything, "what was read stays as it is"
    for names in (sent.labels, sent.annotations, sent.template.labels, sent.template.annotations):
        assert dict(names) == own
