"""What docker's build steps get of the host's pip: directories and indexes by way of the loopback, no password."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from deploy_lib.local_cloud.engines.docker_like.index_server import IndexServer, serve_indexes
from deploy_lib.local_cloud.engines.docker_like.package_index import lend_index
from tests.local_cloud.engines.wheel import write_wheel

PASSWORD = "Basic dXNlcjpwQHNz"  # user:p@ss


class Index(BaseHTTPRequestHandler):
    """A page with links of each form, a file beside it, and nothing without the password."""

    def do_GET(self) -> None:
        known = self.headers.get("Authorization") == PASSWORD or self.path.startswith("/files/")
        self.send_response(200 if known else 401)
        kind = "application/zip" if self.path.endswith(".whl") else "text/html; charset=utf-8"
        self.send_header("Content-Type", kind)
        self.end_headers()
        if known:
            self.wfile.write(self.path.encode() if kind != "text/html; charset=utf-8" else PAGE)

    def log_message(self, format: str, *args: object) -> None:
        """Standard error is pytest's."""


PAGE = b"""<a href="../../files/a-1.whl#sha256=1">a</a><a href='/files/b-1.whl'>b</a><a href="x?y=1&amp;z=2">c</a>"""


@pytest.fixture
def index() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Index)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def server() -> IndexServer:
    return serve_indexes(None, None)


def get(url: str) -> str:
    with urlopen(url, timeout=10) as answer:
        text: str = answer.read().decode()
        return text


def test_links_of_an_index_with_a_password_lead_back_here(index: str, server: IndexServer) -> None:
    address = server.offer_index(f"http://user:p%40ss@{index}/simple/")
    assert "p%40ss" not in address
    page = get(f"{address}a/")
    assert f'href="{server.url}/http/{index}/files/a-1.whl#sha256=1"' in page
    assert f"href='{server.url}/http/{index}/files/b-1.whl'" in page
    assert "x?y=1&amp;z=2" in page
    assert get(f"{server.url}/http/{index}/files/b-1.whl") == "/files/b-1.whl"


def test_a_password_for_https_is_not_sent_over_plain_http(index: str, server: IndexServer) -> None:
    server.offer_index(f"https://user:secret@{index}/simple")
    with pytest.raises(HTTPError, match="403"):
        get(f"{server.url}/http/{index}/simple/")


@pytest.mark.parametrize(
    ("path", "code"),
    [("/http/127.0.0.1:9/x", 403), ("/https/example.org/", 403), ("/etc/passwd", 404), ("/directory/etc/passwd", 404)],
)
def test_nothing_else_is_reached(path: str, code: int, server: IndexServer) -> None:
    with pytest.raises(HTTPError) as caught:
        get(server.url + path)
    assert caught.value.code == code
    caught.value.close()


def test_a_way_up_out_of_a_directory_leads_nowhere(tmp_path: Path, server: IndexServer) -> None:
    (tmp_path / "offered").mkdir()
    (tmp_path / "secret").write_text("secret")
    address = server.offer_directory(str(tmp_path / "offered"))
    for way in ("../secret", "%2e%2e/secret", "..%2fsecret"):
        with pytest.raises(HTTPError) as caught:
            get(f"{address}/{way}")
        assert caught.value.code == 404
        caught.value.close()


def test_directories_of_this_host_are_pages_with_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PIP_EXTRA_INDEX_URL", "PIP_CERT", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "simple" / "thing").mkdir(parents=True)
    wheel = write_wheel(tmp_path, "thing")
    (tmp_path / "simple" / "thing" / "index.html").write_text(f'<a href="../../{wheel.name}">thing</a>')
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("PIP_FIND_LINKS", f"{tmp_path} https://packages.example/links")
    monkeypatch.setenv("PIP_INDEX_URL", f"file://{tmp_path}/simple")
    given = dict(lend_index().args)
    index, (links, elsewhere) = given["PIP_INDEX_URL"], given["PIP_FIND_LINKS"].split()
    assert elsewhere == "https://packages.example/links"
    assert wheel.name in get(f"{links}/")
    assert wheel.name in get(f"{index}/thing/")
    with urlopen(f"{index}/../{wheel.name}", timeout=10) as answer:
        assert answer.read() == wheel.read_bytes()


def test_what_a_step_is_given_names_no_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "https://user:p%40ss@packages.example/simple")
    monkeypatch.setenv("PIP_PROXY", "http://user:other@proxy.example:3128")
    given = dict(lend_index().args)
    assert given["PIP_INDEX_URL"].endswith("/https/packages.example/simple")
    assert "p%40ss" not in str(given) and "other" not in str(given)
