"""Applies scripted faults to every gRPC method and HTTP handler, and records every call."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from aiohttp import web
from google.rpc.error_details_pb2 import RetryInfo

from ..profile.gate import Gate
from ..wire.caller import note_caller
from ..wire.codec import reader, writer
from ..wire.etags import must_count
from ..wire.method import Method, RpcRefusal
from ..wire.status import HTTP_STATUS
from .calls import CallLog
from .fault import WITH_ETAG, Fault
from .fault_queue import FaultQueue
from .stale import Memory, is_read

Serve = Callable[[web.Request], Awaitable[web.StreamResponse]]


class FaultMiddleware:
    def __init__(self, queue: FaultQueue, calls: CallLog, gate: Gate) -> None:
        """`gate` is what every call passes first."""
        self._queue = queue
        self._calls = calls
        self._gate = gate
        self._memory = Memory()

    def row(self, method: Method) -> Method:
        """The same row, with faults and a record of every call."""
        name = method.path.removeprefix("/")
        return replace(method, answer=lambda request: self._recorded(name, method, request))

    def route(self, name: str, serve: Serve) -> Serve:
        """The same for a handler of the HTTP port; a stale answer is for gRPC alone."""

        async def answer(request: web.Request) -> web.StreamResponse:
            started = self._calls.clock()
            fault = self._queue.meet(name)
            status = 500
            try:
                await asyncio.sleep(self._gate.profile.call_seconds)
                response = self._refused(name, request) or await self._served(fault, serve, request)
                status = response.status
                return response
            finally:
                self._calls.record(name, started, str(status), fault=fault is not None)

        return answer

    def _recorded(self, name: str, method: Method, request: Any) -> Any:
        started = self._calls.clock()
        question = writer(method.request)(request)
        stale = self._memory.before_last_write(name, question) if is_read(name) else None
        fault = self._queue.meet(name, stale_known=stale is not None)
        code = "OK"
        try:
            return self._answer(name, method, request, question, fault, stale)
        except RpcRefusal as refusal:
            code = refusal.code
            raise
        except Exception:
            code = "INTERNAL"
            raise
        finally:
            self._calls.record(name, started, code, fault=fault is not None)

    def _answer(
        self, name: str, method: Method, request: Any, question: bytes, fault: Fault | None, stale: bytes | None
    ) -> Any:
        self._gate.admit(name, request)
        if fault is not None and not fault.after:
            self._queue.wait(fault.delay)
            if fault.code:
                raise _refusal(fault)
            if stale is not None and fault.stale:
                return reader(method.response)(stale)
        ignored = not self._gate.profile.enforce_etags or (fault is not None and fault.etag_ignored)
        if ignored and not must_count():
            request = _without_etag(name, request)
        answer = method.answer(request)
        if is_read(name):
            self._memory.answered(name, question, writer(method.response)(answer))
        else:
            self._memory.wrote(name)
        if fault is not None and fault.after:
            self._queue.wait(fault.delay)
            if fault.code:
                raise _refusal(fault)
        return answer

    def _refused(self, name: str, request: web.Request) -> web.Response | None:
        note_caller((key.lower(), value) for key, value in request.headers.items())
        why = self._gate.refusal(name, "bucket" if ".buckets." in name else "object")
        if why is None:
            return None
        error = {"code": 403, "message": why, "errors": [{"message": why, "domain": "global", "reason": "forbidden"}]}
        return web.json_response({"error": error}, status=403)

    async def _served(self, fault: Fault | None, serve: Serve, request: web.Request) -> web.StreamResponse:
        if fault is None:
            return await serve(request)
        if not fault.after:
            await asyncio.sleep(fault.delay)
            return _http_refusal(fault) if fault.code else await serve(request)
        response = await serve(request)
        await asyncio.sleep(fault.delay)
        return _http_refusal(fault) if fault.code else response


def _without_etag(name: str, request: Any) -> Any:
    """A request to Cloud Run v2 that no version stands in the way of, as the real one takes it in a published test."""
    if name not in WITH_ETAG:
        return request
    copy = type(request)(request)
    within = {"UpdateService": "service", "UpdateJob": "job"}.get(name.rpartition("/")[2])
    (getattr(copy, within) if within else copy).etag = ""
    return copy


def _refusal(fault: Fault) -> RpcRefusal:
    details = []
    if fault.retry_delay is not None:
        info = RetryInfo()
        info.retry_delay.FromNanoseconds(round(fault.retry_delay * 1e9))
        details.append(info)
    return RpcRefusal(fault.code, _message(fault), tuple(details))


def _http_refusal(fault: Fault) -> web.Response:
    status = HTTP_STATUS.get(fault.code, 500)
    error = {"code": status, "message": _message(fault), "errors": [{"message": _message(fault), "reason": "fault"}]}
    headers = {"Retry-After": str(round(fault.retry_delay))} if fault.retry_delay is not None else {}
    return web.json_response({"error": error}, status=status, headers=headers)


def _message(fault: Fault) -> str:
    return fault.message or f"a scripted fault answers {fault.code} for {fault.method}"
