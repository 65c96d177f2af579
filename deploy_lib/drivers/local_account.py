"""Says to the local cloud who makes each call: it has no accounts, and tells creator and lastModifier from this."""

from __future__ import annotations

from typing import Any

import grpc

from deploy_lib.drivers.endpoints import LOCAL_ACCOUNT

_HEADER = "x-local-account"


def signed(channel: grpc.Channel, account: str = LOCAL_ACCOUNT) -> grpc.Channel:
    """The channel, with that account on every call."""
    intercepted: grpc.Channel = grpc.intercept_channel(channel, _Signing(account))
    return intercepted


class _Signing(grpc.UnaryUnaryClientInterceptor):
    def __init__(self, account: str) -> None:
        self._account = account

    def intercept_unary_unary(self, continuation: Any, details: Any, request: Any) -> Any:
        return continuation(_Details(details, self._account), request)


class _Details(grpc.ClientCallDetails):
    def __init__(self, of: Any, account: str) -> None:
        self.method, self.timeout, self.credentials = of.method, of.timeout, of.credentials
        self.wait_for_ready, self.compression = of.wait_for_ready, of.compression
        self.metadata = [*(of.metadata or ()), (_HEADER, account)]
