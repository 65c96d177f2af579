"""Serves package directories of this host, and package indexes with the host's certificates and passwords.

On the loopback only. A directory is served when it was offered, a host is asked when it was offered or when a page of
an index links to it, and a password goes to no other host than its own.
"""

from __future__ import annotations

import html
import os
import re
import shutil
import ssl
from base64 import b64encode
from functools import cache
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import cast
from urllib.error import HTTPError, URLError
from urllib.parse import unquote, urljoin, urlsplit
from urllib.request import HTTPSHandler, ProxyHandler, Request, build_opener

from ...worker import start_worker

_FIRST_PORT = 20000
_PATIENCE = 60.0  # seconds for an index to answer
_LINK = re.compile(r"""(href\s*=\s*)(["'])(.*?)\2""", re.IGNORECASE)


@cache
def serve_indexes(certificates: str | None, proxy: str | None) -> IndexServer:
    """One for each of these, until the process ends. Its port is the usual one where free, for the layer cache."""
    try:
        server = IndexServer(_FIRST_PORT + os.getuid() % 10000, certificates, proxy)
    except OSError:
        server = IndexServer(0, certificates, proxy)
    start_worker(server.serve_forever, "package-index", lambda error: server.server_close())
    return server


class IndexServer(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, port: int, certificates: str | None, proxy: str | None) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.directories: set[str] = set()
        self.passwords: dict[str, str] = {}  # by scheme and host, of all that may be asked
        context = ssl.create_default_context(cafile=certificates)
        proxies = ProxyHandler({"http": proxy, "https": proxy} if proxy else None)
        self._opener = build_opener(HTTPSHandler(context=context), proxies)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def offer_directory(self, path: str) -> str:
        """The URL that stands for a directory of this host."""
        self.directories.add(path)
        return f"{self.url}/directory{path}"

    def offer_index(self, word: str) -> str:
        """The URL that stands for an index or a page of links; other words come back as they are."""
        parts = urlsplit(word)
        if parts.scheme not in ("http", "https") or word.startswith(self.url):
            return word
        name, _, host = parts.netloc.rpartition("@")
        place = f"{parts.scheme}://{host}"
        self.passwords[place] = name or self.passwords.get(place, "")
        return f"{self.url}/{parts.scheme}/{host}{parts.path}"

    def open(self, scheme: str, host: str, path: str):  # type: ignore[no-untyped-def]
        """The answer of an index. Raises HTTPError, URLError or OSError."""
        request = Request(f"{scheme}://{host}/{path}", headers={"Accept": "text/html, */*;q=0.5"})
        if password := self.passwords[f"{scheme}://{host}"]:
            whole = password if ":" in password else f"{password}:"  # a token alone, as pip sends it
            named = b64encode(unquote(whole).encode()).decode()
            request.add_unredirected_header("Authorization", f"Basic {named}")
        return self._opener.open(request, timeout=_PATIENCE)

    def lead(self, page: str, base: str) -> str:
        """A page whose links lead through this server."""

        def replace(match: re.Match[str]) -> str:
            target = urljoin(base, html.unescape(match[3]))
            parts = urlsplit(target)
            if parts.scheme not in ("http", "https"):
                return match[0]
            self.passwords.setdefault(f"{parts.scheme}://{parts.netloc}", "")
            address = target.replace(f"{parts.scheme}://", f"{self.url}/{parts.scheme}/", 1)
            return f"{match[1]}{match[2]}{html.escape(address)}{match[2]}"

        return _LINK.sub(replace, page)


class _Handler(SimpleHTTPRequestHandler):
    def do_GET(self) -> None:
        scheme, host, path = ([*self.path.lstrip("/").split("/", 2), "", ""])[:3]
        server = cast(IndexServer, self.server)
        if scheme not in ("http", "https"):
            super().do_GET()
            return
        if f"{scheme}://{host}" not in server.passwords:
            self.send_error(403, "no index links to that host")
            return
        try:
            with server.open(scheme, host, path) as answer:
                self._pass_on(server, answer)
        except HTTPError as error:
            self.send_error(error.code, error.reason)
        except (URLError, OSError) as error:
            self.send_error(502, f"{host} did not answer: {getattr(error, 'reason', error)}")

    def _pass_on(self, server: IndexServer, answer) -> None:  # type: ignore[no-untyped-def]
        kind = answer.headers.get("Content-Type", "application/octet-stream")
        page = None
        if kind.startswith("text/html"):
            page = server.lead(answer.read().decode(errors="replace"), answer.geturl()).encode()
        self.send_response(200)
        self.send_header("Content-Type", kind)
        length = answer.headers.get("Content-Length") if page is None else len(page)
        if length is not None:
            self.send_header("Content-Length", str(length))
        self.end_headers()
        if page is None:
            shutil.copyfileobj(answer, self.wfile)
        else:
            self.wfile.write(page)

    def translate_path(self, path: str) -> str:
        """The file of an offered directory; the empty path, which is not a file, for everything else."""
        wanted = os.path.normpath(unquote(urlsplit(path).path).removeprefix("/directory"))
        offered = cast(IndexServer, self.server).directories
        inside = any(wanted == each or wanted.startswith(f"{each}/") for each in offered)
        return wanted + ("/" if path.endswith("/") else "") if inside else ""

    def log_message(self, format: str, *args: object) -> None:
        """Standard error is the caller's."""
