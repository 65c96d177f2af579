"""A service of the standard library alone that behaves as its variables say, so that a story needs no new image.

BEHAVE is JSON: fail_every (each n-th /work answers 500), slow (seconds before /work answers), exit_at_start (code),
crash_after (requests, then the process ends), port (listens there instead), address, start_after (seconds), late
(listens once it is asked to end), import (a module, before anything else), health (status), health_says (status in its
body), health_slow (seconds), wrong (what is wrong with a path, as `misbehave` knows it). /seen tells the headers of
every request so far. With only_in (a region) it is so where the variable REGION says that.
"""

from __future__ import annotations

import importlib
import itertools
import json
import os
import signal
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from app.parts.words import GREETING

TOLD = json.loads(os.environ.get("BEHAVE", "{}"))
BEHAVE = TOLD if TOLD.get("only_in") in (None, os.environ.get("REGION")) else {}
SAYS = Path(__file__).with_name("says.txt")
REVISION = os.environ.get("K_REVISION", "none")
WORK = itertools.count(1)
ALL = itertools.count(1)
LOCK = threading.Lock()
SEEN: list[dict[str, str]] = []


class Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        with LOCK:
            served = next(ALL)
            SEEN.append({name.lower(): value for name, value in self.headers.items()})
        if BEHAVE.get("crash_after", 1 << 60) < served:
            print("giving up", file=sys.stderr, flush=True)
            os._exit(3)
        if self.path in BEHAVE.get("wrong", {}):
            self.misbehave(BEHAVE["wrong"][self.path])
        elif self.path == "/seen":
            self.say(200, {"seen": SEEN})
        elif self.path.startswith("/work"):
            self.work()
        elif self.path.startswith("/health"):
            time.sleep(BEHAVE.get("health_slow", 0))
            self.say(BEHAVE.get("health", 200), {"status": BEHAVE.get("health_says", "ok"), "revision": REVISION})
        else:
            self.say(404, {"error": "nothing here"})

    def work(self) -> None:
        with LOCK:
            number = next(WORK)
        time.sleep(BEHAVE.get("slow", 0))
        every = BEHAVE.get("fail_every")
        if every and number % every == 0:
            self.say(500, {"error": "this one failed"})
        else:
            self.say(200, {"said": GREETING, "number": number})

    def misbehave(self, kind: str) -> None:
        """5xx, 429, 400, 404, 403, redirect (to a login), slow, very slow, cut body, no answer."""
        statuses = {
            "5xx": 500,
            "429": 429,
            "400": 400,
            "404": 404,
            "403": 403,
            "redirect": 302,
            "cut body": 200,
        }
        time.sleep({"slow": 3, "very slow": 6, "no answer": 30}.get(kind, 0))
        self.say(statuses.get(kind, 200), {"wrong": kind}, cut=kind == "cut body")
        self.close_connection = True

    def say(self, status: int, body: dict[str, object], *, cut: bool = False) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data) + cut))
        self.send_header("x-revision", REVISION)
        if 300 <= status < 400:
            self.send_header("location", f"{self.path}/" if status != 302 else "/login")
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *words: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    request_queue_size = 256
    daemon_threads = True


def main() -> None:
    if "late" in BEHAVE:  # before anything may ask it to end
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    if "import" in BEHAVE:
        importlib.import_module(BEHAVE["import"])
    if SAYS.exists():
        print(SAYS.read_text(encoding="utf-8"), file=sys.stderr, flush=True)
    if "exit_at_start" in BEHAVE:
        print("no use going on", file=sys.stderr)
        sys.exit(BEHAVE["exit_at_start"])
    time.sleep(BEHAVE.get("start_after", 0))
    if "late" in BEHAVE:
        signal.sigwait({signal.SIGTERM})
    port = BEHAVE.get("port") or int(os.environ["PORT"])
    address = BEHAVE.get("address", "0.0.0.0")
    print(f"Listening on http://{address}:{port}", file=sys.stderr, flush=True)
    Server((address, port), Answers).serve_forever()


if __name__ == "__main__":
    main()
