"""A local cloud for tests: the real process, found by its endpoints.json, controlled over its own HTTP port.

    with LocalCloud(tmp_path, store=shared_store(tmp_path_factory)) as cloud:
        client = run_v2.ServicesClient(transport=ServicesGrpcTransport(channel=cloud.channel()))
        cloud.faults({"method": "google.cloud.run.v2.Services/UpdateService", "code": "UNAVAILABLE"})
        ...
        assert cloud.calls().count("google.devtools.cloudbuild.v1.CloudBuild/CreateBuild") == 1

Most tests take the fixture `cloud` of tests/conftest.py, one process for all tests of a worker: use names of your
own for services, secrets and buckets (`cloud.name("svc")`), and clear the faults you set.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Any

import grpc
import httpx

from tests.waits import WITHIN

ROOT = Path(__file__).resolve().parents[1]
_NUMBER = itertools.count(1)


class LocalCloud:
    """`time_scale` 0.02: Cloud Run's crash loop takes a few tenths of a second, metrics are visible after 3.6 s."""

    def __init__(
        self,
        state: Path,
        *,
        store: Path | None = None,
        time_scale: float = 0.02,
        engine: str | None = "namespaces",
        arguments: Iterable[str] = (),
    ) -> None:
        self.state = state
        self.time_scale = time_scale
        self.command = [sys.executable, "-m", "deploy_lib.local_cloud", "--state", str(state)]
        self.command += ["--time-scale", str(time_scale), "--start-tries", "3", *arguments]
        if store is not None:
            self.command += ["--store", str(store)]
        if engine is not None:
            self.command += ["--engine", engine]
        self.process: subprocess.Popen[bytes] | None = None
        self.grpc = self.http = self.registry = ""
        self._last_call = 0

    def __enter__(self) -> LocalCloud:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, value: object, trace: TracebackType | None) -> None:
        self.stop()

    def start(self) -> None:
        """Returns when it serves; may be called again after `stop` or `kill`, then with the state it had."""
        self.state.mkdir(parents=True, exist_ok=True)
        with self.log_file.open("ab") as log:
            self.process = subprocess.Popen(
                self.command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        found = self._wait_for_endpoints(self.process)
        self._last_call = 0
        self.grpc, self.http, self.registry = found["grpc"], found["http"], found["registry"]

    def stop(self) -> int | None:
        """Asks it to end, as `local down` does; its exit code. None when it does not run."""
        if self.process is None:
            return None
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(WITHIN)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"the local cloud did not end within {WITHIN} s:\n{self.log()}") from None
        finally:
            self.process = None

    def kill(self) -> None:
        """It dies without a chance to clean up."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    @property
    def log_file(self) -> Path:
        return self.state / "local-cloud.log"

    def log(self) -> str:
        """What it said on standard error."""
        return self.log_file.read_text(errors="replace")

    def channel(self) -> grpc.Channel:
        """For any of Google's clients: XTransport(channel=cloud.channel())."""
        return grpc.insecure_channel(self.grpc, options=[("grpc.enable_http_proxy", 0)])

    def name(self, stem: str) -> str:
        """A name no other test uses."""
        return f"{stem}-{os.getpid()}-{next(_NUMBER)}"

    def faults(self, *faults: dict[str, Any]) -> None:
        """Adds faults; deploy_lib/local_cloud/emulator/faults/fault.py has their keys."""
        self._control("POST", "faults", json=list(faults))

    def fired(self) -> list[int]:
        """How often each fault was met, in the order they were set."""
        return [fault["fired"] for fault in self._control("GET", "faults")["faults"]]

    def clear_faults(self) -> None:
        self._control("DELETE", "faults")

    def calls(self, after: int = 0) -> list[str]:
        """The methods called, in order: google.cloud.run.v2.Services/GetService, storage.objects.insert."""
        return [call["method"] for call in self.call_records(after)]

    def call_records(self, after: int = 0) -> list[dict[str, Any]]:
        """With number, at, seconds, code and fault; `after` is the number of the last call already known."""
        found: list[dict[str, Any]] = self._control("GET", f"calls?after={after}")["calls"]
        return found

    def credentials(self, kind: str) -> dict[str, str]:
        """The environment with which the tool uses credentials of that kind; identity/credentials.py has them."""
        found: dict[str, str] = self._control("POST", "credentials", json={"kind": kind})["environment"]
        return found

    def last_call(self) -> int:
        """The number to give to `calls`, so that it tells only what follows."""
        self._last_call = max((call["number"] for call in self.call_records(self._last_call)), default=self._last_call)
        return self._last_call

    def traffic(self, service: str) -> list[dict[str, Any]]:
        """Every map the service really served, oldest first: at, url, shares and tags."""
        found: list[dict[str, Any]] = self._control("GET", f"traffic?service={service}")["traffic"]
        return found

    def _control(self, verb: str, path: str, **kwargs: Any) -> dict[str, Any]:
        address = f"{self.http}/_local/{path}"
        plain = {"trust_env": False, "verify": False}  # no certificates to read
        answer = httpx.request(verb, address, timeout=WITHIN, **plain, **kwargs)
        found: dict[str, Any] = answer.json()
        assert answer.status_code == 200, found
        return found

    def _wait_for_endpoints(self, process: subprocess.Popen[bytes]) -> dict[str, Any]:
        path = self.state / "endpoints.json"
        deadline = time.monotonic() + WITHIN
        while time.monotonic() < deadline:
            with contextlib.suppress(FileNotFoundError):  # one that was killed left its own, and the next removes it
                found: dict[str, Any] = json.loads(path.read_text())
                if found["pid"] == process.pid:
                    return found
            assert process.poll() is None, f"the local cloud did not start:\n{self.log()}"
            time.sleep(0.01)
        self.kill()
        raise AssertionError(f"the local cloud did not start within {WITHIN} s:\n{self.log()}")
