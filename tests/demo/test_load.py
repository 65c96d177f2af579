"""The load generator against a small real server: every failure is counted, a stall shows, the beat is kept."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from aiohttp import web
from rehearse.load import Load
from rehearse.request_stats import NO_ANSWER

from tests.waits import until


@dataclass
class Shop:
    """A server on loopback whose behaviour a test may change while it runs."""

    url: str = ""
    revision: str = "v1"
    status: int = 200
    gate: threading.Event = field(default_factory=threading.Event)

    async def answer(self, request: web.Request) -> web.Response:
        while not self.gate.is_set():
            await asyncio.sleep(0.005)
        if self.status == 0 and request.transport:
            request.transport.abort()
        return web.Response(status=self.status or 200, headers={"x-revision": self.revision})


@pytest.fixture
def shop() -> Iterator[Shop]:
    made = Shop()
    made.gate.set()
    loop = asyncio.new_event_loop()

    async def serve() -> web.AppRunner:
        app = web.Application()
        app.router.add_get("/{any:.*}", made.answer)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        made.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        return runner

    runner = loop.run_until_complete(serve())
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    yield made
    asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


def test_counts_by_phase_and_revision(shop: Shop) -> None:
    with Load(shop.url, ["/a", "/b"], rate=200) as load:
        until(lambda: load.stats.requests >= 20)
        shop.revision, load.phase = "v2", "promote"
        until(lambda: any(sample.phase == "promote" for sample in load.stats.samples))
    first, second = load.stats.rows()
    assert (first.phase, first.failures) == ("before", 0)
    assert "v1" in first.shares, "the last ones sent before may be answered after the change"
    assert (second.phase, second.failures, second.shares) == ("promote", 0, {"v2": 100})


@pytest.mark.parametrize(("status", "problem"), [(500, "/a: status 500"), (404, "/a: status 404")])
def test_an_answer_that_is_not_200_is_a_failure_of_its_revision(shop: Shop, status: int, problem: str) -> None:
    shop.status = status
    with Load(shop.url, ["/a"], rate=200) as load:
        until(lambda: load.stats.failures >= 3)
    assert set(load.stats.problems()) == {f"{problem} from v1"}
    assert load.stats.failures == load.stats.requests


def test_a_broken_connection_is_a_failure_and_is_not_tried_again(shop: Shop) -> None:
    shop.status = 0
    with Load(shop.url, ["/a"], rate=100) as load:
        until(lambda: load.stats.failures >= 3)
    assert all(sample.revision == NO_ANSWER for sample in load.stats.samples)
    assert load.stats.failures == load.stats.requests


def test_a_stall_does_not_stop_the_beat_and_shows_in_the_times(shop: Shop) -> None:
    with Load(shop.url, ["/a"], rate=100) as load:
        until(lambda: load.stats.requests >= 5)
        shop.gate.clear()
        before = load.stats.requests
        begun = time.monotonic()
        until(lambda: time.monotonic() - begun > 0.3)
        shop.gate.set()
        until(lambda: load.stats.requests >= before + 25)
    assert load.stats.rows()[0].slowest > 0.25
    assert load.stats.failures == 0


def test_load_is_sent_to_this_machine_only() -> None:
    with pytest.raises(ValueError, match="this machine only"):
        Load("http://shop.example/", ["/"])
