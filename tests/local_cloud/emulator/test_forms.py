"""A body that is no form, at the token endpoints, and one that is no JSON."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from aiohttp import StreamReader, web
from aiohttp.base_protocol import BaseProtocol
from aiohttp.test_utils import make_mocked_request

from deploy_lib.local_cloud.emulator.identity.routes import identity_routes
from deploy_lib.local_cloud.emulator.projects.permissions import permission_routes

MULTIPART, FORM = "multipart/form-data", "application/x-www-form-urlencoded"
ACCOUNT = "/v1/projects/-/serviceAccounts/{account"


def asked(routes: list[web.RouteDef], path: str, kind: str, body: bytes) -> tuple[int, Any]:
    async def ask() -> web.StreamResponse:
        route = next(each for each in routes if each.path.startswith(path))
        content = StreamReader(BaseProtocol(asyncio.get_running_loop()), 2**20)
        content.feed_data(body)
        content.feed_eof()
        where = {"account": "a@b:generateAccessToken", "project": "p"}
        request = make_mocked_request("POST", path, {"Content-Type": kind}, match_info=where, payload=content)
        return await route.handler(request)

    answer = asyncio.run(ask())
    assert isinstance(answer, web.Response) and answer.text is not None
    return answer.status, json.loads(answer.text)


@pytest.mark.fast
@pytest.mark.parametrize("path", ["/token", "/v1/token"])
@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (MULTIPART, b"x"),
        (f"{MULTIPART}; boundary=a", b"x"),
        (f"{MULTIPART}; boundary=a", b'--a\r\nContent-Disposition: form-data; name="x"\r\n'
         b"Content-Transfer-Encoding: none\r\n\r\nx\r\n--a--\r\n"),
        (f"{FORM}; charset=none", b"grant_type=x"),
        (FORM, b"grant_type=\xff"),
        (FORM, b""),
    ],
)  # fmt: skip
def test_no_form_is_an_invalid_request(path: str, kind: str, body: bytes) -> None:
    status, told = asked(identity_routes(None), path, kind, body)
    assert (status, told["error"]) == (400, "invalid_request")


@pytest.mark.fast
@pytest.mark.parametrize("body", [b"{", b"\xff\xfe\xff", b"[" * 100_000])
@pytest.mark.parametrize(
    ("routes", "path"),
    [
        (identity_routes(None), ACCOUNT),
        (permission_routes(None, dict, lambda bucket: True), "/v1/projects/{project"),
    ],
)
def test_no_json_is_an_invalid_argument(routes: list[web.RouteDef], path: str, body: bytes) -> None:
    status, told = asked(routes, path, "application/json; charset=none", body)
    assert (status, told["error"]["status"]) == (400, "INVALID_ARGUMENT")
