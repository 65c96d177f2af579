"""Serves routes over HTTP on loopback, from a thread with its own event loop.

Every request is answered: one from a web page with 403, one whose handler fails with 500 and the reason, both in the
form of the service that is asked.
"""

from __future__ import annotations

import asyncio
import ssl
import sys
import traceback
from collections.abc import Awaitable, Callable, Iterable

from aiohttp import web
from aiohttp.typedefs import Middleware

from ...worker import explain, start_worker, unheard
from .ports import HOST, PortInUse
from .visitors import refused

_CLOSES_WITHIN = 5.0  # seconds
_LARGEST = 64 * 1024 * 1024  # bytes of a body that is read as a whole


Serve = Callable[[web.Request], Awaitable[web.StreamResponse]]
Form = Callable[[int, str], object]
"""A status and a message as the JSON that a client of the service expects."""


def google_error(status: int, message: str) -> object:
    """https://cloud.google.com/storage/docs/json_api/v1/status-codes, the form of an error."""
    reason = {403: "forbidden"}.get(status, "backendError")
    return {"error": {"code": status, "message": message, "errors": [{"message": message, "reason": reason}]}}


def registry_error(status: int, message: str) -> object:
    """https://github.com/opencontainers/distribution-spec/blob/main/spec.md#error-codes"""
    return {"errors": [{"code": "DENIED" if status == 403 else "UNKNOWN", "message": message}]}


class HttpServer:
    """Serves from the moment it is made until `close`. `port` 0 takes a free one. Raises PortInUse."""

    def __init__(self, routes: Iterable[web.RouteDef], port: int = 0, form: Form = google_error) -> None:
        app = web.Application(middlewares=[_answering(form)], client_max_size=_LARGEST)
        app.add_routes(routes)
        # A client that hangs on a response must not hold up the end of the local cloud.
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        self._loop = asyncio.new_event_loop()
        try:
            self._loop.run_until_complete(self._start(port))
        except OSError:
            self._loop.run_until_complete(self._runner.cleanup())
            self._loop.close()
            raise PortInUse(port) from None
        self.port = int(self._runner.addresses[0][1])
        self._thread = start_worker(self._run, f"http-{self.port}", unheard)

    @property
    def address(self) -> str:
        return f"{HOST}:{self.port}"

    def serve_tls(self, context: ssl.SSLContext) -> int:
        """Serves the same routes on another port as well, for Google's names too; the port."""
        site = web.TCPSite(self._runner, HOST, 0, ssl_context=context)
        asyncio.run_coroutine_threadsafe(site.start(), self._loop).result()
        return int(self._runner.addresses[-1][1])

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_CLOSES_WITHIN)

    async def _start(self, port: int) -> None:
        await self._runner.setup()
        await web.TCPSite(self._runner, HOST, port).start()

    def _run(self) -> None:
        self._loop.run_forever()
        self._loop.run_until_complete(self._runner.cleanup())
        self._loop.close()


def _is_googles(host: str) -> bool:
    return host.removesuffix(":443").endswith(".googleapis.com")


def _answering(form: Form) -> Middleware:
    @web.middleware
    async def answer(request: web.Request, handler: Serve) -> web.StreamResponse:
        # Google's names over TLS are gcloud's: no browser trusts the certificate.
        hosts = [host for host in request.headers.getall("Host", []) if not (request.secure and _is_googles(host))]
        why = refused(hosts, request.headers.getall("Origin", []))
        if why is not None:
            return web.json_response(form(403, why), status=403)
        try:
            return await handler(request)
        except (web.HTTPException, ConnectionError):  # an answer, or nobody who waits for one
            raise
        except Exception as error:
            print(f"{request.method} {request.path} failed:\n{traceback.format_exc()}", file=sys.stderr, flush=True)
            return web.json_response(form(500, explain(error)), status=500)

    return answer
