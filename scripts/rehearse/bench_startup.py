"""How soon the command answers at all."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from functools import partial

from .bench_figures import ROOT, TOOL, Bench, Figure, below, compared, median

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


HELP = 0.1  # seconds, as for every command; what `status` takes is in bench_gcloud.py
COMMANDS = (
    *("deploy", "plan", "check", "resume", "rollback", "approve", "hold", "status", "logs", "open", "history"),
    *("prune", "report", "local", "init", "doctor", "selftest", "completion"),
)


def figures(bench: Bench) -> Iterator[Figure]:
    if bench.run(*TOOL, "--help").code:
        yield Figure("--help", "it fails", f"under {HELP:.3f} s", False)
        return
    ours = median(lambda: bench.run(*TOOL, "--help").seconds)
    yield below("--help", ours, HELP)
    seconds, name = max((median(partial(_help_of, bench, name), 3), name) for name in COMMANDS)
    yield below(f"COMMAND --help, the slowest: {name}", seconds, HELP)
    if shutil.which("gcloud"):
        yield compared("help", median(lambda: bench.run("gcloud", "run", "--help").seconds), ours)
    ran = bench.run(TOOL[0], "-c", _LOADED)
    loaded = (ran.output.decode().splitlines() or ["it failed"])[-1]
    yield Figure("libraries that --help loads", loaded.strip("[]") or "none", "none", loaded == "[]")


def _help_of(bench: Bench, command: str) -> float:
    return bench.run(*TOOL, command, "--help").seconds
