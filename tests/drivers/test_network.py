"""One variable for the certificates to trust and one for the proxy, whichever library speaks."""

from __future__ import annotations

import json
import os
import ssl
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import certifi
import grpc
import pytest
from aiohttp import web

from deploy_lib.drivers.interface import DriverError
from deploy_lib.drivers.network import shared_settings
from deploy_lib.local_cloud.emulator.gcloud.certificate import Certificate
from deploy_lib.local_cloud.emulator.gcloud.proxy import ConnectProxy
from deploy_lib.local_cloud.emulator.wire.http import HttpServer
from tests.waits import WITHIN

CA = certifi.where()
SSL, REQUESTS, GRPC = "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH"


@pytest.mark.parametrize(
    ("environ", "added"),
    [
        ({}, {}),
        ({SSL: CA}, {REQUESTS: CA, GRPC: CA}),
        ({REQUESTS: CA}, {SSL: CA, GRPC: CA}),
        ({"CURL_CA_BUNDLE": CA}, {SSL: CA, REQUESTS: CA, GRPC: CA}),
        ({GRPC: CA, SSL: ""}, {SSL: CA, REQUESTS: CA}),
        ({SSL: CA, REQUESTS: "/of/its/own.pem", GRPC: "/another.pem"}, {}),
        ({"HTTPS_PROXY": "http://proxy:3128"}, {"grpc_proxy": "http://proxy:3128"}),
        ({"https_proxy": "proxy:3128"}, {"grpc_proxy": "http://proxy:3128"}),
        ({"ALL_PROXY": "http://u:p@proxy:1"}, {"grpc_proxy": "http://u:p@proxy:1"}),
        (
            {"HTTPS_PROXY": "http://proxy:3128", "NO_PROXY": "internal,.example.com"},
            {"grpc_proxy": "http://proxy:3128", "no_grpc_proxy": "internal,.example.com"},
        ),
        ({"grpc_proxy": "http://own:1", "HTTPS_PROXY": "http://p:2"}, {"grpc_proxy": "http://own:1"}),
        ({"NO_PROXY": "internal"}, {}),
        ({"https_proxy": "http://p:1", "ALL_PROXY": "https://q:2", "HTTP_PROXY": "r:3"}, {"grpc_proxy": "http://p:1"}),
        ({"http_proxy": "http://p:1", "HTTP_PROXY": "socks://q:2"}, {}),
    ],
)
def test_what_one_library_is_told_the_others_are_told_too(environ: dict[str, str], added: dict[str, str]) -> None:
    assert shared_settings(environ) == added


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({SSL: "/nonexistent.pem"}, ("SSL_CERT_FILE names /nonexistent.pem", "No such file")),
        ({REQUESTS: __file__}, (f"REQUESTS_CA_BUNDLE names {__file__}", "no certificate in PEM")),
        ({SSL: "/"}, ("SSL_CERT_FILE names /,",)),
        ({"HTTPS_PROXY": "socks5://proxy:1080"}, ("HTTPS_PROXY does not name a proxy", "http://host:port")),
        ({"https_proxy": "https://proxy"}, ("https_proxy does not name a proxy",)),
        ({"all_proxy": "http://"}, ("all_proxy does not name a proxy",)),
        ({"HTTPS_PROXY": "http://proxy:port"}, ("HTTPS_PROXY does not name a proxy",)),
        ({"HTTPS_PROXY": "http://[proxy"}, ("HTTPS_PROXY does not name a proxy",)),
        ({"https_proxy": "http://p:1", "all_proxy": "socks://q:2"}, ("all_proxy does not name a proxy",)),
        ({"grpc_proxy": "http://p:1", "HTTPS_PROXY": "socks5://q:2"}, ("HTTPS_PROXY does not name a proxy",)),
        ({"HTTP_PROXY": "socks5://q:2"}, ("HTTP_PROXY does not name a proxy", "httpx")),
    ],
)
def test_what_no_library_could_use_is_refused_at_once(environ: dict[str, str], words: tuple[str, ...]) -> None:
    with pytest.raises(DriverError) as refused:
        shared_settings(environ)
    for word in words:
        assert word in refused.value.reason
    assert refused.value.remedy


ASK = """
import os, sys
from deploy_lib.drivers.network import shared_settings
os.environ.update(shared_settings(os.environ))
import grpc, httpx, json, requests
url = "https://run.googleapis.com/token"
seen = [httpx.get(url).text, requests.get(url).text]
with grpc.secure_channel("logging.googleapis.com:443", grpc.ssl_channel_credentials()) as channel:
    seen.append(channel.unary_unary("/x/Y")(b"", timeout=10).decode())
print(json.dumps(seen))
"""


@dataclass
class Company:
    """A network whose proxy alone leads out, and which signs every connection itself."""

    proxy: str
    certificate: Path


@pytest.fixture
def company(tmp_path: Path) -> Iterator[Company]:
    """The proxy leads to the one server in turn with TLS over HTTP, and with gRPC's."""
    certificate = Certificate(tmp_path)
    certificate.make()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.load(context)

    async def answer(_: web.Request) -> web.Response:
        return web.Response(text="http")

    pair = [(certificate.key().encode(), certificate.path.read_bytes())]
    calls = grpc.server(ThreadPoolExecutor(1))
    handler = grpc.unary_unary_rpc_method_handler(lambda request, context: b"grpc")
    calls.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("x", {"Y": handler}),))
    over_tls = calls.add_secure_port("127.0.0.1:0", grpc.ssl_server_credentials(pair))
    calls.start()
    with closing(HttpServer([web.get("/token", answer)])) as server:
        ways = iter([*[server.serve_tls(context)] * 2, over_tls])
        with closing(ConnectProxy(lambda: ("127.0.0.1", next(ways)))) as proxy:
            yield Company(f"http://{proxy.address}", certificate.path)
    calls.stop(0)


@pytest.mark.slow
def test_all_three_go_through_a_proxy_that_signs_by_itself(company: Company) -> None:
    env = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "PYTHONPATH": str(Path.cwd())}
    env |= {"HTTPS_PROXY": company.proxy, SSL: str(company.certificate)}
    done = subprocess.run([sys.executable, "-c", ASK], env=env, capture_output=True, text=True, timeout=WITHIN)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == ["http", "http", "grpc"]
