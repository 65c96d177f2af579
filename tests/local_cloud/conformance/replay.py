"""Sends recorded requests to the local cloud with Google's official clients, and compares what comes back over time:
at once after a write, while it is carried out, and after its end."""

from __future__ import annotations

import importlib
import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import grpc
from google.api_core import exceptions
from google.iam.v1 import iam_policy_pb2
from google.longrunning.operations_pb2 import GetOperationRequest
from google.protobuf.json_format import MessageToDict, ParseDict

from tests.local_cloud.conformance import comparison, recording
from tests.local_cloud.conformance.comparison import Bindings, Field
from tests.local_cloud.conformance.recording import Exchange
from tests.local_cloud.emulator import clients
from tests.waits import until

_CLIENTS: dict[str, Any] = {
    "services": clients.services,
    "revisions": clients.revisions,
    "executions": clients.executions,
    "tasks": clients.tasks,
    "secret_manager_service": clients.secrets,
    "jobs": clients.jobs,
    "cloud_build": clients.builds,
}
_TYPES = {
    "services": "google.cloud.run_v2.types",
    "revisions": "google.cloud.run_v2.types",
    "secret_manager_service": "google.cloud.secretmanager_v1.types",
    "jobs": "google.cloud.run_v2.types",
    "executions": "google.cloud.run_v2.types",
    "tasks": "google.cloud.run_v2.types",
    "cloud_build": "google.cloud.devtools.cloudbuild_v1.types",
}


class Replay:
    """One recording, from its first exchange to its last."""

    def __init__(self, channel: grpc.Channel) -> None:
        self._channel = channel
        self.bindings = Bindings()
        self._answers: defaultdict[str, list[tuple[Any, Any]]] = defaultdict(list)  # by the name of the resource

    def fields(self, exchanges: list[Exchange]) -> Iterator[tuple[Exchange, Field]]:
        for exchange in exchanges:
            status, answer = self._ask(exchange)
            yield exchange, Field("status", exchange.status, status, exchange.status == status)
            if exchange.status < 400 and status < 400 and not exchange.partial:
                resource = exchange.answer.get("metadata", exchange.answer)
                self._answers[resource.get("name", "")].append((exchange.answer, answer))
            if exchange.partial or (exchange.status < 400 and status < 400):
                for field in comparison.compare(exchange.answer, answer, self.bindings, partial=exchange.partial):
                    yield exchange, field

    def unordered(self) -> list[str]:
        """Times that came in another order than the recorded ones."""
        return [problem for answers in self._answers.values() for problem in comparison.unordered(answers)]

    def _ask(self, recorded: Exchange) -> tuple[int, dict[str, Any]]:
        url, body = self.bindings.as_ours(recorded.url), self.bindings.as_ours(recorded.body)
        exchange = Exchange(recorded.method, url, body, recorded.status, recorded.answer)
        try:
            if exchange.is_poll:
                return 200, self._poll(exchange)
            service, rpc, wanted = recording.call_of(exchange)
            request = _request(service, rpc)
            ParseDict(wanted, type(request).pb(request) if hasattr(type(request), "pb") else request)
            call = getattr(_CLIENTS[service](self._channel), _snake(rpc))
            return 200, _as_json(call(request=request), exchange.integers)
        except exceptions.GoogleAPICallError as error:
            code, grpc_code = int(error.code or 0), error.grpc_status_code
            told = {"code": code, "message": error.message, "status": grpc_code.name if grpc_code else ""}
            return code, {"error": told}

    def _poll(self, exchange: Exchange) -> dict[str, Any]:
        """Once while the recorded operation was under way, else until ours is over."""
        client = clients.services(self._channel)
        name = re.split(r"/v[12]/", exchange.url)[-1].partition("?")[0].removesuffix(":wait")

        def look() -> dict[str, Any]:
            return _as_json(client.get_operation(GetOperationRequest(name=name)), exchange.integers)

        if not exchange.answer.get("done"):
            return look()
        return dict(until(lambda: (found := look()).get("done") and found))


def _request(service: str, rpc: str) -> Any:
    """An empty one; those about policies are shared by all APIs."""
    kind = f"{rpc}Request"
    return getattr(importlib.import_module(_TYPES[service]), kind, getattr(iam_policy_pb2, kind, None))()


def _snake(rpc: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in rpc).lstrip("_")


def _as_json(answer: Any, integers: bool) -> dict[str, Any]:
    """As Google writes it over REST: what is unset is left out."""
    if answer is None:
        return {}
    answer = next(iter(answer.pages)) if hasattr(answer, "pages") else answer
    message = getattr(answer, "operation", answer)
    message = type(message).pb(message) if hasattr(type(message), "pb") else message
    return dict(MessageToDict(message, use_integers_for_enums=integers))
