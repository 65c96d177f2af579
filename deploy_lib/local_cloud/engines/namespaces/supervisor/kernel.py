"""The Linux calls that Python 3.11 has no name for, by ctypes: unshare, setns, mount, pivot_root, prctl.

Every failure is a CallFailed that carries the call's name and errno, so that the engine can tell a kernel that
forbids user namespaces from a mistake in a path. Numbers are from the kernel's uapi headers.
"""

from __future__ import annotations

import ctypes
import os
import signal

CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC = 0x00020000, 0x04000000, 0x08000000
CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x10000000, 0x20000000, 0x40000000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT = 0x1, 0x2, 0x4, 0x8, 0x20
MS_BIND, MS_REC, MS_PRIVATE = 0x1000, 0x4000, 0x40000
_MNT_DETACH = 2
_PR_SET_PDEATHSIG = 1
_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}

_libc = ctypes.CDLL(None, use_errno=True)


class SystemCallFailed(Exception):
    """A call to the kernel answered with an error number."""

    def __init__(self, call: str, number: int, detail: str = "") -> None:
        super().__init__(f"{call} {detail}".rstrip() + f": {os.strerror(number)}")
        self.call = call
        self.number = number


def _check(result: int, call: str, detail: str = "") -> None:
    if result != 0:
        raise SystemCallFailed(call, ctypes.get_errno(), detail)


def unshare(flags: int) -> None:
    _check(_libc.unshare(flags), "unshare")


def enter_namespace(process: int, kind: str) -> None:
    """Of another process; `kind` as its file in /proc is named. SystemCallFailed also when the process has ended."""
    try:
        handle = os.open(f"/proc/{process}/ns/{kind}", os.O_RDONLY)
    except OSError as error:
        raise SystemCallFailed("setns", error.errno or 0, kind) from None
    try:
        _check(_libc.setns(handle, 0), "setns", kind)
    finally:
        os.close(handle)


def mount(source: str, target: str, kind: str | None, flags: int, options: str = "") -> None:
    kind_bytes = kind.encode() if kind else None
    result = _libc.mount(source.encode(), target.encode(), kind_bytes, ctypes.c_ulong(flags), options.encode() or None)
    _check(result, "mount", f"{kind or source} on {target}")


def bind(source: str, target: str, read_only: bool) -> None:
    mount(source, target, None, MS_BIND | MS_REC)
    if read_only:
        forbid_writes(target)


def forbid_writes(target: str) -> None:
    """Remount read-only. A user namespace may not drop the flags its outside set, so they are carried over."""
    kept = os.statvfs(target).f_flag & (MS_NOSUID | MS_NODEV | MS_NOEXEC)
    mount("none", target, None, MS_BIND | MS_REMOUNT | MS_RDONLY | kept)


def pivot_here() -> None:
    """Make the working directory the root, the old root stacked upon it (pivot_root(2), NOTES)."""
    _check(_libc.syscall(_PIVOT_ROOT[os.uname().machine], b".", b"."), "pivot_root")


def detach_here() -> None:
    _check(_libc.umount2(b".", _MNT_DETACH), "umount2")


def set_hostname(name: str) -> None:
    encoded = name.encode()
    _check(_libc.sethostname(encoded, len(encoded)), "sethostname")


def die_with_parent() -> None:
    """Be killed when the thread that forked this process ends. A change of user id clears it."""
    _check(_libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0), "prctl")
