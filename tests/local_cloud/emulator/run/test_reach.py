"""What a container reaches: the addresses that were named and the other services, and nothing else."""

from __future__ import annotations

import socket
import socketserver
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from google.cloud.run_v2 import Service

from deploy_lib.local_cloud.emulator.reach.targets import parse_target
from deploy_lib.local_cloud.engines.model import Engine
from tests.local_cloud.emulator.run.bench import RunBench, template
from tests.waits import until


class Shouting(socketserver.StreamRequestHandler):
    """Answers the first line that it gets in capitals."""

    def handle(self) -> None:
        self.wfile.write(self.rfile.readline().upper())


@pytest.fixture(scope="module")
def outside() -> Iterator[int]:
    """The port of a server of this machine that no container knows."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Shouting) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


@pytest.fixture(scope="module")
def silent() -> Iterator[int]:
    """A port where nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


@pytest.fixture(scope="module")
def reaching(
    engine: Engine, subject: str, tmp_path_factory: pytest.TempPathFactory, outside: int, silent: int
) -> Iterator[RunBench]:
    written = (f"127.0.0.1:{outside}", f"localhost:{silent}", f"127.0.0.1:{silent}", "shop")
    reach = [parse_target(text) for text in written]
    bench = RunBench(engine, subject, tmp_path_factory.mktemp("reach"), reach=reach)
    yield bench
    bench.close()


@pytest.fixture(scope="module")
def asker(reaching: RunBench) -> str:
    """The URL of a service that was there before the other."""
    return reaching.deploy("asker", Service(template=template("asker-1"))).uri


@pytest.fixture(scope="module")
def shop(reaching: RunBench, asker: str) -> str:
    return reaching.deploy("shop", Service(template=template("shop-1"))).uri


def asked(bench: RunBench, service: str, address: str) -> tuple[int, str]:
    answer = bench.http.get(f"{service}/connect?{address}")
    return answer.status_code, answer.text


def test_a_named_address_is_found_where_it_is_outside(reaching: RunBench, asker: str, outside: int) -> None:
    assert asked(reaching, asker, f"127.0.0.1:{outside}") == (200, "GET /PATH HTTP/1.0\r\n")


def test_nothing_else_is_reached(reaching: RunBench, bench: RunBench, asker: str, outside: int) -> None:
    """`bench` is another Cloud Run, where nothing was named."""
    assert asked(reaching, asker, f"127.0.0.1:{outside - 1}") == (502, "[Errno 111] Connection refused")
    assert asked(reaching, asker, "192.0.2.1:80") == (502, "[Errno 101] Network is unreachable")
    other = bench.deploy("closed", Service(template=template("closed-1"))).uri
    assert asked(bench, other, f"127.0.0.1:{outside}") == (502, "[Errno 111] Connection refused")


def test_another_service_by_its_url_and_by_its_name(reaching: RunBench, asker: str, shop: str) -> None:
    """Also one that was made when the asking container ran already, and from the new one back."""
    for service, address in ((asker, shop), (shop, asker), (asker, "http://shop:80")):
        status, text = asked(reaching, service, address.removeprefix("http://"))
        assert (status, text.splitlines()[0], text.splitlines()[-1]) == (200, "HTTP/1.0 200 OK", "/path")


def test_where_nobody_listens_the_log_says_so(reaching: RunBench, asker: str, silent: int) -> None:
    assert asked(reaching, asker, f"127.0.0.1:{silent}")[0] == 502
    said = f"127.0.0.1:{silent} could not be reached: "
    assert until(lambda: [line for line in reaching.told.of("asker-1", "system") if line.startswith(said)])


def test_the_port_of_the_container_itself_stays_its_own(engine: Engine, subject: str, tmp_path: Path) -> None:
    bench = RunBench(engine, subject, tmp_path, reach=[parse_target("127.0.0.1:8080"), parse_target("10.1.2.3:8080")])
    bench.deploy("busy", Service(template=template("busy-1")))
    lines = [line for line in bench.told.of("busy-1", "system") if "reached" in line]
    bench.close()
    why = "cannot be reached from this container: it listens on port 8080 itself, at every address"
    assert lines == [f"127.0.0.1:8080 {why}", f"10.1.2.3:8080 {why}"]
