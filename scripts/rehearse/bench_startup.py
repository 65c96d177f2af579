"""How soon the command answers at all."""

from __future__ import annotations

from collections.abc import Iterator

from .bench_figures import ROOT, TOOL, Bench, Figure, below, median

_WORLDS = "google grpc pydantic yaml rich aiohttp httpx"
_LOADED = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
import deploy_lib.cli.process  # as the script does, which ends the process without another word
from deploy_lib.cli.bootstrap import run
try:
    run(["--help"])
except SystemExit:
    pass
print([name for name in {_WORLDS!r}.split() if name in sys.modules])
"""


def figures(bench: Bench) -> Iterator[Figure]:
    if bench.run(*TOOL, "--help").code:
        yield Figure("--help", "it fails", "under 0.200 s", False)
        return
    yield below("--help", median(lambda: bench.run(*TOOL, "--help").seconds), 0.2)
    ran = bench.run(TOOL[0], "-c", _LOADED)
    loaded = (ran.output.decode().splitlines() or ["it failed"])[-1]
    yield Figure("libraries that --help loads", loaded.strip("[]") or "none", "none", loaded == "[]")
