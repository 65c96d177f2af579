"""Serves methods over gRPC on loopback.

Whatever goes wrong in an answer reaches the client as a status: a refusal with its own code, anything else as
INTERNAL with the traceback on standard error. A client that waits for ever would hide the fault.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NoReturn

import grpc

from .caller import note_caller
from .codec import reader, writer
from .method import Method, RpcRefusal
from .ports import HOST, PortInUse
from .status import to_status
from .visitors import refused

_THREADS = 64  # slow faults and cancelled builds hold one each
_LARGEST = 64 * 1024 * 1024  # bytes of one message


class GrpcServer:
    """Serves from the moment it is made until `close`. `port` 0 takes a free one. Raises PortInUse."""

    def __init__(self, methods: Iterable[Method], port: int = 0) -> None:
        # Without so_reuseport off, a second local cloud could share the port and answer half of the calls.
        options = [("grpc.so_reuseport", 0), ("grpc.max_receive_message_length", _LARGEST)]
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="grpc")
        self._server = grpc.server(self._pool, handlers=[_Rows(methods)], options=options)
        try:
            self.port = self._server.add_insecure_port(f"{HOST}:{port}")
        except RuntimeError:
            raise PortInUse(port) from None
        self._server.start()

    @property
    def address(self) -> str:
        return f"{HOST}:{self.port}"

    def close(self, grace: float = 1.0) -> None:
        """Lets calls under way finish for `grace` seconds, then ends them."""
        self._server.stop(grace).wait()
        self._pool.shutdown(wait=False, cancel_futures=True)


class _Rows(grpc.GenericRpcHandler):
    def __init__(self, methods: Iterable[Method]) -> None:
        self._handlers = {method.path: _handler(method) for method in methods}

    def service(self, call: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler:
        return self._handlers.get(call.method) or _unserved(call.method)


def _handler(method: Method) -> grpc.RpcMethodHandler:
    write = writer(method.response)

    def answer(request: Any, context: grpc.ServicerContext) -> Any:
        why = refused([_authority(context)])
        if why is not None:
            context.abort(grpc.StatusCode.PERMISSION_DENIED, why)
        note_caller(context.invocation_metadata() or ())
        try:
            return write(method.answer(request))
        except RpcRefusal as refusal:
            context.abort_with_status(to_status(refusal))
        except Exception as error:
            print(f"{method.path} failed:\n{traceback.format_exc()}", file=sys.stderr, flush=True)
            context.abort(grpc.StatusCode.INTERNAL, f"the local cloud failed to answer {method.path[1:]}: {error!r}")

    handler: grpc.RpcMethodHandler = grpc.unary_unary_rpc_method_handler(answer, reader(method.request))
    return handler


def _authority(context: Any) -> str:
    """The name that the client believes it called: grpc tells it to no one but its own event."""
    host: bytes = context._rpc_event.call_details.host
    return host.decode("ascii", "replace")


def _unserved(path: str) -> grpc.RpcMethodHandler:
    """Streams, so that a streaming client is answered at once too."""

    def refuse(_: Any, context: grpc.ServicerContext) -> NoReturn:
        context.abort(grpc.StatusCode.UNIMPLEMENTED, f"the local cloud does not serve the method {path[1:]}")
        raise AssertionError("abort always raises")

    handler: grpc.RpcMethodHandler = grpc.stream_stream_rpc_method_handler(refuse)
    return handler
