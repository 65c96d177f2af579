"""Services in v1's words: what v2 holds comes back from v1 as it was, and what v1 alone can do wrong is refused."""

from __future__ import annotations

import datetime
import json
from types import SimpleNamespace
from typing import Any

import pytest
from google.cloud.run_v2 import Condition, EmptyDirVolumeSource, Job, Revision, Service
from google.protobuf import json_format

from deploy_lib.local_cloud.emulator.knative.annotations import DEPENDENCIES
from deploy_lib.local_cloud.emulator.knative.calls import V2
from deploy_lib.local_cloud.emulator.knative.incoming import service_from_v1
from deploy_lib.local_cloud.emulator.knative.job_messages import job_from_v1, job_to_v1
from deploy_lib.local_cloud.emulator.knative.outgoing import resource_version, revision_to_v1, service_to_v1
from deploy_lib.local_cloud.emulator.knative.schema import checked
from deploy_lib.local_cloud.emulator.knative.selector import selecting
from deploy_lib.local_cloud.emulator.wire.method import RpcRefusal

Medium = EmptyDirVolumeSource.Medium
NAME = "projects/p/locations/us-central1/services/shop"
TEMPLATE: dict[str, Any] = {
    "revision": "shop-a", "labels": {"team": "x"}, "annotations": {"own.example/a": "b"},
    "scaling": {"minInstanceCount": 1, "maxInstanceCount": 7}, "timeout": "30s",
    "vpcAccess": {"connector": "projects/p/locations/l/connectors/c", "egress": "PRIVATE_RANGES_ONLY"},
    "serviceAccount": "a@b", "maxInstanceRequestConcurrency": 9, "sessionAffinity": True,
    "executionEnvironment": "EXECUTION_ENVIRONMENT_GEN2",
    "containers": [{
        "name": "main", "image": "i@sha256:1", "command": ["c"], "args": ["a"],
        "env": [{"name": "A", "value": "1"},
                {"name": "S", "valueSource": {"secretKeyRef": {"secret": "key", "version": "3"}}}],
        "resources": {"limits": {"cpu": "1", "memory": "512Mi"}, "cpuIdle": True, "startupCpuBoost": True},
        "ports": [{"name": "http1", "containerPort": 8080}],
        "startupProbe": {"httpGet": {"path": "/up", "port": 8080}, "periodSeconds": 3, "timeoutSeconds": 2},
        "volumeMounts": [{"name": "v", "mountPath": "/v"}, {"name": "cloudsql", "mountPath": "/cloudsql"}],
        "dependsOn": ["proxy"],
    }, {
        "name": "proxy", "image": "j", "env": [{"name": "B", "value": "2"}],
        "resources": {"limits": {"cpu": "1"}, "cpuIdle": True, "startupCpuBoost": True},
        "startupProbe": {"tcpSocket": {"port": 9000}},
        "volumeMounts": [{"name": "m", "mountPath": "/m"}, {"name": "cloudsql", "mountPath": "/cloudsql"}],
    }],
    "volumes": [{"name": "v", "secret": {"secret": "key", "items": [{"path": "f", "version": "1", "mode": 256}]}},
                {"name": "m", "emptyDir": {"medium": "MEMORY", "sizeLimit": "10Mi"}},
                {"name": "cloudsql", "cloudSqlInstance": {"instances": ["p:r:one", "p:r:two"]}}],
}  # fmt: skip
SERVICE: dict[str, Any] = {
    "name": NAME, "annotations": {"own.example/lease": "t"}, "labels": {"team": "x"}, "description": "d",
    "ingress": "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER", "invokerIamDisabled": True, "customAudiences": ["https://a"],
    "scaling": {"minInstanceCount": 2}, "client": "gcloud", "clientVersion": "1",
    "template": TEMPLATE,
    "traffic": [{"type": "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST", "percent": 90},
                {"type": "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION", "revision": "shop-a", "percent": 10, "tag": "t"}],
}  # fmt: skip


def service(told: dict[str, Any]) -> Service:
    message = Service.pb(Service())
    json_format.ParseDict(told, message)
    found: Service = Service.wrap(message)
    return found


def waiting(text: str) -> dict[str, Any]:
    spec = {"containers": [{"name": "a"}, {"name": "b"}]}
    return {"spec": {"template": {"metadata": {"annotations": {DEPENDENCIES: text}}, "spec": spec}}}


def test_what_v1_reads_and_writes_back_changes_nothing() -> None:
    before = service(SERVICE)
    after = service_from_v1(service_to_v1(before), before)
    assert json_format.MessageToDict(Service.pb(after)) == json_format.MessageToDict(Service.pb(before))


def test_the_order_of_containers_is_an_annotation() -> None:
    template = service_to_v1(service(SERVICE))["spec"]["template"]
    assert template["metadata"]["annotations"][DEPENDENCIES] == '{"main": ["proxy"]}'


def test_a_job_of_two_containers_comes_back_as_it_was() -> None:
    run = {"image": "i", "resources": {"limits": {"cpu": "1"}}}
    side = {**run, "name": "side", "startupProbe": {"tcpSocket": {"port": 9000}}}
    task = {"containers": [{**run, "name": "main", "dependsOn": ["side"]}, side], "maxRetries": 1, "timeout": "60s"}
    message = Job.pb(Job())
    json_format.ParseDict({"name": NAME.replace("services", "jobs"), "template": {"template": task}}, message)
    before = Job.wrap(message)
    assert job_from_v1(job_to_v1(before), before) == before
    annotations = job_to_v1(before)["spec"]["template"]["metadata"]["annotations"]
    assert annotations == {DEPENDENCIES: '{"main": ["side"]}'}


def test_the_same_of_a_service_with_the_least() -> None:
    resources = {"limits": {"cpu": "1"}, "cpuIdle": True}
    before = service({"name": NAME, "template": {"containers": [{"image": "i", "resources": resources}]}})
    assert service_from_v1(service_to_v1(before), before) == before


def test_what_v1_cannot_say_stays() -> None:
    before = service({**SERVICE, "binaryAuthorization": {"policy": "x"}})
    body = service_to_v1(before)
    body["spec"]["traffic"] = [{"latestRevision": True, "percent": 100}]
    after = service_from_v1(body, before)
    assert after.binary_authorization.policy == "x"
    assert [(target.percent, target.revision) for target in after.traffic] == [(100, "")]


def test_what_cloud_run_does_not_heed_is_taken() -> None:
    container: dict[str, Any] = {
        "image": "i",
        "ports": [{"containerPort": 8080, "protocol": "TCP"}],
        "volumeMounts": [{"name": "m", "mountPath": "/m", "readOnly": True}],
        "startupProbe": {"httpGet": {"path": "/up", "scheme": "HTTP", "host": "h"}, "successThreshold": 1},
        "livenessProbe": {"tcpSocket": {"port": 8080, "host": "h"}, "successThreshold": 1},
    }
    volumes = [
        {"name": "m", "emptyDir": {"medium": "Memory"}},
        {"name": "n", "emptyDir": {"medium": ""}},
        {"name": "s", "secret": {"secretName": "key", "optional": False}},
    ]
    body = checked({"spec": {"template": {"spec": {"containers": [container], "volumes": volumes}}}})
    found = service_from_v1(body, None).template
    assert [volume.empty_dir.medium for volume in found.volumes[:2]] == [Medium.MEMORY, Medium.MEDIUM_UNSPECIFIED]
    (taken,) = found.containers
    assert (taken.ports[0].container_port, taken.volume_mounts[0].mount_path) == (8080, "/m")
    assert (taken.startup_probe.http_get.path, taken.liveness_probe.tcp_socket.port) == ("/up", 8080)


def test_a_bucket_is_a_volume_of_a_driver_by_v1() -> None:
    """And so what is refused of it is told as by v2, that it is not here."""
    csi = {"driver": "gcsfuse.run.googleapis.com", "readOnly": True, "volumeAttributes": {"bucketName": "uploads"}}
    spec = {"containers": [{"image": "i"}], "volumes": [{"name": "v", "csi": csi}]}
    found = service_from_v1(checked({"spec": {"template": {"spec": spec}}}), None)
    assert (found.template.volumes[0].gcs.bucket, found.template.volumes[0].gcs.read_only) == ("uploads", True)
    found.name = NAME
    assert service_to_v1(found)["spec"]["template"]["spec"]["volumes"] == spec["volumes"]


def test_cpu_is_throttled_unless_v1_says_otherwise() -> None:
    body = {"spec": {"template": {"spec": {"containers": [{"image": "i"}]}}}}
    assert service_from_v1(body, None).template.containers[0].resources.cpu_idle is True
    always: dict[str, Any] = {"metadata": {"annotations": {"run.googleapis.com/cpu-throttling": "false"}}}
    body["spec"]["template"] |= always
    assert service_from_v1(body, None).template.containers[0].resources.cpu_idle is False


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"metadata": {"annotations": {"run.googleapis.com/minScale": "many"}}}, "minScale]: invalid value 'many'"),
        ({"metadata": {"annotations": {"run.googleapis.com/ingress": "some"}}}, "INGRESS_TRAFFIC_SOME"),
        ({"spec": {"template": {"spec": {"timeoutSeconds": "long"}}}}, "long"),
        ({"spec": 7}, "wrong type"),
        ({"spec": {"template": {"spec": {"containers": [7]}}}}, "wrong type"),
        ({"spec": {"traffic": [{"percent": "all"}]}}, "percent"),
        (waiting("nothing"), "Expecting value"),
        (waiting('["a"]'), "container-dependencies]: invalid value"),
        (waiting('{"a": "b"}'), "container-dependencies]: invalid value"),
        (waiting('{"x": ["a"]}'), "container-dependencies]: there is no container named 'x'"),
    ],
)
def test_what_cannot_be_read_is_refused(body: dict[str, Any], words: str) -> None:
    with pytest.raises(RpcRefusal) as caught:
        service_from_v1(body, None)
    assert caught.value.code == "INVALID_ARGUMENT"
    assert words in caught.value.message and "\n" not in caught.value.message


def test_the_state_of_a_failed_service() -> None:
    at = datetime.datetime(2026, 1, 2, 3, 4, 5, 678901, datetime.UTC)
    failed = {"type": "Ready", "state": "CONDITION_FAILED", "message": "it died", "severity": "ERROR",
              "revisionReason": "HEALTH_CHECK_CONTAINER_ERROR"}  # fmt: skip
    found = service({
        **SERVICE, "generation": "3", "observedGeneration": "2", "uri": "http://here", "urls": ["http://here"],
        "latestCreatedRevision": f"{NAME}/revisions/shop-b", "latestReadyRevision": f"{NAME}/revisions/shop-a",
        "terminalCondition": failed, "trafficStatuses": SERVICE["traffic"], "creator": "ann@example.com",
    })  # fmt: skip
    found.update_time = at
    told = service_to_v1(found)
    status = told["status"]
    # Of the wanted generation, or gcloud waits for ever.
    assert (told["metadata"]["generation"], status["observedGeneration"]) == (3, 3)
    assert status["conditions"] == [
        {"type": "Ready", "status": "False", "reason": "HealthCheckContainerError", "message": "it died"}
    ]
    assert (status["latestCreatedRevisionName"], status["latestReadyRevisionName"]) == ("shop-b", "shop-a")
    assert status["traffic"][0] == {"revisionName": "shop-a", "latestRevision": True, "percent": 90}
    assert told["spec"]["traffic"][0] == {"latestRevision": True, "percent": 90}
    assert told["metadata"]["annotations"]["serving.knative.dev/creator"] == "ann@example.com"
    assert json.loads(told["metadata"]["annotations"]["run.googleapis.com/urls"]) == ["http://here"]
    assert told["metadata"]["resourceVersion"] == "1767323045678901" == resource_version(found)
    found.reconciling = True
    assert service_to_v1(found)["status"]["observedGeneration"] == 2


def test_the_version_moves_with_the_state() -> None:
    at = datetime.datetime(2026, 1, 2, tzinfo=datetime.UTC)
    found = service({"name": NAME})
    found.update_time = at
    before = resource_version(found)
    found.terminal_condition = Condition(type_="Ready", last_transition_time=at + datetime.timedelta(seconds=2))
    assert int(resource_version(found)) - int(before) == 2_000_000


def test_a_revision_names_its_service() -> None:
    message = Revision.pb(Revision())
    fields = {name: value for name, value in TEMPLATE.items() if name != "revision"}
    json_format.ParseDict({**fields, "name": f"{NAME}/revisions/shop-a", "service": NAME}, message)
    told = revision_to_v1(Revision.wrap(message))
    assert (told["metadata"]["name"], told["metadata"]["labels"]["serving.knative.dev/service"]) == ("shop-a", "shop")
    assert told["spec"]["timeoutSeconds"] == 30
    assert told["metadata"]["annotations"]["autoscaling.knative.dev/maxScale"] == "7"


def test_what_is_taken_away_is_gone_with_its_message() -> None:
    """As gcloud's --clear-vpc-connector does: an empty message would be another setting than none."""
    before = service(SERVICE)
    body = service_to_v1(before)
    annotations = body["spec"]["template"]["metadata"]["annotations"]
    for name in ("run.googleapis.com/vpc-access-connector", "run.googleapis.com/vpc-access-egress"):
        del annotations[name]
    after = service_from_v1(body, before).template
    assert "vpc_access" not in after and after.scaling == before.template.scaling


@pytest.mark.parametrize("image", ["h:5000/p/i", "h:5000/p/i:tag", "h:5000/p/i@sha256:0", "h:5000/p/i:tag@sha256:0"])
def test_a_revision_tells_who_made_it_of_what_and_where_it_is(image: str) -> None:
    """As captures of v1 do."""
    message = Revision.pb(Revision())
    given = {"name": f"{NAME}/revisions/shop-a", "service": NAME, "containers": [{"image": image}]}
    json_format.ParseDict({**given, "creator": "ann@example.com"}, message)
    told = revision_to_v1(Revision.wrap(message), "sha256:1")
    assert told["status"]["imageDigest"] == "h:5000/p/i@sha256:1"
    assert told["metadata"]["annotations"]["serving.knative.dev/creator"] == "ann@example.com"
    number = told["metadata"]["namespace"]
    assert number.isdigit()
    assert told["metadata"]["selfLink"] == f"/apis/serving.knative.dev/v1/namespaces/{number}/revisions/shop-a"
    v2 = V2([], lambda project: [], lambda: ["q", "p"])
    assert [v2.project(each) for each in (number, "p", "r", "7")] == ["p", "p", "r", "7"]


@pytest.mark.parametrize(
    ("selector", "meant"),
    [
        ("", True), ("a=1", True), ("a = 1", True), ("a==1,b!=3", True), ("a=2", False), ("b!=2", False), ("a,b", True),
        ("c", False), ("x.example/y=1", False), ("a in (1,2),b=2", True), ("a in (2, 3)", False),
        ("a notin (2,3)", True),
    ],
)  # fmt: skip
def test_a_label_selector(selector: str, meant: bool) -> None:
    assert selecting(selector)({"a": "1", "b": "2"}) is meant


def test_a_selector_that_is_not_understood_is_refused() -> None:
    with pytest.raises(RpcRefusal, match="cannot read 'a > 1'"):
        selecting("a > 1")


@pytest.mark.parametrize(
    ("told", "by_v1"),
    [
        ("template.containers[1].env: A is set 2 times", "spec.template.spec.containers[1].env: A is set 2 times"),
        (
            "Violation in service.template.containers[0].ports: ports should contain 0 or 1 port.",
            "Violation in spec.template.spec.containers[0].ports: ports should contain 0 or 1 port.",
        ),
        ("template.timeout: must be less; traffic: the sum", "spec.template.spec.timeoutSeconds: must be less; "
         "spec.traffic: the sum"),
        ("traffic[2].revision: the revision is missing", "spec.traffic[2].revisionName: the revision is missing"),
        ("template.revision: invalid revision name 'x'", "spec.template.metadata.name: invalid revision name 'x'"),
        (
            "template.containers[0].depends_on: there is no container named 'b'",
            f"spec.template.metadata.annotations[{DEPENDENCIES}]: there is no container named 'b'",
        ),
        ("template.task_count: must be 1; x", "spec.template.spec.taskCount: must be 1; x"),
        (
            "template.parallelism: must be from 0 to task_count",
            "spec.template.spec.parallelism: must be from 0 to taskCount",
        ),
        (
            "template.containers[0].startup_probe.timeout_seconds: must be from 1 to period_seconds",
            "spec.template.spec.containers[0].startupProbe.timeoutSeconds: must be from 1 to periodSeconds",
        ),
        (
            "template.containers[1].ports[0].container_port: must be from 1 to 65535",
            "spec.template.spec.containers[1].ports[0].containerPort: must be from 1 to 65535",
        ),
        (
            "template.template.containers[0].volume_mounts: there is no volume 'a_b'",
            "spec.template.spec.template.spec.containers[0].volumeMounts: there is no volume 'a_b'",
        ),
        ("template.volumes[0].secret.items: 'x' is", "spec.template.spec.volumes[0].secret.items: 'x' is"),
        (
            "template.template.volumes[2].cloud_sql_instance: 'x' is",
            "spec.template.metadata.annotations[run.googleapis.com/cloudsql-instances]: 'x' is",
        ),
        ("template.template.containers[0].image: x", "spec.template.spec.template.spec.containers[0].image: x"),
        (
            "spec.template.spec.volumes[0].secret.secretName: Permission denied on secret",
            "spec.template.spec.volumes[0].secret.secretName: Permission denied on secret",
        ),
        ("it cannot serve traffic. Logs: x", "it cannot serve traffic. Logs: x"),
        ("the traffic of a template is no path", "the traffic of a template is no path"),
    ],
)  # fmt: skip
def test_a_refusal_names_fields_as_v1_does(told: str, by_v1: str) -> None:
    def refuse(request: object) -> object:
        raise RpcRefusal("INVALID_ARGUMENT", told)

    method: Any = SimpleNamespace(path="/google.cloud.run.v2.Services/CreateService", answer=refuse)
    with pytest.raises(RpcRefusal) as refused:
        V2([method], lambda project: []).ask("Services/CreateService", None)
    assert (refused.value.code, refused.value.message) == ("INVALID_ARGUMENT", by_v1)
