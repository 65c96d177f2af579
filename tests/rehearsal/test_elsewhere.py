"""A service that is asked where the YAML says, as behind a load balancer, and nowhere else."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx

from tests.rehearsal.cli_harness import CliHarness
from tests.rehearsal.other_client import OtherClient
from tests.rehearsal.plans import BUILT, REST, compare, stable

PROBE = {"probe": {"need": 2, "every": "20ms"}}


@contextmanager
def balancer(harness: CliHarness) -> Iterator[str]:
    """Its base URL: /main leads to the service, /TAG to the tag's revision, with a header of its own."""

    class Forwards(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name, _, path = self.path.removeprefix("/").partition("/")
            service = OtherClient(harness).read()
            urls = {each.tag: each.uri for each in service.traffic_statuses} | {"main": service.uri}
            headers = {"user-agent": self.headers["user-agent"], "x-balancer": name}
            answer = httpx.get(f"{urls[name]}/{path}", headers=headers, trust_env=False)
            self.send_response(answer.status_code)
            self.send_header("content-length", str(len(answer.content)))
            self.send_header("x-revision", answer.headers["x-revision"])
            self.end_headers()
            self.wfile.write(answer.content)

        def log_message(self, *words: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Forwards)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_it_is_asked_there_and_nowhere_else(harness: CliHarness) -> None:
    stable(harness)
    with balancer(harness) as url:
        places = {"url": f"{url}/main", "candidate_url": f"{url}/{{tag}}"}
        entry = harness.entry(harness.service, {"number": 2}, **places)
        result = harness.release(harness.config((*BUILT, PROBE, compare("1s"), *REST), services={"backend": entry}))
    assert result.code == 0, result.errors
    seen = httpx.get(f"{harness.url()}/seen", trust_env=False).json()["seen"]
    ours = [headers.get("x-balancer") for headers in seen if headers["user-agent"] == "deploy-to-gcp"]
    assert len(ours) > 5 and set(ours) == {"canary", "main"}
    assert result.of_type("judged")[-1]["release"]["url"] == f"{url}/main"
