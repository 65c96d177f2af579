"""Who may ask the local cloud: programs on this machine, and no page of a browser, at any of its ports."""

from __future__ import annotations

import grpc
import httpx
import pytest
from google.cloud.run_v2 import ListServicesRequest, ListServicesResponse, Service

from deploy_lib.local_cloud.emulator.wire.visitors import refused
from tests.cloud import LocalCloud
from tests.local_cloud.emulator.run.bench import RunBench, template
from tests.waits import WITHIN

HERE = ("127.0.0.1:8080", "localhost", "LOCALHOST:1", "localhost.:80", "[::1]:9", "shop.localhost:80", "127.0.0.1")
ELSEWHERE = (
    "evil.example", "evil.example:8080", "127.0.0.1.evil.example", "localhost.evil.example", "evil-localhost",
    "127.0.0.2", "0.0.0.0:80", "[::2]", "127.0.0.1@evil.example", "", "127.0.0.1:80:80", "[", "xn--lcalhost-v4a",
    "10.0.0.1",
)  # fmt: skip
FOREIGN = (
    {"Host": "evil.example"},
    {"Origin": "http://evil.example", "Content-Type": "text/plain"},
    {"Origin": "null", "Content-Type": "application/x-www-form-urlencoded"},
    {"Host": "evil.example", "Origin": "http://evil.example"},
)
FAULT = '[{"method": "storage.buckets.list", "code": "UNAVAILABLE"}]'


@pytest.mark.fast
@pytest.mark.parametrize("host", HERE)
def test_the_names_of_this_machine(host: str) -> None:
    assert refused([host], [f"http://{host}"]) is None


@pytest.mark.fast
@pytest.mark.parametrize("host", ELSEWHERE)
def test_every_other_name(host: str) -> None:
    assert "loopback only" in (refused([host]) or "")
    assert "web pages" in (refused(["localhost"], [f"http://{host}"]) or "")
    assert refused(["localhost", host]), "the second of two counts as well"


@pytest.mark.parametrize("headers", FOREIGN)
def test_a_web_page_changes_and_reads_nothing(cloud: LocalCloud, headers: dict[str, str]) -> None:
    asked = (
        ("POST", f"{cloud.http}/_local/faults", FAULT),
        ("GET", f"{cloud.http}/_local/calls", None),
        ("GET", f"{cloud.http}/storage/v1/b?project=p", None),
        ("GET", f"http://{cloud.registry}/v2/", None),
        ("GET", f"{cloud.http}/nowhere", None),
    )
    for verb, url, body in asked:
        answer = httpx.request(verb, url, content=body, headers=headers, trust_env=False)
        assert (answer.status_code, "the local cloud" in answer.text) == (403, True), f"{verb} {url}: {answer.text}"
        assert "access-control-allow-origin" not in answer.headers
    assert cloud.fired() == []


@pytest.mark.parametrize("headers", FOREIGN)
def test_a_web_page_reaches_no_service(bench: RunBench, headers: dict[str, str]) -> None:
    name = f"page-{FOREIGN.index(headers)}"
    service = bench.deploy(name, Service(template=template(f"{name}-a")))
    before = len(bench.told.requests)
    assert bench.http.get(service.uri, headers=headers).status_code == 403
    assert bench.http.get(service.uri, headers={"Upgrade": "websocket", **headers}).status_code == 403
    assert len(bench.told.requests) == before
    assert bench.http.get(service.uri).status_code == 200


def test_grpc_looks_at_the_name_it_is_called_by(cloud: LocalCloud) -> None:
    def services(authority: str) -> object:
        options = [("grpc.enable_http_proxy", 0), ("grpc.default_authority", authority)]
        with grpc.insecure_channel(cloud.grpc, options=options) as channel:
            ask = channel.unary_unary(
                "/google.cloud.run.v2.Services/ListServices",
                ListServicesRequest.serialize,
                ListServicesResponse.deserialize,
            )
            return ask(ListServicesRequest(parent="projects/nobody/locations/r"), timeout=WITHIN)

    assert services("localhost:1") is not None
    with pytest.raises(grpc.RpcError) as told:
        services("evil.example")
    assert told.value.code() is grpc.StatusCode.PERMISSION_DENIED
    assert "loopback only" in told.value.details()
