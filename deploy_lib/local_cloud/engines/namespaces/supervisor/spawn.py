"""Makes the namespaces and starts the command as process 1 of them.

As root the user namespace maps every id to itself, so USER and chown mean what they say; as an ordinary user
exactly one id is mapped, the one the command is to run as. What process 1 cannot do before it becomes the
command comes back through a pipe that is closed just before the exec.
"""

from __future__ import annotations

import fcntl
import marshal
import os
import signal
import socket
import struct
import warnings  # noqa: F401  os.execvpe needs it, where this interpreter's library is out of sight

from .kernel import (
    CLONE_NEWIPC,
    CLONE_NEWNET,
    CLONE_NEWNS,
    CLONE_NEWPID,
    CLONE_NEWUSER,
    CLONE_NEWUTS,
    SystemCallFailed,
    die_with_parent,
    enter_namespace,
    forbid_writes,
    set_hostname,
    unshare,
)
from .root import enter_root

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 0x1


def start(spec: dict[str, Any]) -> int:
    """Start the command; its process id as the host sees it. Raises CallFailed or OSError."""
    shared = spec["network"] or spec["network_of"]
    if spec["network_of"]:
        _enter_network(spec)
    _enter_user_namespace(spec)
    unshare(CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | (0 if shared else CLONE_NEWNET))
    errors_r, errors_w = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(errors_r)
        try:
            _become_first_process(spec)
        except SystemCallFailed as error:
            _leave(errors_w, {"reason": str(error), "call": error.call, "errno": error.number})
        except OSError as error:
            _leave(errors_w, {"reason": str(error), "call": "setup", "errno": error.errno or 0})
        os.close(errors_w)
        os.read(spec["gate"], 1)  # ends when the engine lets it go on
        os.close(spec["gate"])
        _execute(spec["argv"], spec["env"])
    for handle in (errors_w, spec["gate"]):
        os.close(handle)
    with os.fdopen(errors_r, "rb") as pipe:
        report = pipe.read()
    if report:
        os.waitpid(child, 0)
        failure = marshal.loads(report)
        raise SetupFailed(failure["reason"], failure["call"], failure["errno"])
    return child


class SetupFailed(Exception):
    """Process 1 could not set itself up."""

    def __init__(self, reason: str, call: str, number: int) -> None:
        super().__init__(reason)
        self.call = call
        self.number = number


def _leave(pipe: int, report: dict[str, Any]) -> None:
    os.write(pipe, marshal.dumps(report))
    os._exit(125)


def _enter_network(spec: dict[str, Any]) -> None:
    """It belongs to the user namespace of the other command, which an ordinary user has to enter for it: ours then
    lies within that one, and maps our id to the only one which that has."""
    if not spec["many_ids"]:
        enter_namespace(spec["network_of"], "user")
        spec["uid_map"] = f"{spec['uid']} {os.geteuid()} 1"
        spec["gid_map"] = f"{spec['gid']} {os.getegid()} 1"
    enter_namespace(spec["network_of"], "net")


def _enter_user_namespace(spec: dict[str, Any]) -> None:
    """Only a process outside may write a map of more than one id, so a short-lived child does it."""
    ready_r, ready_w = os.pipe()
    mapper = os.fork()
    if mapper == 0:
        os.close(ready_w)
        os.read(ready_r, 1)  # ends when the parent has its namespace
        try:
            _write_maps(os.getppid(), spec)
        except OSError as error:
            os._exit(error.errno or 1)
        os._exit(0)
    os.close(ready_r)
    try:
        unshare(CLONE_NEWUSER)
    finally:
        os.close(ready_w)
        _, status = os.waitpid(mapper, 0)
    if status:
        raise SystemCallFailed("uid_map", os.waitstatus_to_exitcode(status))


def _write_maps(process: int, spec: dict[str, Any]) -> None:
    files = {"uid_map": spec["uid_map"], "gid_map": spec["gid_map"]}
    if not spec["many_ids"]:
        files = {"setgroups": "deny", **files}
    for name, text in files.items():
        with open(f"/proc/{process}/{name}", "w") as file:
            file.write(text)


def _become_first_process(spec: dict[str, Any]) -> None:
    die_with_parent()
    unshare(CLONE_NEWNS)
    os.setsid()
    enter_root(spec)
    set_hostname(spec["hostname"])
    if not spec["network"] and not spec["network_of"]:
        _raise_loopback()
    os.makedirs(spec["workdir"], exist_ok=True)
    if spec["read_only"]:
        forbid_writes("/")
    if spec["many_ids"]:
        os.setgroups(spec["groups"])
        os.setresgid(spec["gid"], spec["gid"], spec["gid"])
        os.setresuid(spec["uid"], spec["uid"], spec["uid"])
        die_with_parent()  # again: the change of user cleared it
    os.chdir(spec["workdir"])


def _raise_loopback() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        asked = struct.pack("16sh14x", b"lo", 0)
        flags = struct.unpack("16sh14x", fcntl.ioctl(probe, _SIOCGIFFLAGS, asked))[1]
        fcntl.ioctl(probe, _SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | _IFF_UP))


def _execute(argv: list[str], env: dict[str, str]) -> None:
    """Become the command, or leave with the shell's codes: 127 not found, 126 found but not runnable."""
    for number in (signal.SIGPIPE, signal.SIGXFSZ):  # Python ignores them, and exec would hand that on
        signal.signal(number, signal.SIG_DFL)
    try:
        os.execvpe(argv[0], argv, env)
    except (FileNotFoundError, NotADirectoryError):
        text, code = f'exec: "{argv[0]}": executable file not found in $PATH\n', 127
    except OSError as error:
        text, code = f'exec: "{argv[0]}": {os.strerror(error.errno or 0).lower()}\n', 126
    os.write(2, text.encode())
    os._exit(code)
