"""Requests on their way in: what is carried unchanged, what a switch does to them, what is measured and logged."""

from __future__ import annotations

import asyncio
import collections
import hashlib
import threading
import time
from collections.abc import AsyncIterator, Iterator

import aiohttp
import httpx
import pytest
from google.cloud.run_v2 import Service

from tests.local_cloud.emulator.run.bench import RunBench, named, template
from tests.waits import WITHIN, until


@pytest.fixture(scope="module")
def shop(bench: RunBench) -> Service:
    """Two revisions, all traffic on the first, the second at its tag."""
    service = bench.deploy("door", Service(template=template("door-a"), traffic=[named("door-a", 100)]))
    targets = [named("door-a", 100), named("door-b", 0, "next")]
    update = Service(name=service.name, template=template("door-b"), traffic=targets)
    return bench.served(bench.wait(bench.update(update)))


def test_a_service_has_two_addresses_that_share_its_traffic(bench: RunBench, shop: Service) -> None:
    first, second = shop.urls
    assert (second, first != second) == (shop.uri, True)
    bench.move(shop, named("door-a", 50), named("door-b", 50, "next"))
    answers = [bench.http.get(url).text for url in (first, second) * 2]
    assert collections.Counter(answers) == {"door-a": 2, "door-b": 2}
    bench.move(shop, named("door-a", 100), named("door-b", 0, "next"))


def test_method_path_headers_and_status_go_through(bench: RunBench, shop: Service) -> None:
    assert bench.http.get(f"{shop.uri}/path?a=%2F%20b&c").text == "/path?a=%2F%20b&c"
    seen = bench.http.get(f"{shop.uri}/headers", headers={"X-Own": "1", "X-Forwarded-For": "1.2.3.4"}).json()
    assert seen["Host"] == shop.uri.removeprefix("http://") and seen["X-Own"] == "1"
    assert seen["X-Forwarded-For"] == "1.2.3.4, 127.0.0.1" and seen["X-Forwarded-Proto"] == "http"
    assert "/" in seen["X-Cloud-Trace-Context"] and "Connection" not in seen
    failed = bench.http.get(f"{shop.uri}/fail")
    assert (failed.status_code, failed.text, failed.headers["X-Revision"]) == (500, "no", "door-a")
    head = bench.http.head(shop.uri)
    assert head.headers["Content-Length"] == str(len("door-a")) and head.content == b""


@pytest.mark.parametrize("chunked", [False, True])
def test_a_large_body_arrives_whole(bench: RunBench, shop: Service, chunked: bool) -> None:
    data = b"0123456789abcdef" * 300_000
    pieces: bytes | Iterator[bytes] = iter([data[:1000], data[1000:]]) if chunked else data
    assert bench.http.post(shop.uri, content=pieces).text == f"{len(data)} {hashlib.sha256(data).hexdigest()}"


def test_an_answer_arrives_as_it_is_written(bench: RunBench, shop: Service) -> None:
    with bench.http.stream("GET", f"{shop.uri}/stream?{2 * WITHIN}") as answer:
        assert next(answer.iter_bytes()) == b"0\n", "it would time out if it were held back for what follows"
    assert bench.http.get(f"{shop.uri}/stream?0.01").content == b"0\n1\n2\n"


def test_a_cut_answer_is_cut_for_the_client(bench: RunBench, shop: Service) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        bench.http.get(f"{shop.uri}/cut")


def test_websockets_go_both_ways_with_their_protocol_and_close_code(shop: Service) -> None:
    async def talk() -> None:
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(f"{shop.uri}/ws", protocols=("old", "new"), autoclose=False) as socket,
        ):
            assert socket.protocol == "new"
            for word in ("one", "two"):
                await socket.send_str(word)
                assert (await socket.receive_str(timeout=WITHIN)) == word.upper()
            await socket.close(code=4001)
            assert socket.close_code == 4001

    asyncio.run(talk())


def test_a_refused_websocket_is_refused_as_the_application_says(shop: Service) -> None:
    async def talk() -> int:
        async with aiohttp.ClientSession() as session:
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await session.ws_connect(f"{shop.uri}/fail")
            return refused.value.status

    assert asyncio.run(talk()) == 500


def test_every_request_is_measured_and_logged(bench: RunBench, shop: Service) -> None:
    tag = shop.traffic_statuses[1].uri
    before = len(bench.told.requests)
    bench.http.get(f"{tag}/fail?x", headers={"User-Agent": "tests"})

    def logged() -> list[object]:
        return [record for name, record in bench.told.requests[before:] if name == "door-b"]

    record = until(logged)[0]
    assert (record.method, record.status, record.user_agent, record.remote_ip) == ("GET", 500, "tests", "127.0.0.1")
    assert record.url == f"{tag}/fail?x" and 0 < record.latency < 5 and record.response_size == 2
    assert ("door-b", 500) in bench.told.measured
    assert ("door-b", "requests", "ERROR", "") in bench.told.lines


def test_requests_under_way_end_where_they_began(bench: RunBench) -> None:
    service = bench.deploy("switch", Service(template=template("switch-a"), traffic=[named("switch-a", 100)]))
    slow: list[httpx.Response] = []
    asking = threading.Thread(target=lambda: slow.append(bench.http.get(f"{service.uri}/slow?1")))
    asking.start()
    update = Service(name=service.name, template=template("switch-b"), traffic=[named("switch-b", 100)])
    bench.served(bench.wait(bench.update(update)))
    assert bench.http.get(service.uri).text == "switch-b"
    asking.join()
    assert slow[0].text == "late" and slow[0].headers["X-Revision"] == "switch-a"


def test_no_request_is_lost_while_traffic_moves_to_and_fro(bench: RunBench, shop: Service) -> None:
    """200 requests a second, eight moves; new connections and kept ones."""
    counts: collections.Counter[str] = collections.Counter()
    maps = [(75, 25), (50, 50), (0, 100), (100, 0)] * 2

    async def ask(session: aiohttp.ClientSession) -> None:
        try:
            async with session.get(shop.uri) as answer:
                counts[f"{answer.status} {await answer.text()}"] += 1
        except aiohttp.ClientError as error:
            counts[repr(error)] += 1

    async def ticks(until_set: threading.Event) -> AsyncIterator[None]:
        due = time.monotonic()
        while not until_set.is_set():
            due += 0.005
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            yield

    async def load(done: threading.Event) -> None:
        kept = aiohttp.TCPConnector(limit=0)
        fresh = aiohttp.TCPConnector(limit=0, force_close=True)
        async with (
            aiohttp.ClientSession(connector=kept) as one,
            aiohttp.ClientSession(connector=fresh) as other,
            asyncio.TaskGroup() as group,
        ):
            turn = 0
            async for _ in ticks(done):
                turn += 1
                group.create_task(ask(one if turn % 2 else other))

    done = threading.Event()
    asking = threading.Thread(target=lambda: asyncio.run(load(done)))
    asking.start()
    try:
        for first, second in maps:
            bench.move(shop, named("door-a", first), named("door-b", second, "next"))
            done.wait(0.25)
    finally:
        done.set()
        asking.join()
    assert set(counts) == {"200 door-a", "200 door-b"} and sum(counts.values()) > 200
