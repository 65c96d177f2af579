"""A write by v1 changes the traffic and the tool's own annotations, and nothing else; what v1 cannot say goes by v2."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import Any

import pytest
from google.cloud.run_v2 import Service, TrafficTarget, TrafficTargetAllocationType
from google.protobuf import json_format

from deploy_lib.drivers.errors import ApiError
from deploy_lib.drivers.services import knative
from deploy_lib.drivers.services.service_writer import ServiceWriter
from deploy_lib.drivers.services.v1_words import has_no_word
from deploy_lib.drivers.status_code import StatusCode
from deploy_lib.local_cloud.emulator.knative.incoming import service_from_v1
from deploy_lib.local_cloud.emulator.knative.outgoing import service_to_v1
from tests.drivers.clocks import FakeClock
from tests.local_cloud.emulator.rest.test_knative import NAME, SERVICE, TEMPLATE

PINNED = TrafficTargetAllocationType.TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION
LEAST: dict[str, Any] = {
    "name": NAME,
    "template": {"containers": [{"image": "i", "resources": {"limits": {"cpu": "1"}, "cpuIdle": True}}]},
}
UNNAMED = {**SERVICE, "template": {name: value for name, value in TEMPLATE.items() if name != "revision"}}


def read(told: dict[str, Any]) -> Service:
    message = Service.pb(Service())
    json_format.ParseDict({**told, "latestCreatedRevision": f"{NAME}/revisions/shop-a"}, message)
    found: Service = Service.wrap(message)
    return found


@pytest.mark.parametrize("told", [SERVICE, LEAST, UNNAMED])
def test_nothing_but_traffic_and_annotations_changes(told: dict[str, Any]) -> None:
    before = read(told)
    document = service_to_v1(before)
    document["spec"]["template"]["spec"]["fieldOfTomorrow"] = {"kept": True}
    assert knative.tells_the_same(document, before)
    wanted = copy.deepcopy(before)
    wanted.annotations.pop("own.example/lease", None)
    wanted.annotations["deploy-to-gcp/release"] = "{}"
    wanted.traffic = [
        TrafficTarget(type_=PINNED, revision="shop-a", percent=90, tag="stable"),
        TrafficTarget(type_=PINNED, revision="shop-b", percent=10),
        TrafficTarget(type_=PINNED, revision="shop-c", tag="canary"),
    ]
    written = knative.changed(document, before, wanted)
    assert written["metadata"]["resourceVersion"] == document["metadata"]["resourceVersion"]
    assert written["spec"]["template"]["spec"] == document["spec"]["template"]["spec"]
    assert "status" not in written
    wanted.template.revision = "shop-a"  # which is there, so that no other comes to be
    assert service_from_v1(written, before) == wanted


def test_latest_stays_latest() -> None:
    before = read(SERVICE)
    wanted = copy.deepcopy(before)
    wanted.annotations["deploy-to-gcp/lease"] = "{}"
    assert service_from_v1(knative.changed(service_to_v1(before), before, wanted), before).traffic == before.traffic


@pytest.mark.parametrize(
    "edit",
    [
        lambda body: body["metadata"]["annotations"].update({"own.example/lease": "of another"}),
        lambda body: body["metadata"]["annotations"].pop("own.example/lease"),
        lambda body: body["spec"]["traffic"].pop(),
        lambda body: body["spec"]["traffic"][0].update({"percent": 80}),
    ],
)
def test_two_readings_of_two_states_are_not_one(edit: Any) -> None:
    before = read(SERVICE)
    document = service_to_v1(before)
    edit(document)
    assert not knative.tells_the_same(document, before)


def template(**more: Any) -> dict[str, Any]:
    return {**SERVICE, "template": {**TEMPLATE, **more}}


def container(**more: Any) -> dict[str, Any]:
    return template(containers=[{**TEMPLATE["containers"][0], **more}])


@pytest.mark.parametrize(
    ("told", "word"),
    [
        (SERVICE, ""),
        (LEAST, ""),
        ({**SERVICE, "binaryAuthorization": {"policy": "x"}}, "binary_authorization"),
        (template(nodeSelector={"accelerator": "nvidia-l4"}), "template.node_selector"),
        (template(serviceMesh={"mesh": "m"}), "template.service_mesh"),
        (template(volumes=[{"name": "v", "gcs": {"bucket": "b"}}]), "template.volumes.gcs"),
        (container(baseImageUri="u"), "template.containers.base_image_uri"),
        (
            template(containers=[*TEMPLATE["containers"], {"name": "side", "image": "i"}]),
            "template.containers.resources",
        ),
    ],
)
def test_what_v1_has_no_word_for(told: dict[str, Any], word: str) -> None:
    assert has_no_word(read(told)) == word


@pytest.mark.parametrize("where", ["service", "template", "container", "probe"])
def test_a_field_that_this_client_does_not_know_goes_by_v2(where: str) -> None:
    service = read(SERVICE)
    main = service.template.containers[0]
    part = {"service": service, "template": service.template, "container": main, "probe": main.startup_probe}[where]
    type(part).pb(part).MergeFromString(b"\xfa\xff\x7f\x01x")  # field 262143
    assert has_no_word(service) == "a field that this client does not know"


def test_all_traffic_to_the_latest_may_be_left_unsaid() -> None:
    before = read(LEAST)
    document = service_to_v1(before)
    document["spec"]["traffic"] = [{"latestRevision": True, "percent": 100}]
    assert knative.tells_the_same(document, before)


@dataclass
class Api:
    """v2, with what was written through it."""

    service_now: Service
    masks: list[list[str]] = field(default_factory=list)

    def wait_to_write(self) -> None:
        """There is room."""

    def service(self, path: str) -> Service:
        return copy.deepcopy(self.service_now)

    def update(self, service: Service, mask: list[str], doing: str) -> str:
        self.masks.append(mask)
        return "operations/1"


@dataclass
class V1:
    """v1, which tells a service and refuses to have it back."""

    service_now: Service
    code: StatusCode
    asked: int = 0

    def read(self, path: str) -> dict[str, Any]:
        return service_to_v1(self.service_now)

    def replace(self, path: str, document: dict[str, Any], doing: str) -> None:
        self.asked += 1
        raise ApiError(self.code, "no", "could not write")


@pytest.mark.parametrize("code", [StatusCode.INVALID_ARGUMENT, StatusCode.PERMISSION_DENIED, StatusCode.UNIMPLEMENTED])
def test_what_v1_refuses_for_good_is_written_by_v2(code: StatusCode) -> None:
    before = read(SERVICE)
    api, v1 = Api(before), V1(before, code)
    writer = ServiceWriter(api, v1, FakeClock())  # type: ignore[arg-type]

    def edit(service: Service) -> list[str]:
        service.annotations["deploy-to-gcp/lease"] = "{}"
        return ["annotations"]

    assert writer.write(NAME, edit, "change it").operation == "operations/1"
    assert (v1.asked, api.masks) == (1, [["annotations"]])
