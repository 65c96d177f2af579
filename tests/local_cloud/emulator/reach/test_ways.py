"""The ways out of a container, of which each costs a socket in its network."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from deploy_lib.local_cloud.emulator.reach.reach import MOST_URLS, Reach
from tests.waits import until

PLACE, MANY, NAMED = ("p", "us-central1"), 3 * MOST_URLS, 20_001


class Network:
    """Listens at any port of this machine in place of the one that is asked for."""

    def __init__(self) -> None:
        self.listening: dict[int, socket.socket] = {}

    def listen(self, host: str, port: int) -> socket.socket:
        self.listening[port] = socket.create_server(("127.0.0.1", 0))
        return self.listening[port]

    def open(self) -> list[int]:
        return [port for port, listener in self.listening.items() if listener.fileno() != -1]


@pytest.fixture
def reach() -> Iterator[Reach]:
    reach = Reach()
    yield reach
    reach.close()


def announce(reach: Reach) -> list[int]:
    ports = [20_000 + number for number in range(MANY)]
    for port in ports:
        reach.announce(PLACE, f"shop-{port}", "", port)
    return ports


@pytest.mark.standard
@pytest.mark.parametrize("before", [True, False])
def test_of_many_services_the_newest_and_those_that_its_variables_name(reach: Reach, before: bool) -> None:
    network = Network()
    ports = announce(reach) if before else []
    ways = reach.enter(
        network, PLACE, frozenset({8080}), lambda text: None, [f"http://127.0.0.1:{NAMED}/orders", "8080"]
    )
    ports = ports or announce(reach)
    assert until(lambda: sorted(network.open()) == [NAMED, *ports[-MOST_URLS:]])
    ways.close()
    assert until(lambda: not network.open())


@pytest.mark.parametrize("before", [True, False])
def test_a_url_with_the_port_of_the_container_is_left_to_it(reach: Reach, before: bool) -> None:
    network, told = Network(), list[str]()
    if before:
        reach.announce(PLACE, "shop", "", 8080)
    ways = reach.enter(network, PLACE, frozenset({8080}), told.append, ["http://127.0.0.1:8080/"])
    if not before:
        reach.announce(PLACE, "shop", "", 8080)
    ways.close()
    assert network.listening == {}
    why = "it listens on port 8080 itself, at every address"
    assert told == [f"127.0.0.1:8080 cannot be reached from this container: {why}"]
