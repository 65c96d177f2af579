"""Many services in one run: a plan of a hundred, and a release of twenty beside the release of a single one.

The services of this repository have a build context each and are alike, so a single one, released alone, stands for
the slowest. Twenty of them do twenty times its work on this machine, the local cloud's and the builds' included, and
that cannot take less than its processor seconds divided by the cores: this much is allowed on top.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from .bench_figures import TOOL, Bench, Figure, Ran, below
from .bench_traffic import FILES, LIVE
from .command import Command, Unexpected
from .configuration import SERVICE
from .repository import Repository

PLANNED, RELEASED = 100, 20
STEPS: tuple[dict[str, Any], ...] = ({"git_clean": None}, {"image_contents": None}, {"config_contract": None}, *LIVE)
MOST_MEMORY = 400.0  # MB
BESIDE_SLOWEST = 1.5


def figures(bench: Bench) -> Iterator[Figure]:
    place = bench.place / "many"
    names = [f"s{number:02}" for number in range(PLANNED)]
    repository = Repository.empty(place / "repository")
    for name in names:
        for path, text in FILES.items():
            repository.write(f"{name}/{path}", text)
    repository.commit("Begin")
    command = Command(place / "state")
    command.state.mkdir()
    with command.local_cloud():
        many = _Many(bench, command.state, repository)
        many.run("deploy", names[:1])  # what the first build of all prepares counts for none of them
        alone = many.run("plan", names[:1])
        planned = many.run("plan", names)
        yield Figure("plan of one service", f"{alone.seconds:.1f} s, {alone.cpu:.1f} s of processor time")
        yield Figure(f"plan of {PLANNED}", f"{planned.seconds:.1f} s, {planned.cpu:.1f} s of processor time")
        yield below("its peak memory", planned.memory, MOST_MEMORY, "MB")
        single, spent = many.release(names[:1], "alone")
        yield Figure(
            "release of one service", f"{single.seconds:.1f} s, {spent:.1f} s of processor time of all at work"
        )
        released, spent_by_all = many.release(names[:RELEASED], "together")
        shown = f"{released.seconds:.1f} s, {spent_by_all:.1f} s of processor time of all at work"
        allowed = RELEASED * spent / (os.cpu_count() or 1)
        limit = BESIDE_SLOWEST * single.seconds + allowed
        promised = f"under {BESIDE_SLOWEST} times the single one + {RELEASED} times its processor time over the cores: "
        yield Figure(f"release of {RELEASED}", shown, f"{promised}{limit:.1f} s", released.seconds < limit)
        yield below("its peak memory", released.memory, MOST_MEMORY, "MB")


@dataclass(frozen=True, slots=True)
class _Many:
    bench: Bench
    state: Path
    repository: Repository

    def release(self, names: list[str], message: str) -> tuple[Ran, float]:
        """Of a commit of its own, so that all is built; and the processor seconds of client, cloud, builds and all."""
        for name in names:
            self.repository.write(f"{name}/number.txt", message)
        self.repository.commit(message)
        cloud = int(json.loads((self.state / "local-cloud" / "endpoints.json").read_text())["pid"])
        before = _processor_seconds(cloud)
        ran = self.run("deploy", names)
        return ran, ran.cpu + _processor_seconds(cloud) - before

    def run(self, command: str, names: list[str]) -> Ran:
        """Raises Unexpected when it does not end well."""
        config = self.bench.place / "many.yaml"
        backend = {"port": 8080, "memory": "256Mi"}
        services = {
            name: {**backend, "cloud_run": f"many-{name}", "context": name, "dockerfile": f"{name}/Dockerfile"}
            for name in names
        }
        config.write_text(
            yaml.safe_dump({**SERVICE, "services": services, "steps": list(STEPS)}, sort_keys=False), encoding="utf-8"
        )
        words = ("--config", str(config), "--repo", str(self.repository.root), "--state", str(self.state))
        ran = self.bench.run(*TOOL, command, "--all", *words)
        if ran.code:
            raise Unexpected(f"{command} of {len(names)} services ended with {ran.code}: {ran.output[-500:].decode()}")
        return ran


def _processor_seconds(process: int) -> float:
    """Those of a process, of its descendants, and of those among them that have ended."""
    parents: dict[int, int] = {}
    spent: dict[int, float] = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = entry.read_text().rpartition(")")[2].split()
        except OSError:  # it has just ended
            continue
        number = int(entry.parent.name)
        parents[number] = int(fields[1])
        spent[number] = sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")

    def is_within(number: int) -> bool:
        while number in parents and number != process:
            number = parents[number]
        return number == process

    return sum(seconds for number, seconds in spent.items() if is_within(number))
