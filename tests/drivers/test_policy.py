"""What is repeated, for how long, and how long the pauses are."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import google.oauth2.credentials
import grpc
import pytest
from google.api_core import exceptions
from google.auth.exceptions import OAuthError, RefreshError, TransportError
from google.auth.transport.grpc import AuthMetadataPlugin
from google.auth.transport.requests import Request
from google.cloud import run_v2
from google.protobuf.duration_pb2 import Duration
from google.rpc.error_details_pb2 import ErrorInfo, RetryInfo

from deploy_lib.drivers.call_budget import Budgets
from deploy_lib.drivers.clients import Clients
from deploy_lib.drivers.clock import SystemClock
from deploy_lib.drivers.endpoints import Endpoints
from deploy_lib.drivers.errors import ApiError, code_of
from deploy_lib.drivers.interface import Interrupted
from deploy_lib.drivers.policy import POLICIES, Calls
from deploy_lib.drivers.polling import polls
from deploy_lib.drivers.services.api import RunApi
from deploy_lib.drivers.status_code import StatusCode
from deploy_lib.drivers.token_failures import is_of_token
from deploy_lib.model.program import PROGRAM
from tests.drivers.clocks import FakeClock

LOCAL = Endpoints("127.0.0.1:1", "http://127.0.0.1:2", "127.0.0.1:3")
UNREACHABLE = exceptions.ServiceUnavailable("failed to connect to all addresses; last error: Connection refused")


def _failing(*errors: Exception) -> Callable[[], str]:
    left = list(errors)

    def effect() -> str:
        if left:
            raise left.pop(0)
        return "done"

    return effect


def _for_ever(error: Exception) -> Callable[[], str]:
    def effect() -> str:
        raise error

    return effect


def _calls(clock: FakeClock) -> Calls:
    return Calls(Clients(LOCAL, "p-staging"), clock)


@pytest.mark.parametrize(
    "error",
    [
        exceptions.ServiceUnavailable("x"),
        exceptions.DeadlineExceeded("x"),
        exceptions.InternalServerError("x"),
        exceptions.Aborted("x"),
        exceptions.ResourceExhausted("x"),
    ],
)
def test_reads_are_repeated(error: Exception) -> None:
    assert _calls(FakeClock()).make("get_service", _failing(error, error), "read") == "done"


@pytest.mark.parametrize(
    "error",
    [exceptions.PermissionDenied("x"), exceptions.NotFound("x"), exceptions.InvalidArgument("x"), ValueError("x")],
)
def test_what_will_not_pass_is_not_repeated(error: Exception) -> None:
    clock = FakeClock()
    with pytest.raises(ApiError):
        _calls(clock).make("get_service", _failing(error), "read")
    assert clock.slept == []


@pytest.mark.parametrize("name", ["update_service", "replace_service", "create_service", "create_build"])
def test_writes_that_may_have_happened_are_not_repeated(name: str) -> None:
    for error in (exceptions.ServiceUnavailable("x"), exceptions.DeadlineExceeded("x"), exceptions.Aborted("x")):
        with pytest.raises(ApiError) as raised:
            _calls(FakeClock()).make(name, _failing(error), "write")
        assert raised.value.maybe_done is (raised.value.code != "ABORTED")
    assert _calls(FakeClock()).make(name, _failing(UNREACHABLE), "write") == "done"


PLUGIN = "Getting metadata from plugin failed with error: "
BROKEN = (
    "HTTPSConnectionPool(host='oauth2.googleapis.com', port=443): Max retries exceeded with url: /token (Caused by "
)


@pytest.mark.parametrize("name", ["get_service", "get_object", "create_build", "create_service"])
@pytest.mark.parametrize(
    "error",
    [
        TransportError(f'{BROKEN}NameResolutionError("Temporary failure in name resolution"))'),
        TransportError("('Connection aborted.', RemoteDisconnected('Remote end closed connection without response'))"),
        RefreshError("internal_failure: x", {"error": "internal_failure"}, retryable=True),
        exceptions.ServiceUnavailable(f'{PLUGIN}{BROKEN}NameResolutionError("Temporary failure in name resolution"))'),
        exceptions.ServiceUnavailable(f"{PLUGIN}HTTPSConnectionPool(host='sts.googleapis.com', port=443): Read timed"),
        exceptions.ServiceUnavailable(f"{PLUGIN}('internal_failure: x', {{'error': 'internal_failure'}})"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_token_that_did_not_come_is_asked_for_again_before_reads_and_writes(name: str, error: Exception) -> None:
    """As the call itself was not sent."""
    assert Calls(Clients(Endpoints(), "p-staging"), FakeClock()).make(name, _failing(error, error), "ask") == "done"


@pytest.mark.parametrize(
    "error",
    [
        RefreshError("invalid_grant: Token has been expired or revoked.", {"error": "invalid_grant"}),
        RefreshError("Reauthentication is needed. Please run `gcloud auth application-default login`"),
        OAuthError("Error code invalid_target: x"),
        exceptions.ServiceUnavailable(f"{PLUGIN}('invalid_grant: Bad Request', {{'error': 'invalid_grant'}})"),
        exceptions.ServiceUnavailable(
            f"{PLUGIN}('Unable to acquire impersonated', '\"status\": \"PERMISSION_DENIED\"')"
        ),
        exceptions.ServiceUnavailable(f"{PLUGIN}File '/var/run/token' was not found."),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_token_that_is_refused_is_not(error: Exception) -> None:
    clock = FakeClock()
    with pytest.raises(ApiError, match="did not accept the credentials"):
        _calls(clock).make("get_service", _for_ever(error), "read")
    assert clock.slept == []


AWAY = TransportError(f'{BROKEN}NewConnectionError("Connection refused"))')


@pytest.mark.parametrize("local", [True, False])
@pytest.mark.parametrize(
    ("name", "answered", "gone", "least", "most"),
    [
        ("get_service", True, 35.0, 35.0, 45.0),
        ("get_build", True, 100.0, 100.0, 110.0),
        ("put_lease", True, None, 110.0, 120.0),
        ("get_service", False, None, 20.0, 30.0),
        ("replace_service", True, None, 0.0, 5.0),
        ("list_log_entries", True, None, 10.0, 20.0),
    ],
)
def test_a_token_that_was_had_before_is_waited_for(
    local: bool, name: str, answered: bool, gone: float | None, least: float, most: float
) -> None:
    """Its endpoint is away for `gone` seconds, None: for ever. A local cloud that is there is not taken for dead."""
    clock = FakeClock()
    calls = Calls(Clients(LOCAL if local else Endpoints(), "p-staging"), clock)
    if answered:
        calls.make(name, lambda: "done", "ask")

    def effect() -> str:
        if gone is None or clock.monotonic() < gone:
            raise AWAY
        return "done"

    if gone is None:
        with pytest.raises(ApiError) as ended:
            calls.make(name, effect, "ask")
        assert ended.value.of_token
    else:
        assert calls.make(name, effect, "ask") == "done"
    assert least <= clock.monotonic() <= most


def test_grpc_tells_a_token_endpoint_that_is_away_in_words_that_are_known() -> None:
    """Its real plugin, over google-auth's real login."""
    login: Callable[..., Any] = google.oauth2.credentials.Credentials
    away = login(None, refresh_token="r", token_uri="http://127.0.0.1:1/token", client_id="i", client_secret="s")
    plugin = grpc.metadata_call_credentials(AuthMetadataPlugin(away, Request()))
    credentials = grpc.composite_channel_credentials(grpc.local_channel_credentials(), plugin)
    server = grpc.server(ThreadPoolExecutor(1))
    port = server.add_secure_port("127.0.0.1:0", grpc.local_server_credentials())
    server.start()
    with grpc.secure_channel(f"localhost:{port}", credentials) as channel, pytest.raises(grpc.RpcError) as failed:
        channel.unary_unary("/x/Y")(b"", timeout=10)
    server.stop(0)
    told = exceptions.from_grpc_error(failed.value)
    assert isinstance(told, exceptions.ServiceUnavailable) and is_of_token(told)
    assert code_of(told) is StatusCode.UNSENT


def test_it_ends_within_its_total() -> None:
    clock = FakeClock()
    with pytest.raises(ApiError):
        _calls(clock).make("get_service", _for_ever(exceptions.ServiceUnavailable("x")), "read")
    assert POLICIES["get_service"].total - 6 < clock.monotonic() <= POLICIES["get_service"].total


CHANGES = ("update_service", "replace_service")
PER_MINUTE = "Quota exceeded for quota metric 'Read requests' and limit 'Read requests per minute per region'"
BY_THE_MINUTE = ErrorInfo(reason="RATE_LIMIT_EXCEEDED", domain="googleapis.com")


@pytest.mark.parametrize(
    ("error", "waits"),
    [
        (exceptions.ResourceExhausted(PER_MINUTE), 90.0),
        (exceptions.ResourceExhausted("Quota exceeded", details=[BY_THE_MINUTE]), 90.0),
        (exceptions.ResourceExhausted("x", details=[RetryInfo(retry_delay=Duration(seconds=15))]), 90.0),
        (exceptions.ResourceExhausted("CpuAllocPerProjectRegion requested: 60000 allowed: 20000"), 30.0),
        (exceptions.ServiceUnavailable("x"), 30.0),
    ],
)
@pytest.mark.parametrize("name", ["get_revision", "create_service", "update_service", "replace_service"])
def test_a_quota_by_the_minute_is_waited_out(name: str, error: Exception, waits: float) -> None:
    """But for a change of a service, which rests on what was read before: ServiceWriter reads again."""
    clock = FakeClock()
    with pytest.raises(ApiError):
        _calls(clock).make(name, _for_ever(error), "ask")
    lost = isinstance(error, exceptions.ServiceUnavailable)
    written_once = name in CHANGES or (name == "create_service" and lost)
    assert (0.0 if written_once else waits - 6) <= clock.monotonic() <= (0.0 if written_once else waits)


def test_what_was_refused_to_one_service_is_not_asked_by_another_at_once() -> None:
    clients, clock = Clients(LOCAL, "p-staging"), FakeClock()
    info = RetryInfo(retry_delay=Duration(seconds=1))
    refused = exceptions.ResourceExhausted(PER_MINUTE, details=[info])
    one, other = Calls(clients, clock), Calls(clients, clock)
    with pytest.raises(ApiError):
        one.make("update_service", _failing(exceptions.ResourceExhausted(PER_MINUTE)), "write")
    since = clock.monotonic()
    assert other.make("create_service", lambda: "done", "write") == "done"
    assert clock.monotonic() - since == 10.0
    other.wait_to_write()
    assert clock.monotonic() - since == 10.0
    assert one.make("create_service", _failing(refused), "write") == "done"
    assert clock.monotonic() - since <= 12.0, "Google's own delay comes first"


def test_a_dead_local_cloud_is_not_waited_for() -> None:
    clock = FakeClock()
    with pytest.raises(ApiError, match="the local cloud at 127.0.0.1:1 does not answer") as raised:  # noqa: RUF043
        _calls(clock).make("get_service", _for_ever(UNREACHABLE), "read the service x")
    assert raised.value.remedy == "start it with: python3 scripts/deploy_to_gcp.py local up"
    assert clock.monotonic() <= 2.0


def test_the_servers_own_delay_is_kept() -> None:
    info = RetryInfo(retry_delay=Duration(seconds=7))
    clock = FakeClock()
    _calls(clock).make("get_service", _failing(exceptions.ResourceExhausted("x", details=[info])), "read")
    assert clock.slept == [7.0]


def test_an_interruption_ends_the_wait() -> None:
    with pytest.raises(Interrupted):
        _calls(FakeClock(stop_after=1)).make("get_service", _for_ever(exceptions.ServiceUnavailable("x")), "read")


def test_polls_notice_soon_and_grow_gently() -> None:
    clock = FakeClock()
    seen = list(polls(clock, 300))
    assert seen[0] == 0.0
    assert seen[-1] >= 300
    assert max(pause for pause, at in zip(clock.slept, seen, strict=False) if at <= 25) <= 0.5
    assert max(clock.slept) <= 2.0
    assert len(list(polls(FakeClock(), 0))) == 1


def test_a_service_just_created_is_waited_for_where_it_is_not_shown_yet() -> None:
    """As its first release would else take it for deleted."""
    path = "projects/p/locations/r/services/s"
    made = run_v2.Service(name=path, update_time=datetime(2026, 3, 2, 12, tzinfo=UTC))
    absent = exceptions.NotFound("x")
    shown = iter([absent, absent, absent, made])

    def get_service(**asked: object) -> run_v2.Service:
        found = next(shown)
        if isinstance(found, Exception):
            raise found
        return found

    begun = SimpleNamespace(metadata=made, operation=SimpleNamespace(name="operations/1"))
    services = SimpleNamespace(create_service=lambda **asked: begun, get_service=get_service)
    common = {
        "endpoints": LOCAL,
        "budgets": Budgets(),
        "project": "p",
        "principal": None,
        "program": PROGRAM,
        "counted_in": None,
    }
    clients = SimpleNamespace(services=services, **common)
    api = RunApi(Calls(clients, FakeClock()))  # type: ignore[arg-type]
    api.create(path, run_v2.Service())
    assert api.service(path) == made


def test_nothing_listens_at_the_address() -> None:
    """With the real client and the real clock."""
    clients, clock = Clients(LOCAL, "p-staging"), SystemClock()
    began = clock.monotonic()
    with pytest.raises(ApiError, match="does not answer"):
        RunApi(Calls(clients, clock)).service("projects/p/locations/r/services/s")
    assert clock.monotonic() - began < 29, "not the 30 s that a real cloud is given"
    clients.close()
