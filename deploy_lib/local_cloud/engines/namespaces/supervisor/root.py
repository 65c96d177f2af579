"""Mounts the root file system of one sandbox and moves into it.

Order matters. Everything from outside is opened first, as a handle; then the overlay is mounted and becomes the
root; only then are mount points looked up, so an image's symlinks are followed inside the image and never reach
the host. The old root is let go last. Mount points live in the lowest overlay layer of all ("stubs"), so that
none of them ever shows up in the layer a build step leaves behind.
"""

from __future__ import annotations

import os

from .kernel import (
    MS_NODEV,
    MS_NOEXEC,
    MS_NOSUID,
    MS_PRIVATE,
    MS_REC,
    bind,
    detach_here,
    mount,
    pivot_here,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
_LINKS = {
    "fd": "/proc/self/fd",
    "stdin": "/proc/self/fd/0",
    "stdout": "/proc/self/fd/1",
    "stderr": "/proc/self/fd/2",
    "ptmx": "pts/ptmx",
}


def enter_root(spec: dict[str, Any]) -> None:
    mount("none", "/", None, MS_REC | MS_PRIVATE)
    outside = [(os.open(item["source"], os.O_PATH), item) for item in spec["binds"]]
    devices = [(os.open(f"/dev/{name}", os.O_PATH), name) for name in _DEVICES if os.path.exists(f"/dev/{name}")]
    points = [(path, True) for path in ("/proc", "/dev", "/sys", "/tmp", *spec["tmpfs"])]
    points += [(item["target"], _is_directory(handle)) for handle, item in outside]
    points += [("/etc/hosts", False)] if spec["hosts"] else []
    _mount_overlay(spec, points)
    if spec["hosts"]:
        outside.append((_write_hosts(spec), {"target": "/etc/hosts", "read_only": False}))

    os.chdir(f"{spec['scratch']}/root")
    old = os.open("/", os.O_PATH)
    pivot_here()
    for path, directory in points:
        _make_point(path, directory)
    mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)
    _fill_dev(devices)
    for path in spec["tmpfs"]:
        mount("tmpfs", path, "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777")
    for handle, item in outside:
        _make_point(item["target"], _is_directory(handle))  # again, for one below /dev or a memory mount
        bind(f"/proc/self/fd/{handle}", item["target"], item["read_only"])
        os.close(handle)
    os.fchdir(old)
    detach_here()
    os.close(old)
    os.chdir("/")


def _mount_overlay(spec: dict[str, Any], points: list[tuple[str, bool]]) -> None:
    scratch = spec["scratch"]
    mount("tmpfs", scratch, "tmpfs", MS_NODEV, "mode=755")
    for name in ("root", "upper", "work", "stubs"):
        os.mkdir(f"{scratch}/{name}", 0o755)
    for path, directory in points:
        _make_point(f"{scratch}/stubs{os.path.normpath('/' + path)}", directory)
    os.chmod(f"{scratch}/stubs/tmp", 0o1777)
    # Lower layers are named relative to their common directory: mount(2) takes one page of options.
    os.chdir(spec["layers"])
    lowers = ":".join([*spec["lowers"], f"{scratch}/stubs"])
    upper = spec["upper"] or f"{scratch}/upper"
    work = spec["work"] or f"{scratch}/work"
    options = f"lowerdir={lowers},upperdir={upper},workdir={work},userxattr"
    mount("overlay", f"{scratch}/root", "overlay", 0, options)


def _write_hosts(spec: dict[str, Any]) -> int:
    """In the memory of the sandbox, beside its root."""
    path = f"{spec['scratch']}/hosts"
    with open(path, "w") as file:
        file.write(spec["hosts"])
    os.chmod(path, 0o644)
    return os.open(path, os.O_PATH)


def _is_directory(handle: int) -> bool:
    return os.path.isdir(f"/proc/self/fd/{handle}")


def _make_point(path: str, directory: bool) -> None:
    if os.path.exists(path):
        return
    os.makedirs(path if directory else os.path.dirname(path), exist_ok=True)
    if not directory:
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o644))


def _fill_dev(devices: list[tuple[int, str]]) -> None:
    mount("tmpfs", "/dev", "tmpfs", MS_NOSUID, "mode=755")
    for handle, name in devices:
        _make_point(f"/dev/{name}", False)
        bind(f"/proc/self/fd/{handle}", f"/dev/{name}", False)
        os.close(handle)
    for name, target in _LINKS.items():
        os.symlink(target, f"/dev/{name}")
    os.mkdir("/dev/shm")
    mount("tmpfs", "/dev/shm", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=1777")
    os.mkdir("/dev/pts")
    mount("devpts", "/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666")
