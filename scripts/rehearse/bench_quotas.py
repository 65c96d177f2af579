"""Four services in one run, on a local cloud as strict as production: the calls of each method beside its quota.

Quotas are by the minute and never scaled. What takes its time at Google takes a tenth of it here, so there are more
calls in a minute than there would be, and none fewer.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import httpx
import yaml

from .bench_figures import TOOL, Bench, Figure
from .bench_traffic import FILES
from .command import Command, Unexpected
from .configuration import SERVICE
from .repository import Repository

SERVICES = ("auth", "jobs", "shop", "web")
STEPS: tuple[dict[str, Any], ...] = (
    {"build": {"timeout": "5m"}},
    {"canary": None},
    {"probe": {"path": "/"}},
    {"promote": {"percent": 10, "bake": "20s", "path": "/"}},
    {"compare": {"for": "20s", "path": "/"}},
    {"promote": {"percent": 100}},
    {"verify": None},
)
FIRST: tuple[dict[str, Any], ...] = (STEPS[0], STEPS[1], {"promote": {"percent": 100}})
"""Of the release before it, which only makes what the measured one is compared with."""
SCALE = 0.1
MINUTE = 60.0
QUOTAS: Mapping[str, tuple[tuple[str, ...], int]] = {
    "Logging: reads": (("LoggingServiceV2/List",), 60),
    "Cloud Build: GetBuild": (("CloudBuild/GetBuild",), 60),
    "Cloud Run: reads": (("run.v2.Services/Get", "run.v2.Revisions/Get", "run.v2.Revisions/List"), 600),
}
"""Of which methods, and how many calls a minute a recent project may make."""
WRITES, WRITES_QUOTA = ("run.v2.Services/Create", "run.v2.Services/Update"), 30
"""What four services must write may be more than a recent project's quota: then they wait, and go on."""


def figures(bench: Bench) -> Iterator[Figure]:
    place = bench.place / "quotas"
    repository = Repository.empty(place / "repository")
    for path, text in FILES.items():
        repository.write(path, text)
    repository.commit("Begin")
    command = replace(Command(place / "state"), options=("--profile", "production", "--time-scale", str(SCALE)))
    command.state.mkdir()
    with command.local_cloud():
        _release(bench, command, repository, 0, FIRST)
        before = len(_calls(command))
        _release(bench, command, repository, 1, STEPS)
        calls = _calls(command)[before:]
    times: defaultdict[str, list[float]] = defaultdict(list)
    refused: Counter[str] = Counter()
    for call in calls:
        times[call["method"]].append(_seconds(call["at"]))
        refused[call["method"]] += call["code"] == "RESOURCE_EXHAUSTED"
    for what, (methods, quota) in QUOTAS.items():
        most = peak(sorted(at for name in times if _is_of(name, methods) for at in times[name]))
        none = not sum(refused[name] for name in times if _is_of(name, methods))
        shown = f"at most {most} calls in a minute" + ("" if none else ", some refused")
        yield Figure(f"{what} of {len(SERVICES)} services at once", shown, f"within {quota}", most <= quota and none)
    written = sum(len(times[name]) - refused[name] for name in times if _is_of(name, WRITES))
    again = sum(refused[name] for name in times if _is_of(name, WRITES))
    shown = f"{written} in all, {again} of them refused before and made again"
    yield Figure(f"Cloud Run: writes, of which {WRITES_QUOTA} a minute are allowed", shown)
    for name, each in sorted(times.items(), key=lambda item: -len(item[1])):
        yield Figure(name, f"{len(each)} calls, at most {peak(sorted(each))} in a minute")


def peak(times: Sequence[float]) -> int:
    """The most in any minute; `times` in seconds, sorted."""
    return max((bisect_left(times, at + MINUTE) - index for index, at in enumerate(times)), default=0)


def _is_of(method: str, parts: Sequence[str]) -> bool:
    return any(part in method for part in parts)


def _release(
    bench: Bench, command: Command, repository: Repository, number: int, steps: Sequence[Mapping[str, Any]]
) -> None:
    config = bench.place / "quotas.yaml"
    about = {"port": 8080, "memory": "256Mi", "env": {"NUMBER": str(number)}}
    services = {name: {**about, "cloud_run": f"quotas-{name}"} for name in SERVICES}
    document = {**SERVICE, "services": services, "steps": list(steps)}
    config.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
    where = ("--config", str(config), "--repo", str(repository.root), "--state", str(command.state))
    ran = bench.run(*TOOL, "deploy", "--all", *where)
    if ran.code:
        raise Unexpected(f"the release of {len(SERVICES)} services ended with {ran.code}: {ran.output[-800:].decode()}")


def _calls(command: Command) -> list[dict[str, Any]]:
    http = json.loads((command.state / "local-cloud" / "endpoints.json").read_text())["http"]
    found: list[dict[str, Any]] = httpx.get(f"{http}/_local/calls?after=0", trust_env=False, timeout=60).json()["calls"]
    return found


def _seconds(at: str | float) -> float:
    return datetime.fromisoformat(at).timestamp() if isinstance(at, str) else at
