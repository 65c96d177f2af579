"""How soon the command answers at all."""

from __future__ import annotations

from collections.abc import Iterator

from .bench_figures import TOOL, Bench, Figure, below, median

_WORLDS = "google grpc pydantic yaml rich aiohttp httpx"
_LOADED = f"""
import sys
sys.argv = ["deploy_to_gcp.py", "--help"]
import runpy
try:
    runpy.run_path({TOOL[1]!r}, run_name="__main__")
except SystemExit:
    pass
print([name for name in {_WORLDS!r}.split() if name in sys.modules], file=sys.stdout)
"""


def figures(bench: Bench) -> Iterator[Figure]:
    if bench.run(*TOOL, "--help").code:
        yield Figure("--help", "it fails", "under 0.200 s", False)
        return
    yield below("--help", median(lambda: bench.run(*TOOL, "--help").seconds), 0.2)
    ran = bench.run(TOOL[0], "-c", _LOADED)
    loaded = (ran.output.decode().splitlines() or ["it failed"])[-1]
    yield Figure("libraries that --help loads", loaded.strip("[]") or "none", "none", loaded == "[]")
