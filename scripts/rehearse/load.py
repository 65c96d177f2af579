"""Steady users: a request every few milliseconds, whether or not the one before it was answered.

Sending on a fixed beat, and counting the time from the beat, keeps a stall visible: a generator that waits for
each answer sends least when the service is slowest. No request is sent twice; whatever is not a good answer is a
failed request. Loopback only, and for as long as the `with` block runs.
"""

from __future__ import annotations

import asyncio
import itertools
import threading
import time
from collections.abc import Sequence
from types import TracebackType
from urllib.parse import urlsplit

import httpx

from .request_stats import NO_ANSWER, RequestStats, Sample


class Load:
    """Use it as a context manager; set `phase` whenever the release enters another step.

    `rate` is in requests per second over all paths, which take turns. `timeout` is in seconds.
    """

    def __init__(self, url: str, paths: Sequence[str], *, rate: float = 40.0, timeout: float = 10.0) -> None:
        if urlsplit(url).hostname not in ("127.0.0.1", "localhost", "::1"):
            raise ValueError(f"load is sent to this machine only, not to {url}")
        self.phase = "before"
        self.stats = RequestStats()
        self._url = url
        self._paths = itertools.cycle(paths)
        self._beat = 1.0 / rate
        self._timeout = timeout
        self._begun = self._ended = 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="load", daemon=True)

    @property
    def sent_per_second(self) -> float:
        """What really came out of `rate`, once it has ended."""
        return self.stats.requests / max(self._ended - self._begun, 0.001)

    def __enter__(self) -> Load:
        self._begun = time.monotonic()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._ended = time.monotonic()
        self._thread.join(self._timeout + 5)

    def _run(self) -> None:
        asyncio.run(self._send_all())

    async def _send_all(self) -> None:
        limits = httpx.Limits(max_connections=200, max_keepalive_connections=20)
        client = httpx.AsyncClient(base_url=self._url, timeout=self._timeout, limits=limits, trust_env=False)
        async with client, asyncio.TaskGroup() as requests:
            due = time.monotonic()
            while not self._stop.is_set():
                requests.create_task(self._send(client, next(self._paths), self.phase, due))
                due += self._beat
                await asyncio.sleep(max(0.0, due - time.monotonic()))

    async def _send(self, client: httpx.AsyncClient, path: str, phase: str, due: float) -> None:
        revision, problem = NO_ANSWER, ""
        try:
            response = await client.get(path)
            revision = response.headers.get("x-revision", "unnamed")
            if response.status_code != 200:
                problem = f"{path}: status {response.status_code}"
        except httpx.HTTPError as error:
            problem = f"{path}: {type(error).__name__}"
        self.stats.add(Sample(phase, revision, time.monotonic() - due, problem))
