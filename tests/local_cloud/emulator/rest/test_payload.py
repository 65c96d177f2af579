"""What HTTP says, as messages: paths by Google's templates, queries, bodies, and the errors for what cannot be read."""

from __future__ import annotations

import json
from typing import Any

import pytest
from google.cloud import run_v2
from google.cloud.logging_v2.types import ListLogEntriesRequest
from google.rpc.error_details_pb2 import RetryInfo

from deploy_lib.local_cloud.emulator.rest.payload import message_of, refusal_json
from deploy_lib.local_cloud.emulator.rest.rules import rule
from deploy_lib.local_cloud.emulator.wire.method import RpcRefusal

SERVICE = "projects/p/locations/us-central1/services/shop"


@pytest.mark.parametrize(
    ("template", "path", "variables"),
    [
        ("/v2/{name=projects/*/locations/*/services/*}", f"/v2/{SERVICE}", {"name": SERVICE}),
        ("/v2/{name=projects/*/locations/*/services/*}", f"/v2/{SERVICE}:getIamPolicy", None),
        ("/v2/{name=projects/*/locations/*/services/*}", f"/v2/{SERVICE}/revisions/r", None),
        ("/v2/{name=projects/*/locations/*/services/*}", "/v2/projects//locations/l/services/s", None),
        ("/v2/{resource=services/*}:get", "/v2/services/s:get", {"resource": "services/s"}),
        ("/v1/projects/{project_id}/builds/{id}", "/v1/projects/p/builds/b-1", {"project_id": "p", "id": "b-1"}),
        ("/v1/projects/{project_id}/builds/{id}:end", "/v1/projects/p/builds/b:end", {"project_id": "p", "id": "b"}),
        ("/v1/projects/{project_id}/builds/{id}:cancel", "/v1/projects/p/builds/b", None),
        ("/v1/{name=operations/**}", "/v1/operations/build/p/YWI=", {"name": "operations/build/p/YWI="}),
        ("/v2/{service.name=services/*}", "/v2/services/a%20b", {"service.name": "services/a b"}),
        ("/v2/entries:list", "/v2/entries:list", {}),
        ("/v2/entries:list", "/v2/entries-list", None),
    ],
)  # fmt: skip
def test_a_path_is_read_by_its_template(template: str, path: str, variables: dict[str, str] | None) -> None:
    assert rule("a.B/C", "get", template, "").match("GET", path) == variables
    assert rule("a.B/C", "get", template, "").match("POST", path) is None


def test_path_query_and_body_fill_their_fields() -> None:
    body = {"template": {"containers": [{"image": "i"}], "timeout": "5s"}, "name": "of the body", "newer": None}
    del body["newer"]
    query = [("updateMask", "template.containers,traffic"), ("validateOnly", "true"), ("$alt", "json"), ("alt", "json")]
    found = message_of(
        run_v2.UpdateServiceRequest, "service", {"service.name": SERVICE}, query, json.dumps(body).encode()
    )
    assert (found.service.name, found.validate_only) == (SERVICE, True)
    assert found.service.template.containers[0].image == "i"
    assert found.service.template.timeout.seconds == 5
    assert list(found.update_mask.paths) == ["template.containers", "traffic"]


@pytest.mark.parametrize(
    "mask", ["template.max_instance_request_concurrency", "template.maxInstanceRequestConcurrency"]
)
def test_a_mask_may_be_spelt_either_way(mask: str) -> None:
    found = message_of(run_v2.UpdateServiceRequest, "service", {}, [("update_mask", mask)], b"")
    assert list(found.update_mask.paths) == ["template.max_instance_request_concurrency"]


def test_a_repeated_field_of_the_query_and_a_body_that_is_all() -> None:
    found = message_of(
        ListLogEntriesRequest, "", {}, [("resourceNames", "projects/a"), ("resourceNames", "projects/b")], b""
    )
    assert list(found.resource_names) == ["projects/a", "projects/b"]
    found = message_of(ListLogEntriesRequest, "*", {}, [], b'{"resourceNames": ["projects/a"], "pageSize": 3}')
    assert (list(found.resource_names), found.page_size) == (["projects/a"], 3)


@pytest.mark.parametrize(
    ("query", "body", "words"),
    [
        ([], b"{", "Invalid JSON payload received. Expecting property name"),
        ([], b"[]", "Root element must be a message."),
        ([], b"\xff", "Invalid JSON payload received."),
        ([], b'{"colour": 1}', "Unknown name \"colour\" at 'service': Cannot find field."),
        ([], b'{"template": {"containers": [{"imag": 1}]}}', "\"imag\" at 'service.template.containers[0]'"),
        ([], b'{"template": {"containers": 7}}', "Failed to parse containers field"),
        ([], b'{"template": 7}', "Failed to parse template field"),
        ([("serviceld", "x")], b"{}", 'Unknown name "serviceld": Cannot find field.'),
        ([("validateOnly", "perhaps")], b"{}", "Failed to parse validateOnly field"),
        ([("service.template.timeout", "long")], b"{}", "Failed to parse"),
        ([("serviceId.deeper", "x")], b"{}", "Failed to parse serviceId field"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_an_invalid_argument(query: list[tuple[str, str]], body: bytes, words: str) -> None:
    with pytest.raises(RpcRefusal) as caught:
        message_of(run_v2.CreateServiceRequest, "service", {"parent": "p"}, query, body)
    assert caught.value.code == "INVALID_ARGUMENT"
    assert words in caught.value.message and "\n" not in caught.value.message


def test_a_refusal_has_googles_form() -> None:
    delay = RetryInfo()
    delay.retry_delay.seconds = 3
    status, told = refusal_json(RpcRefusal("RESOURCE_EXHAUSTED", "too many", (delay,)))
    error: Any = told["error"]
    assert (status, error["code"], error["status"], error["message"]) == (429, 429, "RESOURCE_EXHAUSTED", "too many")
    assert error["details"] == [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "3s"}]
