"""The command `check` on 9,000 files of which the service imports 800 modules: first run, later runs, memory.

Its seconds are those of the whole process, from the start of the interpreter to the last line.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

from . import generated
from .bench_figures import TOOL, Bench, Figure, Ran, below, beside, median


def figures(bench: Bench) -> Iterator[Figure]:
    state = bench.place / "check-state"
    cold = [_check(bench, state, afresh=True) for _ in range(3)]
    warm = [_check(bench, state) for _ in range(5)]
    result = json.loads(warm[-1].output)
    whole = result["closure_modules"] > 700 and result["image_files"] > 7000 and not result["findings"]
    yield Figure("modules followed", str(result["closure_modules"]), "the whole closure", whole)
    yield below("check, nothing known", min(ran.seconds for ran in cold), 1.5)
    ours = sorted(ran.seconds for ran in warm)[len(warm) // 2]
    yield below("check, facts known", ours, 0.3)
    yield below("peak memory", max(ran.memory for ran in (*cold, *warm)), 200, "MB")
    yield beside("git status, same tree", median(lambda: bench.run("git", "status", cwd=bench.large).seconds), ours)


def _check(bench: Bench, state: Path, *, afresh: bool = False) -> Ran:
    if afresh:
        shutil.rmtree(state, ignore_errors=True)
    words = ("--repo", str(bench.large), "--entrypoint", generated.ENTRYPOINT, "--output", "json")
    return bench.run(*TOOL, "check", *words, "--state", str(state))
