"""Import every module of an application in little more time than the entrypoint alone."""

from __future__ import annotations

import json
import marshal
import os
import sys
from typing import Any, Callable

from deploy_lib.in_image.probe import Document
from deploy_lib.in_image.probe.begin import STARTED_WITH
from deploy_lib.in_image.probe.codes import CODES, learn_codes
from deploy_lib.in_image.probe.paths import Territory
from deploy_lib.in_image.probe.processes import collect, count_threads, fork_call, write_all
from deploy_lib.in_image.probe.supervisor import Supervisor
from deploy_lib.in_image.probe.target import forget_probe


def compile_sources(files: list[str], jobs: int, deadline: float) -> None:
    """Learn their code on all cores, in separate processes: a compiler that crashes must not take this one."""

    def compile_slice(part: list[str]) -> Callable[[int], None]:
        def work(writing: int) -> None:
            learn_codes(part)
            write_all(writing, marshal.dumps({file: CODES[file] for file in part if file in CODES}))

        return work

    unknown = [file for file in files if file not in CODES]
    for pid, reading in [fork_call(compile_slice(unknown[i::jobs])) for i in range(jobs)]:
        data = collect(reading, deadline, pid)
        try:
            CODES.update(marshal.loads(data))
        except (EOFError, ValueError, TypeError):
            continue


def warm_groups(loaded: list[list[Any]]) -> list[list[str]]:
    """What the entrypoint loaded that is not its own: Python's modules as one group, then each slow package."""
    groups: dict[str, list[str]] = {}
    cost: dict[str, float] = {}
    for name, spent in loaded:
        top = name.partition(".")[0]
        key = "" if top in getattr(sys, "stdlib_module_names", ()) else top
        groups.setdefault(key, []).append(name)
        cost[key] = max(cost.get(key, 0.0), spent)
    return [names for key, names in sorted(groups.items(), key=lambda g: g[0] != "") if key == "" or cost[key] >= 3.0]


def grow_warm(groups: list[list[str]], territory: Territory) -> None:
    """Import each group in a fork of what came before. A fork fit to be forked from goes on in its parent's place;
    one that started threads, loaded the application's modules, or failed is dropped with all it did."""
    for group in groups:
        pid = os.fork()
        if pid == 0:
            for name in group:
                try:
                    __import__(name)
                except BaseException:
                    os._exit(3)
            own = any(territory.of_module(name) == "first" for name in set(sys.modules) - STARTED_WITH)
            if own or count_threads() != 1:
                os._exit(3)
        else:
            _, status = os.waitpid(pid, 0)
            if not (os.WIFEXITED(status) and os.WEXITSTATUS(status) == 3):
                os._exit(0)  # it did the rest, or died doing it


def run_warm(
    supervisor: Supervisor,
    targets: list[str],
    jobs: int,
    deadline: float,
    groups: list[list[str]],
    finished: Callable[[Document], None],
) -> list[str]:
    """Run targets from a process that has the dependencies loaded and nothing of the application. Those left over."""

    def work(writing: int) -> None:
        forget_probe(supervisor.path, supervisor.options["entrypoint"])
        grow_warm(groups, supervisor.territory)
        import gc

        gc.freeze()
        supervisor.fresh, supervisor.private = False, [*supervisor.private, writing]
        supervisor.run(targets, jobs, deadline, lambda r: write_all(writing, json.dumps(r).encode("ascii") + b"\n"))

    pid, reading = fork_call(work)
    left = set(targets)
    for line in collect(reading, deadline + 5, pid).split(b"\n"):
        try:
            report = json.loads(line)
        except ValueError:
            continue  # it died while writing
        left.discard(report["name"])
        finished(report)
    return [t for t in targets if t in left]


def choose_targets(options: Document, modules: dict[str, str]) -> list[str]:
    """Modules to import besides the entrypoint: those of `also`, and of the whole application with `all`."""
    if not (options["also"] or options["all"]):
        return []
    from fnmatch import fnmatchcase

    wanted = [name for name in options["also"] if name not in modules]
    for name in sorted(modules):
        inside = any(name == package or name.startswith(package + ".") for package in options["also"])
        left_out = any(fnmatchcase(name, pattern) for pattern in options["exclude"])
        if inside or (options["all"] and not left_out):
            wanted.append(name)
    entry = options["entrypoint"].partition(":")[0]
    return [name for name in wanted if name != entry]
