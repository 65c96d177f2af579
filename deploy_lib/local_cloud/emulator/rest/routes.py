"""Serves RPCs as HTTP and JSON.

Each runs in a thread of its own, as over gRPC, so a call that waits holds up no other. What is not served is refused
with its name, as there.
"""

from __future__ import annotations

import asyncio
import sys
import traceback
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor

from aiohttp import web

from ...worker import explain
from ..wire.caller import note_caller
from ..wire.http import Serve
from ..wire.method import Method, RpcRefusal
from .payload import answer_json, message_of, refusal_json
from .rules import Rule, rules

_THREADS = 64


class RestApi:
    """May be asked from one event loop. `close` waits for nobody."""

    def __init__(self, methods: Iterable[Method], hosts: Mapping[str, Serve]) -> None:
        """`hosts` are those whose paths are not of RPCs, with what answers there."""
        self._hosts = hosts
        self._methods = {method.path.removeprefix("/"): method for method in methods}
        self._rules: list[Rule] = []
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="rest")

    def routes(self) -> list[web.RouteDef]:
        """The last ones of a server: they take whatever no other took."""
        return [web.route("*", "/{path:.*}", self._transcode)]

    async def answering(self, request: web.Request, work: Callable[[], str]) -> web.Response:
        """The JSON that `work` gives, in a thread and for the request's caller; its RpcRefusal as Google's error."""
        headers = [(name.lower(), value) for name, value in request.headers.items()]

        def run() -> str:
            note_caller(headers)
            return work()

        try:
            text = await asyncio.get_running_loop().run_in_executor(self._pool, run)
        except RpcRefusal as refusal:
            return _refused(refusal)
        except Exception as error:
            print(f"{request.method} {request.path} failed:\n{traceback.format_exc()}", file=sys.stderr, flush=True)
            return _refused(RpcRefusal("INTERNAL", explain(error)))
        return web.Response(text=text, content_type="application/json")

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _transcode(self, request: web.Request) -> web.StreamResponse:
        if elsewhere := self._hosts.get(request.host):
            return await elsewhere(request)
        body = await request.read()
        path, query = request.rel_url.raw_path, list(request.query.items())
        return await self.answering(request, lambda: self._answer(request.method, path, query, body))

    def _answer(self, verb: str, path: str, query: list[tuple[str, str]], body: bytes) -> str:
        found, variables = self._find(verb, path)
        method = self._methods.get(found.rpc)
        if method is None:
            raise RpcRefusal("UNIMPLEMENTED", f"the local cloud does not serve the method {found.rpc}")
        message = message_of(method.request, found.body, variables, query, body)
        answer = method.answer(method.request.wrap(message) if hasattr(method.request, "wrap") else message)
        return answer_json(answer, numbers=("$alt", "json;enum-encoding=int") in query)

    def _find(self, verb: str, path: str) -> tuple[Rule, dict[str, str]]:
        """The first that is served, or else the first that is known."""
        self._rules = self._rules or sorted(rules(), key=lambda rule: rule.rpc not in self._methods)
        for rule in self._rules:
            variables = rule.match(verb, path)
            if variables is not None:
                return rule, variables
        raise RpcRefusal("UNIMPLEMENTED", f"the local cloud does not serve the method {verb} {path}")


def _refused(refusal: RpcRefusal) -> web.Response:
    status, error = refusal_json(refusal)
    return web.json_response(error, status=status)
