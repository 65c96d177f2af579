"""The gRPC server: every call is answered, and only on loopback."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Event
from typing import Any

import grpc
import pytest
from google.longrunning.operations_pb2 import GetOperationRequest, Operation, WaitOperationRequest
from google.rpc.error_details_pb2 import ErrorInfo
from grpc_status import rpc_status

from deploy_lib.local_cloud.emulator.wire.http import HttpServer
from deploy_lib.local_cloud.emulator.wire.method import Method, RpcRefusal
from deploy_lib.local_cloud.emulator.wire.operations import operation_methods
from deploy_lib.local_cloud.emulator.wire.ports import PortInUse
from deploy_lib.local_cloud.emulator.wire.server import GrpcServer
from tests.waits import WITHIN

_PATH = "/google.longrunning.Operations/GetOperation"


def answer(request: GetOperationRequest) -> Operation:
    match request.name:
        case "refused":
            info = ErrorInfo(reason="SERVICE_DISABLED", domain="googleapis.com", metadata={"service": "run"})
            raise RpcRefusal("PERMISSION_DENIED", "the API is off", (info,))
        case "broken":
            raise LookupError("no such key")
        case "strange":
            return None  # type: ignore[return-value]
    return Operation(name=request.name, done=True)


@pytest.fixture(scope="module")
def server() -> Iterator[GrpcServer]:
    server = GrpcServer([Method(_PATH, GetOperationRequest, Operation, answer)])
    yield server
    server.close()


@pytest.fixture(scope="module")
def channel(server: GrpcServer) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(server.address, options=[("grpc.enable_http_proxy", 0)]) as channel:
        yield channel


def call(channel: grpc.Channel, path: str, name: str) -> Any:
    ask = channel.unary_unary(path, GetOperationRequest.SerializeToString, Operation.FromString)
    return ask(GetOperationRequest(name=name), timeout=WITHIN)


def test_a_row_answers(channel: grpc.Channel) -> None:
    assert call(channel, _PATH, "fine").name == "fine"


def test_a_refusal_keeps_its_code_its_words_and_its_details(channel: grpc.Channel) -> None:
    with pytest.raises(grpc.RpcError) as refused:
        call(channel, _PATH, "refused")
    status = rpc_status.from_call(refused.value)
    assert (refused.value.code(), status.message) == (grpc.StatusCode.PERMISSION_DENIED, "the API is off")
    info = ErrorInfo()
    assert status.details[0].Unpack(info) and info.metadata["service"] == "run"


@pytest.mark.parametrize("name", ["broken", "strange"])
def test_a_fault_of_our_own_is_told_and_never_hangs(
    channel: grpc.Channel, name: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(grpc.RpcError) as refused:
        call(channel, _PATH, name)
    assert refused.value.code() is grpc.StatusCode.INTERNAL
    assert "google.longrunning.Operations/GetOperation" in refused.value.details()
    assert f"{_PATH} failed" in capfd.readouterr().err


def test_an_unknown_method_is_named(channel: grpc.Channel) -> None:
    with pytest.raises(grpc.RpcError) as refused:
        call(channel, "/google.cloud.run.v2.Jobs/RunJob", "x")
    assert refused.value.code() is grpc.StatusCode.UNIMPLEMENTED
    assert "google.cloud.run.v2.Jobs/RunJob" in refused.value.details()
    stream = channel.stream_stream("/google.logging.v2.LoggingServiceV2/TailLogEntries")(iter([b""]), timeout=WITHIN)
    with pytest.raises(grpc.RpcError, match="TailLogEntries"):
        next(stream)


def test_two_servers_never_share_a_port(server: GrpcServer) -> None:
    with pytest.raises(PortInUse, match=f"port {server.port} on 127.0.0.1 is in use"):
        GrpcServer([], server.port)
    http = HttpServer([])
    try:
        with pytest.raises(PortInUse, match=str(http.port)):
            HttpServer([], http.port)
    finally:
        http.close()


def test_an_operation_is_looked_for_in_every_service_and_waited_for() -> None:
    asked = []

    def slow(name: str) -> Operation | None:
        asked.append(name)
        return Operation(name=name, done=len(asked) > 2) if name == "slow" else None

    rows = {row.path.rpartition("/")[2]: row for row in operation_methods([lambda name: None, slow], [], Event().wait)}
    assert rows["WaitOperation"].answer(WaitOperationRequest(name="slow")).done
    with pytest.raises(RpcRefusal, match="other"):
        rows["GetOperation"].answer(GetOperationRequest(name="other"))


def test_waiting_ends_with_the_time_asked_for() -> None:
    wait = {
        row.path.rpartition("/")[2]: row
        for row in operation_methods([lambda name: Operation(name=name)], [], Event().wait)
    }
    request = WaitOperationRequest(name="never")
    request.timeout.FromMilliseconds(60)
    assert not wait["WaitOperation"].answer(request).done
