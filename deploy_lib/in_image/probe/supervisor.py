"""Import targets in separate processes, and tell of those that end otherwise."""

from __future__ import annotations

import os
import re
import select
import signal
import sys
from time import perf_counter
from typing import Any, Callable

from deploy_lib.in_image.probe import Document
from deploy_lib.in_image.probe.board import Board
from deploy_lib.in_image.probe.codes import learn_codes
from deploy_lib.in_image.probe.failure import describe_frame
from deploy_lib.in_image.probe.kinds import NAMES_OF_MISTAKES, OFFLINE
from deploy_lib.in_image.probe.mask import Mask
from deploy_lib.in_image.probe.paths import Territory
from deploy_lib.in_image.probe.processes import (
    close_all,
    count_memory_kills,
    kill_group,
    offer_to_memory_killer,
    read_some,
    settle_group,
    write_all,
)
from deploy_lib.in_image.probe.target import forget_probe, try_target
from deploy_lib.in_image.probe.watches import is_machinery

SUPERVISOR_GRACE = 1.0  # seconds between asking an overdue process where it is and killing it


class Running:
    """One target under way."""

    def __init__(self, target: str, deadline: float, mask: Mask) -> None:
        self.target, self.deadline, self.mask, self.pending = target, deadline, mask, b""
        self.board, self.began = Board(), perf_counter()
        self.crash, self.crash_end = os.pipe()
        self.output, self.output_end = os.pipe()
        self.pid, self.overdue, self.tail, self.passed_on = 0, False, b"", 0
        self.memory_kills = count_memory_kills()
        os.set_blocking(self.output, False)
        os.set_blocking(self.crash, False)

    def pump(self) -> None:
        """Pass its prints on to standard error, 256 KiB of them, and keep the last ones."""
        while True:
            data = read_some(self.output)
            if not data:
                return
            self.pending += data
            whole = self.pending.rfind(b"\n") + 1
            if b"-----BEGIN" in self.pending and b"-----END" not in self.pending and len(self.pending) < 1 << 16:
                whole = 0  # a key of several lines is masked as a whole
            self.pass_on(whole or (len(self.pending) if len(self.pending) >= 1 << 16 else 0))

    def pass_on(self, length: int) -> None:
        """So much of what is pending, without secrets."""
        data, self.pending = self.mask.data(self.pending[:length]), self.pending[length:]
        self.tail = (self.tail + data)[-2000:]
        if self.passed_on < 1 << 18:
            write_all(2, data)
        self.passed_on += len(data)


class Supervisor:
    """Imports targets, each in a child forked from this process, a few at a time."""

    def __init__(self, options: Document, territory: Territory, path: list[str], fresh: bool) -> None:
        self.options, self.territory, self.path, self.fresh = options, territory, path, fresh
        self.mask = Mask(options)
        self.running: dict[int, Running] = {}
        self.private: list[int] = []

    def run(self, targets: list[str], jobs: int, deadline: float, finished: Callable[[Document], None]) -> None:
        """Calls `finished` with each result as it comes; targets not begun by the deadline are not reported."""
        wake, wake_end = os.pipe()
        os.set_blocking(wake, False)
        os.set_blocking(wake_end, False)
        signal.set_wakeup_fd(wake_end)
        signal.signal(signal.SIGCHLD, lambda *_: None)  # a handler must exist for the wake-up byte to be written
        waiting = targets[::-1]
        while waiting or self.running:
            while waiting and len(self.running) < jobs and perf_counter() < deadline:
                self.start(waiting.pop(), min(deadline, perf_counter() + self.options["timeout"]), (wake, wake_end))
            if not self.running:
                break
            self.wait(wake)
            for running in list(self.running.values()):
                running.pump()
                if os.waitid(os.P_PID, running.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
                    finished(self.reap(running))
                elif perf_counter() > running.deadline:
                    self.hurry(running)
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.close(wake)
        os.close(wake_end)

    def start(self, target: str, deadline: float, wake: tuple[int, int]) -> None:
        running = Running(target, deadline, self.mask)
        running.pid = os.fork()
        if running.pid:
            settle_group(running.pid)
            os.close(running.crash_end)
            os.close(running.output_end)
            self.running[running.pid] = running
            return
        leave = os._exit
        try:
            os.setpgid(0, 0)
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            os.dup2(running.output_end, 1)
            os.dup2(running.output_end, 2)
            others = [d for r in self.running.values() for d in (r.crash, r.output)]
            close_all([*wake, *others, *self.private, running.crash, running.output, running.output_end])
            offer_to_memory_killer()
            if self.fresh:
                forget_probe(self.path, self.options["entrypoint"])
            main = self.options["main"] and target == self.options["entrypoint"]
            try_target(target, running.board, running.crash_end, self.territory, self.fresh, main)
        finally:
            leave(70)

    def wait(self, wake: int) -> None:
        poll = select.poll()
        poll.register(wake, select.POLLIN)
        for running in self.running.values():
            poll.register(running.output, select.POLLIN)
        soonest = min(running.deadline for running in self.running.values())
        for descriptor, event in poll.poll(max(1.0, (soonest - perf_counter()) * 1000 + 1)):
            if descriptor == wake:
                read_some(wake)
            elif event & select.POLLHUP and not event & select.POLLIN:
                poll.unregister(descriptor)

    def hurry(self, running: Running) -> None:
        """First ask where it is: faulthandler answers SIGABRT even from a loop in C. Then kill it."""
        os.kill(running.pid, signal.SIGKILL if running.overdue else signal.SIGABRT)
        running.overdue, running.deadline = True, perf_counter() + SUPERVISOR_GRACE

    def reap(self, running: Running) -> Document:
        del self.running[running.pid]
        kill_group(running.pid)  # what it left behind; its number cannot be taken while it is not reaped
        _, status, usage = os.wait4(running.pid, 0)
        running.pump()
        running.pass_on(len(running.pending))
        crash = read_some(running.crash).decode("utf-8", "replace")
        os.close(running.crash)
        os.close(running.output)
        stack, report, use = running.board.read()
        if not report:
            report = {"failure": self.describe_death(running, status, crash, stack)}
        elif report.get("failure"):
            report["failure"]["output"] = running.tail.decode("utf-8", "replace")
        if report.get("failure"):
            blame_network(report["failure"], use, self.territory)
        if not self.fresh:
            learn_codes(report.pop("sources", ()))  # the targets to come need not compile them again
        report.setdefault("ms", round((perf_counter() - running.began) * 1000, 1))
        report["peak_kb"] = usage.ru_maxrss // (1024 if sys.platform == "darwin" else 1)
        return dict(report, name=running.target)

    def describe_death(self, running: Running, status: int, crash: str, stack: list[str]) -> Document:
        chain = [
            describe_frame(file, int(line), None, function)
            for file, line, function in re.findall(r'^  File "(.*)", line (\d+) in (.*)$', crash, re.M)[::-1]
            if not is_machinery(file) and file != self.run.__code__.co_filename
        ] or [{"file": "", "line": 0, "module": name, "function": "<module>", "text": ""} for name in stack]
        failure: Document = {
            "chain": chain, "causes": [], "output": running.tail.decode("utf-8", "replace"),
            "party": self.territory.of_file(chain[-1]["file"]) if chain else None,
            "importing": stack, "exception": "",
        }  # fmt: skip
        if running.overdue:
            message = "still importing after %g s" % self.options["timeout"]
            return dict(failure, kind="hang", message=message)
        if os.WIFSIGNALED(status):
            number = os.WTERMSIG(status)
            starved = number == signal.SIGKILL and count_memory_kills() > running.memory_kills
            message = "killed by signal %d (%s)" % (number, signal.strsignal(number) if number else "")
            return dict(failure, kind="memory" if starved else "killed", message=message, signal=number)
        code = os.WEXITSTATUS(status)
        return dict(
            failure, kind="exit", exit_code=code, message="the process ended with status %d during the import" % code
        )


NEAR = 6  # lines


def blame_network(failure: Document, use: list[Any], territory: Territory) -> None:
    """An error of the application's making that followed upon what it asked of the network, or said so itself.

    The function that failed must have asked, a few lines before: what was caught long ago explains nothing. A loop
    that does not end may have asked anywhere in it.
    """
    if failure["kind"] not in ("other", "exit", "hang") or failure.get("exception") in NAMES_OF_MISTAKES:
        return
    own = [frame for frame in failure["chain"] if territory.of_file(frame["file"]) == "first"]
    asked = False
    for file, function, line in use[1] if use else ():
        for frame in own:
            if (frame["file"], frame["function"]) == (file, function):
                after, last = frame["line"] - line, frame is own[-1]
                asked = asked or (last if failure["kind"] == "hang" else 0 < after <= NEAR or (last and after == 0))
    offline = failure["kind"] != "other" and OFFLINE.search(failure.get("output") or "")
    if asked or offline:
        failure["message"] = failure["message"] + (" after asking for %s" % use[0] if asked else "")
        failure["kind"] = "network"
