"""What the local cloud adds: its own start, a revision's start beside that of its process, and its front door."""

from __future__ import annotations

import json
import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dev
import httpx
import yaml

from .bench_figures import ROOT, Bench, Figure, below, compared, median
from .command import Command, Unexpected
from .configuration import SERVICE
from .repository import Repository
from .workspace import EXAMPLE

STARTS, REQUESTS = 3, 300
STEPS: tuple[dict[str, Any], ...] = ({"build": {"timeout": "5m"}}, {"canary": {}}, {"promote": {"percent": 100}})
NAME = f"projects/{SERVICE['project']}/locations/{SERVICE['region']}/services/netra-backend"
_WITHIN = 60.0  # seconds
_LOOK = 0.005


def figures(bench: Bench) -> Iterator[Figure]:
    place = bench.place / "cloud"
    place.mkdir()
    yield below("the local cloud, from its command to the first call", median(lambda: _start_up(place), STARTS), 0.7)
    with _example(place) as cloud:
        packages = _packages(place)
        by_hand = median(lambda: _by_hand(packages), STARTS)
        revision = statistics.median(_revision(cloud, number) for number in range(STARTS))
        yield compared("revision", by_hand, revision)
        yield from _front_door(cloud, packages)


def _start_up(place: Path) -> float:
    state = place / f"state-{time.monotonic_ns()}"
    command = [sys.executable, "-m", "deploy_lib.local_cloud", "--state", str(state), "--engine", "namespaces"]
    # As installed programs run: compiled once, where this shell may have switched that off.
    compiled = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    begun = time.perf_counter()
    with subprocess.Popen(command, cwd=ROOT, env=compiled, stderr=subprocess.DEVNULL) as process:
        try:
            _until((state / "endpoints.json").exists, process)
            return time.perf_counter() - begun
        finally:
            process.terminate()


@contextmanager
def _example(place: Path) -> Iterator[str]:
    """The example, released; gives the base URL of the local cloud's APIs."""
    state, config = place / "state", place / "config.yaml"
    state.mkdir()
    config.write_text(yaml.safe_dump({**SERVICE, "steps": list(STEPS)}, sort_keys=False), encoding="utf-8")
    command = Command(state)
    with command.local_cloud():
        run = command.release(config, Repository.copied_from(EXAMPLE, place / "shop").root, lambda event: None)
        if run.code:
            raise Unexpected(f"the example's release ended with {run.code}: {run.errors}")
        yield str(json.loads((state / "local-cloud" / "endpoints.json").read_text())["http"])


def _packages(place: Path) -> Path:
    """The example's dependencies, as its Dockerfile installs them."""
    target = place / "packages"
    words = ["-m", "pip", "install", "--quiet", "--target", str(target), "-r", str(EXAMPLE / "requirements.txt")]
    done = subprocess.run([dev.base_python(), *words], capture_output=True, text=True)  # .venv has no pip
    if done.returncode:
        raise Unexpected(f"the example's packages cannot be installed: {done.stderr.strip()}")
    # Compiled, as pip leaves them in the image.
    subprocess.run([sys.executable, "-m", "compileall", "-q", str(target)], capture_output=True)
    return target


@contextmanager
def _running(packages: Path) -> Iterator[tuple[str, float]]:
    """The example's process without the local cloud: its URL, and the seconds to its first answer."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    words = ["-m", "uvicorn", "shop_backend.main:app", "--host", "127.0.0.1", "--port", str(port), "--no-access-log"]
    own = {"PYTHONPATH": str(packages), "PORT": str(port), "ENVIRONMENT": "rehearsal", "K_REVISION": "by-hand"}
    begun = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, *words], cwd=EXAMPLE, env={**os.environ, **own}, stderr=subprocess.DEVNULL
    ) as process:
        try:
            _until(lambda: _answers(port), process)
            yield f"http://127.0.0.1:{port}", time.perf_counter() - begun
        finally:
            process.terminate()


def _by_hand(packages: Path) -> float:
    with _running(packages) as (_, seconds):
        return seconds


def _revision(cloud: str, number: int) -> float:
    """From the request for a new one to Ready."""
    with httpx.Client(base_url=f"{cloud}/v2/", trust_env=False, timeout=_WITHIN) as client:
        template = _told(client.get(NAME))["template"]
        template.pop("revision", None)
        template["containers"][0]["env"] = [{"name": "NUMBER", "value": str(number)}]
        begun = time.perf_counter()
        _told(client.patch(NAME, params={"updateMask": "template"}, json={"template": template}))

        def ready() -> bool:
            newest = _told(client.get(f"{NAME}/revisions"))["revisions"][0]
            return any(
                (each["type"], each["state"]) == ("Ready", "CONDITION_SUCCEEDED") for each in newest["conditions"]
            )

        _until(ready)
        return time.perf_counter() - begun


def _front_door(cloud: str, packages: Path) -> Iterator[Figure]:
    with httpx.Client(trust_env=False) as client:
        url = _told(client.get(f"{cloud}/v2/{NAME}"))["uri"]
    with _running(packages) as (direct, _):
        alone, through = _latency(direct), _latency(url)
    shown = (
        f"{1000 * alone:.2f} ms at the process, {1000 * through:.2f} ms through it: {1000 * (through - alone):.2f} more"
    )
    yield Figure("the front door: the middle of 300 requests", shown)


def _latency(url: str) -> float:
    """Seconds of one request on a kept connection."""
    with httpx.Client(base_url=url, trust_env=False, timeout=_WITHIN) as client:

        def once() -> float:
            begun = time.perf_counter()
            client.get("/health").raise_for_status()
            return time.perf_counter() - begun

        once()
        return median(once, REQUESTS)


def _told(answer: httpx.Response) -> dict[str, Any]:
    if answer.status_code != 200:
        raise Unexpected(f"{answer.request.method} {answer.request.url}: {answer.text[:300]}")
    found: dict[str, Any] = answer.json()
    return found


def _answers(port: int) -> bool:
    with socket.socket() as trial:
        return trial.connect_ex(("127.0.0.1", port)) == 0


def _until(done: Callable[[], bool], process: subprocess.Popen[bytes] | None = None) -> None:
    deadline = time.monotonic() + _WITHIN
    while not done():
        if time.monotonic() > deadline or (process is not None and process.poll() is not None):
            raise Unexpected("what is measured did not come up")
        time.sleep(_LOOK)
