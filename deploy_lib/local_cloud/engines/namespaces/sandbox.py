"""Starts one command in a sandbox, and says whether this host allows that at all.

A Sandbox is the plain description the supervisor reads. The command's environment travels in it, through an
anonymous file and never on a command line, because it may hold secrets.
"""

from __future__ import annotations

import marshal
import os
import signal
import subprocess
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from ...helper import helper_command
from ..memory_file import hold_in_memory
from ..model import EngineError, EngineUnavailable
from .supervisor.main import main as supervise

_NAMESPACE_CALLS = ("unshare", "uid_map", "mount", "pivot_root")


@dataclass(frozen=True, slots=True)
class BindMount:
    source: str  # on the host, absolute
    target: str  # in the sandbox, absolute
    read_only: bool


@dataclass(frozen=True, slots=True)
class Sandbox:
    """Everything process 1 needs. Paths of layers are relative to `layers`, topmost first."""

    layers: str
    lowers: tuple[str, ...]
    scratch: str  # an empty directory, private to the store, that memory is mounted on
    argv: tuple[str, ...]
    env: Mapping[str, str]
    workdir: str = "/"
    upper: str | None = None  # where writes go; None for memory
    work: str | None = None  # overlayfs wants it beside `upper`
    binds: tuple[BindMount, ...] = ()
    tmpfs: tuple[str, ...] = ()
    uid: int = 0
    gid: int = 0
    groups: tuple[int, ...] = ()
    hostname: str = "localhost"
    network: bool = True
    network_of: int | None = None  # a process whose network it shares
    hosts: str = ""  # the text of /etc/hosts; empty leaves the image's
    read_only: bool = False
    memory: int | None = None
    stop_signal: int = int(signal.SIGTERM)


@dataclass(frozen=True, slots=True)
class StartedSandbox:
    supervisor: subprocess.Popen[bytes]
    status: IO[bytes]  # further events from the supervisor
    pid: int  # of process 1, as the host sees it


def maps_many_ids() -> bool:
    """Whether files may belong to any user (root), or all belong to the one who calls."""
    return os.geteuid() == 0


def launch(
    sandbox: Sandbox,
    *,
    stdin: bytes | None = None,
    merge_output: bool = False,
    prepare: Callable[[int], None] | None = None,
) -> StartedSandbox:
    """Start it and wait until process 1 is set up. EngineUnavailable where the kernel forbids it.

    `prepare` is told the process id of process 1 before it becomes the command; it may not raise.
    """
    with ExitStack() as handed, ExitStack() as kept:
        gate_r, gate_w = _pipe(handed, kept)  # process 1 becomes the command when it is closed
        spec = {**asdict(sandbox), "engine": os.getpid(), "gate": gate_r, **_map_ids(sandbox)}
        spec_handle = _closed_by(handed, hold_in_memory("spec", marshal.dumps(spec)))
        given = os.open(os.devnull, os.O_RDONLY) if stdin is None else hold_in_memory("stdin", stdin)
        stdin_handle = _closed_by(handed, given)
        status_r, status_w = _pipe(kept, handed)
        supervisor = subprocess.Popen(
            [*helper_command(supervise), str(spec_handle), str(status_w)],
            stdin=stdin_handle,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT if merge_output else subprocess.PIPE,
            pass_fds=(spec_handle, status_w, gate_r),
            cwd="/",
            env={},
        )
        kept.pop_all()
    status = os.fdopen(status_r, "rb")
    try:
        event = read_event(status)
        if prepare is not None and "started" in event:
            prepare(event["started"])
    finally:
        os.close(gate_w)
    if "started" in event:
        return StartedSandbox(supervisor, status, event["started"])
    output = _read_all(supervisor)
    status.close()
    raise explain_failure(event, output)


def _closed_by(stack: ExitStack, handle: int) -> int:
    stack.callback(os.close, handle)
    return handle


def _pipe(reading: ExitStack, writing: ExitStack) -> tuple[int, int]:
    """Its two ends, each closed by the stack of that name."""
    ends = os.pipe()
    return _closed_by(reading, ends[0]), _closed_by(writing, ends[1])


def read_event(status: IO[bytes]) -> dict[str, Any]:
    """The next that the supervisor tells; empty when it has ended before."""
    with suppress(EOFError):
        event: dict[str, Any] = marshal.load(status)
        return event
    return {}


def explain_failure(event: Mapping[str, object], output: str = "") -> EngineError:
    """An EngineUnavailable when the kernel's policy is the likely reason, else an EngineError."""
    reason = str(event.get("failed", "the sandbox ended before it began"))
    if event.get("call") not in _NAMESPACE_CALLS or event.get("errno") not in (1, 13, 22, 28, 38):
        return EngineError(f"the sandbox could not be set up: {reason}", output=output)
    if event.get("call") == "mount" and event.get("errno") == 22:
        return EngineError(f"the kernel refused a mount of the sandbox: {reason}", output=output)
    return EngineUnavailable(f"this host forbids unprivileged namespaces ({reason})", name_remedy(_read_settings()))


_SETTINGS = {
    "kernel.unprivileged_userns_clone": "0",
    "user.max_user_namespaces": "0",
    "kernel.apparmor_restrict_unprivileged_userns": "1",
}


def _read_settings() -> dict[str, str]:
    found = {}
    for name in _SETTINGS:
        path = Path("/proc/sys", *name.split("."))
        if path.exists():
            found[name] = path.read_text().strip()
    return found


def name_remedy(settings: Mapping[str, str]) -> str:
    """What to type, given the kernel's settings by name. Pure."""
    wanted = {
        "kernel.unprivileged_userns_clone": "1",
        "user.max_user_namespaces": "15000",
        "kernel.apparmor_restrict_unprivileged_userns": "0",
    }
    wrong = [name for name, bad in _SETTINGS.items() if settings.get(name) == bad]
    other = "or install podman (apt-get install podman) or start docker"
    if wrong:
        return "; ".join(f"sudo sysctl -w {name}={wanted[name]}" for name in wrong) + f"; {other}"
    return (
        f"the settings {', '.join(_SETTINGS)} allow namespaces, so the container or security policy this runs in "
        f"forbids them: run outside it (or with --privileged), {other}"
    )


def _map_ids(sandbox: Sandbox) -> dict[str, object]:
    if maps_many_ids():
        return {"many_ids": True, "uid_map": _copy_map("uid"), "gid_map": _copy_map("gid")}
    own = {
        "uid_map": f"{sandbox.uid} {os.geteuid()} 1",
        "gid_map": f"{sandbox.gid} {os.getegid()} 1",
    }
    return {"many_ids": False, **own}


def _copy_map(kind: str) -> str:
    """Every id to itself: the inside of our own map on both sides."""
    lines = Path(f"/proc/self/{kind}_map").read_text().splitlines()
    return "".join(f"{line.split()[0]} {line.split()[0]} {line.split()[2]}\n" for line in lines)


def _read_all(process: subprocess.Popen[bytes]) -> str:
    out, err = process.communicate()
    return ((out or b"") + (err or b"")).decode(errors="replace")
