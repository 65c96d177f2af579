"""Access tokens that are good for one call, and an endpoint for them that goes away in the middle of a release."""

from __future__ import annotations

import json
import threading
import urllib.request
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from google.auth._helpers import REFRESH_THRESHOLD

from tests.rehearsal.cli_harness import CliHarness, CommandResult
from tests.rehearsal.clocks import Hurried
from tests.rehearsal.plans import BUILT, REST, stable, when

STEPS = (*BUILT, {"promote": {"percent": 10}}, *REST)
FOR_EVER = 10**9


class TokenEndpoint:
    """STS of the local cloud, asked for a token before each call. `away`: so many requests get no answer."""

    def __init__(self, cloud: str) -> None:
        self.away = self.missed = 0
        endpoint = self

        class Relay(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if endpoint.missed < endpoint.away:
                    endpoint.missed += 1
                    self.close_connection = True
                    return
                kind = {"Content-Type": self.headers["Content-Type"]}
                opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
                with opener.open(urllib.request.Request(f"{cloud}/v1/token", body, kind)) as found:
                    token = json.load(found)
                token["expires_in"] = int(REFRESH_THRESHOLD.total_seconds())
                answer = json.dumps(token).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *words: object) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Relay)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}/v1/token"


@pytest.fixture
def endpoint(harness: CliHarness, tmp_path: Path) -> Iterator[TokenEndpoint]:
    """What the harness's tool gets its tokens from: a federated identity, as in CI."""
    found, file = TokenEndpoint(harness.cloud.http), tmp_path / "credentials.json"
    given = harness.cloud.credentials("federation")
    known = json.loads(Path(given["LOCAL_CLOUD_CREDENTIALS"]).read_text())
    file.write_text(json.dumps({**known, "token_url": found.url}))
    harness.more = {**given, "LOCAL_CLOUD_CREDENTIALS": str(file)}
    yield found
    found.server.shutdown()
    found.server.server_close()


def test_away_for_a_while_it_is_waited_for(harness: CliHarness, endpoint: TokenEndpoint) -> None:
    old = stable(harness)
    result = leaves(harness, endpoint, 4)
    assert (result.code, endpoint.missed) == (0, 4), result.stopped
    assert harness.maps() == [{old: 100}, {old: 90, result.candidate: 10}, {result.candidate: 100}]


def test_away_for_good_it_ends_with_the_reason(harness: CliHarness, endpoint: TokenEndpoint) -> None:
    old, clock = stable(harness), Hurried(300.0, calm=True)
    result = leaves(harness, endpoint, FOR_EVER, clock.hurry, clock=clock)
    assert (result.code, result.stopped["outcome"]) == (3, "held"), result.stopped
    assert "token" in result.stopped["reason"], result.stopped
    assert any(" resume " in each for each in result.stopped["next_commands"])
    assert harness.now == {old: 90, result.candidate: 10}
    endpoint.away = 0
    resumed = harness.command("resume", harness.config(STEPS, {"n": 1}), "--force")
    assert resumed.stopped["serving"] in (f"{old} 100 %", f"{result.candidate} 100 %"), resumed.stopped


def leaves(
    harness: CliHarness,
    endpoint: TokenEndpoint,
    requests: int,
    then: Callable[[], None] = lambda: None,
    **given: object,
) -> CommandResult:
    """A release in which so many requests for tokens get no answer once a tenth of the users is on the candidate."""

    def leave() -> None:
        endpoint.away, endpoint.missed = requests, 0
        then()

    return harness.release(harness.config(STEPS, {"n": 1}), cue=when("promote 10 %", leave), **given)
