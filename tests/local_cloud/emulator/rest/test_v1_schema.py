"""What v1's clients may send of a service, and how the rest is refused."""

from __future__ import annotations

from typing import Any

import pytest
from google.cloud.run_v2 import Container, RevisionTemplate, Service, TrafficTarget

from deploy_lib.local_cloud.emulator.knative.outgoing import service_to_v1
from deploy_lib.local_cloud.emulator.knative.schema import checked
from deploy_lib.local_cloud.emulator.wire.method import RpcRefusal

NAME = "projects/p/locations/us-central1/services/shop"


def body(**spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": "shop"}, "spec": spec}


def container(**fields: Any) -> dict[str, Any]:
    return body(template={"spec": {"containers": [fields]}})


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ({"colour": 1}, "Unknown name \"colour\" at 'service'"),
        (body(colour=1), "Unknown name \"colour\" at 'service.spec'"),
        (container(imag="i"), "Unknown name \"imag\" at 'service.spec.template.spec.containers[0]'"),
        (container(startupProbe={"httpGet": {"paths": "/"}}), "\"paths\" at 'service.spec.template.spec"),
        (body(traffic=[{"percents": 1}]), "Unknown name \"percents\" at 'service.spec.traffic[0]'"),
        ({"metadata": 7}, "Invalid value at 'service.metadata' (a message), 7."),
        (body(template=7), "Invalid value at 'service.spec.template' (a message), 7."),
        (body(traffic={}), "Invalid value at 'service.spec.traffic' (a list), {}."),
        ({"metadata": {"labels": []}}, "Invalid value at 'service.metadata.labels' (a map of strings), []."),
        ({"metadata": {"labels": {"a": 1}}}, "at 'service.metadata.labels' (a map of strings), {'a': 1}."),
        (container(image=1), "containers[0].image' (TYPE_STRING), 1."),
        (container(env="x"), "containers[0].env' (a list), 'x'."),
        (container(args=[1]), "containers[0].args[0]' (TYPE_STRING), 1."),
        (container(ports=[{"containerPort": "abc"}]), "ports[0].containerPort' (TYPE_INT32), 'abc'."),
        (body(traffic=[{"percent": 1.5}]), "traffic[0].percent' (TYPE_INT32), 1.5."),
        (body(traffic=[{"percent": float("nan")}]), "traffic[0].percent' (TYPE_INT32), nan."),
        (body(traffic=[{"latestRevision": "yes"}]), "traffic[0].latestRevision' (TYPE_BOOL), 'yes'."),
    ],
)  # fmt: skip
def test_what_v1_does_not_know_is_refused_by_its_place(sent: dict[str, Any], words: str) -> None:
    with pytest.raises(RpcRefusal) as caught:
        checked(sent)
    assert caught.value.code == "INVALID_ARGUMENT"
    assert caught.value.message.startswith("Invalid JSON payload received. ") and words in caught.value.message


def test_all_problems_come_at_once() -> None:
    with pytest.raises(RpcRefusal) as caught:
        checked({"colour": 1, "spec": {"traffic": [{"percent": "x"}]}})
    assert "colour" in caught.value.message and "percent" in caught.value.message


def test_null_is_not_set_and_numbers_may_be_texts() -> None:
    sent = {"metadata": {"name": "shop", "labels": None}, "spec": {"traffic": [{"percent": "100", "tag": None}]}}
    assert checked(sent) == {"metadata": {"name": "shop"}, "spec": {"traffic": [{"percent": "100"}]}}


def test_what_is_read_may_be_sent_back() -> None:
    template = RevisionTemplate(containers=[Container(image="i", env=[{"name": "A", "value": "1"}])])
    told = service_to_v1(Service(name=NAME, template=template, traffic=[TrafficTarget(percent=100, tag="next")]))
    assert checked(told)["spec"] == told["spec"]
