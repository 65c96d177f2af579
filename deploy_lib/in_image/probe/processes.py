"""Pipes, process groups and forks; what the kernel tells of memory."""

from __future__ import annotations

import os
import select
import signal
from time import perf_counter
from typing import Callable, Iterable

from deploy_lib.in_image.probe.paths import read_lines


def read_some(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 1 << 16)
    except OSError:
        return b""


def write_all(descriptor: int, data: bytes) -> None:
    while data:
        try:
            data = data[os.write(descriptor, data) :]
        except OSError:
            return


def close_all(descriptors: Iterable[int]) -> None:
    for descriptor in descriptors:
        try:
            os.close(descriptor)
        except OSError:
            continue


def settle_group(pid: int) -> None:
    try:
        os.setpgid(pid, pid)  # both sides ask, so neither has to wait for the other
    except OSError:
        return


def kill_group(pid: int) -> None:
    try:
        os.killpg(pid, signal.SIGKILL)
    except OSError:
        return


def fork_call(work: Callable[[int], None]) -> tuple[int, int]:
    """Run `work` with the writing end of a pipe in a child; the child's id and the reading end."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid:
        settle_group(pid)
        os.close(writing)
        return pid, reading
    try:
        os.setpgid(0, 0)
        os.close(reading)
        work(writing)
    finally:
        os._exit(0)


def collect(reading: int, deadline: float, pid: int) -> bytes:
    """All it writes until it closes the pipe or the deadline passes; then it is ended and reaped."""
    parts = []
    poll = select.poll()
    poll.register(reading, select.POLLIN)
    while True:
        remaining = (deadline - perf_counter()) * 1000
        if remaining <= 0 or not poll.poll(remaining):
            break
        data = os.read(reading, 1 << 20)
        if not data:
            break
        parts.append(data)
    os.close(reading)
    kill_group(pid)
    os.waitpid(pid, 0)
    return b"".join(parts)


def count_threads() -> int:
    try:
        return len(os.listdir("/proc/self/task"))
    except OSError:
        return 2  # unknown: not fit


def count_memory_kills() -> int:
    for path in ("/sys/fs/cgroup/memory.events", "/sys/fs/cgroup/memory/memory.oom_control"):
        for line in read_lines(path):
            if line.startswith("oom_kill "):
                return int(line.split()[1])
    return 0


def offer_to_memory_killer() -> None:
    try:
        with open("/proc/self/oom_score_adj", "w") as file:
            file.write("1000")  # the supervisor must live to tell
    except OSError:
        return
