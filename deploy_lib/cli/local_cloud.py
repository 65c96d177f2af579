"""The local cloud from outside: start it, find it, stop it. It is a process of its own, speaking Google's protocols."""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from deploy_lib.cli.failure import Failure
from deploy_lib.cli.places import TOOL, local_cloud_directory, state_directory
from deploy_lib.cli.program import program_of
from deploy_lib.cli.show.printing import say

STARTS_WITHIN = 60.0
STOPS_WITHIN = 15.0


@dataclass(frozen=True, slots=True)
class LocalCloud:
    """Addresses on loopback. `engine` names what builds and runs the images."""

    pid: int
    grpc: str
    http: str
    registry: str
    engine: str
    engine_note: str = ""


def find(directory: Path) -> LocalCloud | None:
    """The local cloud that serves from `directory`; None when none does."""
    try:
        found = json.loads((directory / "endpoints.json").read_text(encoding="utf-8"))
        cloud = LocalCloud(**{key: found[key] for key in ("pid", "grpc", "http", "registry", "engine")})
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return cloud if _alive(cloud.pid) else None


def start(directory: Path, *, engine: str | None = None, time_scale: float = 1.0) -> LocalCloud:
    """Start it, detached from this terminal. Raises Failure with the reason it gave."""
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    (directory / "endpoints.json").unlink(missing_ok=True)
    command = [sys.executable, "-m", "deploy_lib.emulator", "--state", str(directory), "--time-scale", str(time_scale)]
    if engine:
        command += ["--engine", engine]
    log = directory / "local-cloud.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            cwd=TOOL,
            start_new_session=True,
            env={**os.environ, "PYTHONPATH": str(TOOL)},
        )
    deadline = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < deadline:
        cloud = find(directory)
        if cloud is not None:
            return cloud
        if process.poll() is not None:
            raise Failure(f"the local cloud did not start: {_last_line(log)}", 4)
        time.sleep(0.05)
    process.terminate()
    raise Failure(f"the local cloud did not start within {STARTS_WITHIN:.0f} s; its log is {log}", 4)


def stop(directory: Path) -> bool:
    """True when one was running. Returns when it has ended."""
    cloud = find(directory)
    if cloud is None:
        return False
    os.kill(cloud.pid, signal.SIGTERM)
    deadline = time.monotonic() + STOPS_WITHIN
    while _alive(cloud.pid) and (directory / "endpoints.json").exists():
        if time.monotonic() > deadline:
            os.kill(cloud.pid, signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)
            break
        time.sleep(0.05)
    return True


def main(args: argparse.Namespace) -> int:
    """`local up|down|status|env`."""
    directory = local_cloud_directory(state_directory(args.state))
    cloud = find(directory)
    if args.action == "down":
        say("the local cloud is stopped" if stop(directory) else "the local cloud was not running")
        return 0
    if args.action == "up":
        started = cloud is None
        cloud = cloud or start(directory, engine=args.engine, time_scale=args.time_scale)
        say(f"the local cloud {'is up' if started else 'was up already'}, with engine {cloud.engine}")
        say(f"  Google APIs (gRPC) {cloud.grpc}\n  Storage and control {cloud.http}\n  images {cloud.registry}")
        return 0
    if cloud is None:
        raise Failure(f"the local cloud is not running; start it with: {program_of(args).command('local', 'up')}", 4)
    if args.action == "env":
        say(f"export LOCAL_CLOUD_GRPC={cloud.grpc}")
        say(f"export STORAGE_EMULATOR_HOST={cloud.http}")
        say(f"export LOCAL_CLOUD_REGISTRY={cloud.registry}")
        return 0
    say(f"the local cloud is up (process {cloud.pid}), with engine {cloud.engine}, at {cloud.grpc}")
    return 0


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return not _zombie(pid)


def _zombie(pid: int) -> bool:
    """A local cloud that this very process started and that has ended stays in the table until it is waited for."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return False
    return state == "Z"


def _last_line(log: Path) -> str:
    lines = [line for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    return lines[-1] if lines else f"it said nothing; its log is {log}"
