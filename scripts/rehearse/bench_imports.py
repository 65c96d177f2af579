"""The import check inside an image: what it costs beside a plain import there, and what a second core saves it."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from .bench_figures import Bench, Figure, below, compared

if TYPE_CHECKING:
    from deploy_lib.drivers.engines import Engine

MODULES = 400
TIMES_PLAIN = 1.15
TIMES_TWO_CORES = 1.6
# Enough of the standard library that importing it takes as long as a small service's dependencies do.
_ENTRY = (
    "import asyncio, concurrent.futures, email.message, http.client, json, logging.config, sqlite3, ssl, unittest\n"
)


def figures(bench: Bench) -> Iterator[Figure]:
    from deploy_lib.drivers.engines import choose

    engine = choose("namespaces", bench.place / "engine")
    image = _build(engine, bench.place / "small", {"entry.py": _ENTRY})
    start, plain, checked = _medians(
        7,
        lambda: _run(engine, image, ("-c", "pass")),
        lambda: _run(engine, image, ("-c", "import entry")),
        lambda: _check(engine, image, entrypoint="entry"),
    )
    yield compared("import", plain, checked)
    limit = TIMES_PLAIN * plain + start
    yield below(f"the import check of it ({TIMES_PLAIN} times that and one more start of python)", checked, limit)
    many = {f"app/part_{number}.py": _module(number) for number in range(MODULES)}
    image = _build(engine, bench.place / "many", {"entry.py": "", "app/__init__.py": "", **many})
    cores = len(os.sched_getaffinity(0))
    one, both = _medians(
        3,
        lambda: _check(engine, image, all=True, entrypoint="entry", jobs=1),
        lambda: _check(engine, image, all=True, entrypoint="entry"),
    )
    yield Figure(f"all: true with {MODULES} modules, one at a time", f"{one:.2f} s")
    if cores > 1:
        yield below(f"the same on {cores} cores ({one / both:.2f} times as fast)", both, one / TIMES_TWO_CORES)


def _medians(times: int, *measures: Callable[[], float]) -> list[float]:
    """Taken in turn, so that what else the machine does falls on all of them alike."""
    rounds = [[measure() for measure in measures] for _ in range(times)]
    return [statistics.median(column) for column in zip(*rounds, strict=True)]


def _module(number: int) -> str:
    """Some milliseconds of work at import, so that there is something to share out."""
    return f"import decimal, json\nVALUES = [json.dumps(i * {number}) for i in range(1_000)]\n"


def _build(engine: Engine, context: Path, files: Mapping[str, str]) -> str:
    from deploy_lib.drivers.engines import BuildSpec

    for name, text in {"Dockerfile": "FROM python:3.11-slim\nWORKDIR /app\nCOPY . .\n", **files}.items():
        path = context / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return engine.build(BuildSpec(context), lambda line: None, lambda: False).digest


def _run(engine: Engine, image: str, command: tuple[str, ...]) -> float:
    from deploy_lib.drivers.engines import RunSpec

    begun = time.perf_counter()
    spec = RunSpec(image, command=command, entrypoint=("python",), network=False, read_only=True)
    code = engine.run(spec).wait()
    assert code == 0, f"python {command} ended with {code}"
    return time.perf_counter() - begun


def _check(engine: Engine, image: str, **options: object) -> float:
    from deploy_lib.drivers.builds.check import CheckPlan
    from deploy_lib.drivers.builds.local_check import run_check
    from deploy_lib.drivers.clock import SystemClock
    from deploy_lib.in_image.options import ProbeOptions
    from deploy_lib.in_image.result import read_result

    plan = CheckPlan(ProbeOptions("bench", **options))  # type: ignore[arg-type]
    begun = time.perf_counter()
    output, _ = run_check(engine, plan, image, SystemClock(), 300.0, lambda line: None)
    seconds = time.perf_counter() - begun
    result = read_result(output, "bench")
    assert result.verdict == "passed", f"the check of a clean image said {result.verdict}"
    return seconds
