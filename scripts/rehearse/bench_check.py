"""The command `check` on 9,000 files of which the service imports 800 modules: first run, later runs, memory.

Its seconds are those of the whole process, from the start of the interpreter to the last line.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

from . import generated
from .bench_figures import TOOL, Bench, Figure, Ran, below, beside, compared, median
from .repository import Repository


def figures(bench: Bench) -> Iterator[Figure]:
    state = bench.place / "check-state"
    cold = [_check(bench, state, afresh=True) for _ in range(3)]
    warm = [_check(bench, state) for _ in range(5)]
    result = json.loads(warm[-1].output)
    whole = result["closure_modules"] > 700 and result["image_files"] > 7000 and not result["findings"]
    yield Figure("modules followed", str(result["closure_modules"]), "the whole closure", whole)
    yield below("check, nothing known, 5,000 commits", min(ran.seconds for ran in cold), 1.5)
    ours = sorted(ran.seconds for ran in warm)[len(warm) // 2]
    yield below("check, facts known", ours, 0.4)
    yield below("check --why a module of it", median(lambda: _why(bench, state).seconds), 0.5)
    yield below("peak memory", max(ran.memory for ran in (*cold, *warm)), 200, "MB")
    yield from _peers(bench, ours, min(ran.seconds for ran in cold))
    yield from _a_module_is_gone(bench)


def _peers(bench: Bench, warm: float, cold: float) -> Iterator[Figure]:
    """Other programs that read the same tree, those that are installed here."""
    status = median(lambda: bench.run("git", "status", cwd=bench.large).seconds)
    yield beside("git status, same tree, facts known", status, warm)
    ruff = shutil.which("ruff", path=str(Path(TOOL[0]).parent)) or shutil.which("ruff")
    if ruff:
        checked = (ruff, "check", "--quiet", "--no-cache", "--select", "F,E9")
        seconds = median(lambda: bench.run(*checked, cwd=bench.large).seconds, 3)
        yield compared("check-cold", seconds, cold)
    if shutil.which("gcloud"):
        listed = ("gcloud", "meta", "list-files-for-upload", str(bench.large))
        yield compared("check", median(lambda: bench.run(*listed).seconds, 3), warm)
    else:
        yield Figure("gcloud meta list-files-for-upload", "gcloud is not installed here")


def _a_module_is_gone(bench: Bench) -> Iterator[Figure]:
    """The history is asked what became of it, and says which commit took it away."""
    place = bench.place / "without-a-module"
    bench.run("git", "clone", "--quiet", str(bench.large), str(place))
    gone = generated.lose_a_module(Repository(place))
    state = bench.place / "gone-state"
    ran = [bench.run(*TOOL, *_words(place, state)) for _ in range(3)]
    finding = next(each for each in json.loads(ran[0].output)["findings"] if each["module"] == gone)
    yield Figure("a module that a commit deleted", str(finding["cause"]), "deleted", finding["cause"] == "deleted")
    yield below("the same, facts and history to be read", ran[0].seconds, 2.5)
    yield below("the same again", min(each.seconds for each in ran[1:]), 1.0)


def _why(bench: Bench, state: Path) -> Ran:
    return bench.run(*TOOL, *_words(bench.large, state)[:-2], "--why", "backend.part001.module0041")


def _check(bench: Bench, state: Path, *, afresh: bool = False) -> Ran:
    if afresh:
        shutil.rmtree(state, ignore_errors=True)
    return bench.run(*TOOL, *_words(bench.large, state))


def _words(repository: Path, state: Path) -> tuple[str, ...]:
    entry = ("--entrypoint", generated.ENTRYPOINT)
    return ("check", "--repo", str(repository), *entry, "--state", str(state), "--output", "json")
