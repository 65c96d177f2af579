"""Calls of v1 without their wire."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable
from contextlib import closing
from typing import Any

from aiohttp import StreamReader, web
from aiohttp.base_protocol import BaseProtocol
from aiohttp.test_utils import make_mocked_request

from deploy_lib.local_cloud.emulator.knative.routes import KnativeApi
from deploy_lib.local_cloud.emulator.rest.routes import RestApi
from deploy_lib.local_cloud.emulator.wire.method import Method


def call(methods: Iterable[Method], verb: str, kind: str, body: bytes, name: str = "shop") -> tuple[int, Any]:
    """Of POST, of a new one, or PUT, of the one of that name; `kind` is services or jobs. The status and the answer."""
    return asyncio.run(_call(methods, verb, kind, body, name))


async def _call(methods: Iterable[Method], verb: str, kind: str, body: bytes, name: str) -> tuple[int, Any]:
    end = f"/{kind}/{{name:[^/:]+}}" if verb == "PUT" else f"/{kind}"
    with closing(RestApi((), {})) as rest:
        routes = KnativeApi(methods, lambda project: []).routes(rest)
        route = next(each for each in routes if each.method == verb and each.path.endswith(end))
        content = StreamReader(BaseProtocol(asyncio.get_running_loop()), 2**20)
        content.feed_data(body)
        content.feed_eof()
        where, host = {"project": "p", "name": name}, {"Host": "us-central1-run.googleapis.com"}
        answer = await route.handler(make_mocked_request(verb, "/", headers=host, match_info=where, payload=content))
        assert isinstance(answer, web.Response) and answer.text is not None
        return answer.status, json.loads(answer.text)
