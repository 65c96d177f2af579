"""The local cloud from outside: start it, find it, stop it. It is a separate process, speaking Google's protocols."""

from __future__ import annotations

import argparse
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from deploy_lib import local_cloud
from deploy_lib.cli.bootstrap import prepare_local_cloud
from deploy_lib.cli.paths import TOOL, local_cloud_directory, state_directory
from deploy_lib.cli.program import program_of
from deploy_lib.cli.show.console import say, say_error
from deploy_lib.model.not_possible import NotPossible

EARLIER_NAME = "deploy_lib.emulator"
"""The package's name in a local cloud that an earlier version of the tool started."""
STARTS_WITHIN = 60.0
STOPS_WITHIN = 15.0


@dataclass(frozen=True, slots=True)
class LocalCloud:
    """Addresses on loopback. `engine` names what builds and runs the images; `time_scale`, `profile` and `reach` are
    what it runs with, None for one of an earlier version."""

    pid: int
    grpc: str
    http: str
    registry: str
    engine: str
    time_scale: float | None = None
    profile: str | None = None
    reach: tuple[str, ...] | None = None

    def lacks(self, reach: Iterable[str]) -> list[str]:
        """Which of these its containers may not reach."""
        found = self.reach or ()
        return [each for each in reach if _as_told(each) not in found]


def _as_told(reach: str) -> str:
    """As a running local cloud tells an address that it was given."""
    host = re.sub(r"(^|=)localhost:", r"\g<1>127.0.0.1:", reach.lower())
    return re.sub(r":0+(?=\d+$)", ":", host)


def find(directory: Path) -> LocalCloud | None:
    """The local cloud that serves from `directory`; None when none does, whatever a killed one left there."""
    try:
        found = json.loads((directory / "endpoints.json").read_text(encoding="utf-8"))
        known = {key: found[key] for key in ("pid", "grpc", "http", "registry", "engine")}
        reach = tuple(found["reach"]) if "reach" in found else None
        cloud = LocalCloud(**known, time_scale=found.get("time_scale"), profile=found.get("profile"), reach=reach)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return cloud if _alive(cloud.pid) else None


def start(
    directory: Path,
    *,
    engine: str | None = None,
    time_scale: float = 1.0,
    profile: str = "relaxed",
    reach: Iterable[str] = (),
) -> LocalCloud:
    """Start it, detached from this terminal; one that is just ending is waited for, one that is just starting is taken.

    Raises NotPossible with the reason it gave.
    """
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    earlier = _holder(directory)
    if earlier is not None and (taken := _settled(directory, earlier)) is not None:
        return taken
    command = [sys.executable, "-m", local_cloud.__name__]
    command += ["--state", str(directory), "--time-scale", str(time_scale), "--profile", profile]
    if engine:
        command += ["--engine", engine]
    command += [word for each in reach for word in ("--reach", each)]
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
            raise NotPossible(f"the local cloud did not start: {_last_line(log)}", 4)
        time.sleep(0.05)
    process.terminate()
    raise NotPossible(f"the local cloud did not start within {STARTS_WITHIN:.0f} s; its log is {log}", 4)


def stop(directory: Path) -> bool:
    """True when one was running, be it that it was still starting or already ending. Returns when its process is gone.

    Raises NotPossible when it cannot be ended.
    """
    pid = _holder(directory)
    if pid is None:
        return False
    try:
        os.kill(pid, signal.SIGTERM)
        if not _gone(pid, STOPS_WITHIN):
            os.kill(pid, signal.SIGKILL)  # the kernel ends everything that it started
    except ProcessLookupError:
        return True
    except PermissionError:
        raise NotPossible(f"the local cloud (process {pid}) belongs to another user, who can end it", 4) from None
    if not _gone(pid, STOPS_WITHIN):
        raise NotPossible(f"the local cloud (process {pid}) cannot be ended", 4)
    return True


def main(args: argparse.Namespace) -> int:
    """`local up|down|status|env`."""
    if args.gcloud and args.action != "env":
        raise NotPossible("--gcloud belongs to local env: it prints the environment for gcloud", 2)
    if args.credentials and (args.action != "env" or args.gcloud):
        raise NotPossible("--credentials belongs to local env alone: it prints the tool's environment with them", 2)
    directory = local_cloud_directory(state_directory(args.state))
    cloud = find(directory)
    if args.action == "down":
        say("the local cloud is stopped" if stop(directory) else "the local cloud was not running")
        return 0
    if args.action == "up":
        started = cloud is None
        if cloud is None:
            prepare_local_cloud()
            say_error("starting the local cloud")
            scale, profile = args.time_scale or 1.0, args.profile or "relaxed"
            reach = args.reach or ()
            cloud = start(directory, engine=args.engine, time_scale=scale, profile=profile, reach=reach)
        _check_options(cloud, args)
        say(f"the local cloud {'is up' if started else 'was up already'}, with engine {cloud.engine}")
        say(f"  Google APIs (gRPC) {cloud.grpc}\n  Storage and control {cloud.http}\n  images {cloud.registry}")
        return 0
    if cloud is None:
        raise NotPossible(
            f"the local cloud is not running; start it with: {program_of(args).command('local', 'up')}", 4
        )
    if args.action == "env":
        for name, value in _asked_environment(cloud, args).items():
            say(f"export {name}={shlex.quote(value)}")
        return 0
    say(f"the local cloud is up (process {cloud.pid}), with engine {cloud.engine}{_profile(cloud)}, at {cloud.grpc}")
    return 0


def _profile(cloud: LocalCloud) -> str:
    return f" and profile {cloud.profile}" if cloud.profile else ""


def _environment(cloud: LocalCloud) -> dict[str, str]:
    """With which the tool takes this local cloud, wherever its directory is."""
    return {
        "LOCAL_CLOUD_GRPC": cloud.grpc,
        "STORAGE_EMULATOR_HOST": cloud.http,
        "LOCAL_CLOUD_REGISTRY": cloud.registry,
    }


def _asked_environment(cloud: LocalCloud, args: argparse.Namespace) -> dict[str, str]:
    """Raises NotPossible."""
    if args.gcloud:
        return _made_there(cloud, args, "gcloud", "gcloud cannot be led to the local cloud")
    if not args.credentials:
        return _environment(cloud)
    made = _made_there(cloud, args, "credentials", "there are no such credentials", {"kind": args.credentials})
    return {**_environment(cloud), **made}


def _made_there(
    cloud: LocalCloud, args: argparse.Namespace, what: str, problem: str, body: dict[str, str] | None = None
) -> dict[str, str]:
    """An environment with which a client of Google's works with it, and reaches nothing else. Raises NotPossible."""
    import httpx  # which no other command here needs

    try:
        answer = httpx.post(f"{cloud.http}/_local/{what}", json=body, trust_env=False, timeout=STARTS_WITHIN)
        reply = answer.json()
        if answer.status_code == 400:
            raise NotPossible(f"{problem}: {reply['error']}", 4)
        environment: dict[str, str] = reply["environment"]
    except httpx.HTTPError as error:
        raise NotPossible(f"the local cloud at {cloud.http} does not answer: {error}", 4) from None
    except (ValueError, KeyError, TypeError):
        down, up = (program_of(args).command("local", action) for action in ("down", "up"))
        raise NotPossible(f"this local cloud was started by an earlier version: {down} && {up}", 4) from None
    return environment


def _check_options(cloud: LocalCloud, args: argparse.Namespace) -> None:
    """What is asked for must be what runs. Raises NotPossible."""
    asked = {"--engine": args.engine, "--time-scale": args.time_scale, "--profile": args.profile}
    runs = {"--engine": cloud.engine, "--time-scale": cloud.time_scale, "--profile": cloud.profile}
    other = [f"{name} {runs[name]}" for name, value in asked.items() if value not in (None, runs[name])]
    lacking = cloud.lacks(args.reach or ())
    if lacking and cloud.reach is not None:
        other.append(f"without --reach {' --reach '.join(lacking)}")
    if other and None not in runs.values():
        down, up = (program_of(args).command("local", action) for action in ("down", "up"))
        given = [(name, value) for name, value in asked.items() if value is not None]
        words = " ".join(
            f"{name} {value}" for name, value in (*given, *(("--reach", each) for each in args.reach or ()))
        )
        raise NotPossible(
            f"the local cloud runs already, {'with ' if len(other) > len(lacking[:1]) else ''}{' and '.join(other)}; "
            f"end it first: {down} && {up} {words}"
        )


def _holder(directory: Path) -> int | None:
    """The process that has the directory, from before it serves until it is gone; None when there is none."""
    try:
        pid = int((directory / "lock").read_text(encoding="ascii"))
    except (OSError, ValueError):
        cloud = find(directory)
        return cloud.pid if cloud else None
    return pid if _alive(pid) else None


def _settled(directory: Path, pid: int) -> LocalCloud | None:
    """What becomes of one that starts or ends just now: it serves, or is gone (None)."""
    deadline = time.monotonic() + STARTS_WITHIN
    while _alive(pid) and time.monotonic() < deadline:
        if (cloud := find(directory)) is not None:
            return cloud
        time.sleep(0.02)
    return None


def _gone(pid: int, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while _alive(pid):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def _alive(pid: int) -> bool:
    """Whether a local cloud runs under that number: after a crash it may be another program's."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:  # no such table here
        return True
    # Empty: this very process started it, it has ended, and it stays in the table until it is waited for.
    return any(name.encode() in command for name in (local_cloud.__name__, EARLIER_NAME))


def _last_line(log: Path) -> str:
    lines = [line for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    return lines[-1] if lines else f"it printed no error; its log is {log}"
