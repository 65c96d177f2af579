"""The command in a process forked from one that has imported it: a fuzzed case costs its own work and no start-up.

The processor's time and the memory are those that the case adds; a case that goes far beyond what is allowed is ended
by the system.
"""

from __future__ import annotations

import io
import json
import os
import resource
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.forked import begin
from tests.hostile.limits import PATIENCE, Ran


def run_forked(words: Sequence[str], cwd: Path, variables: Mapping[str, str], place: Path) -> Ran:
    """`place` is an empty directory for what it prints. Fails where it hangs."""
    process = begin(_play, [*words], cwd, dict(variables), place)
    process.join(PATIENCE)
    if process.exitcode is None:
        process.kill()
        process.join()
        raise AssertionError(f"still running after {PATIENCE} s: {words}")
    used = json.loads((place / "used").read_text()) if (place / "used").exists() else {"seconds": 0, "megabytes": 0}
    return Ran(
        process.exitcode,
        (place / "out").read_bytes().decode("utf-8", "backslashreplace"),
        (place / "err").read_bytes().decode("utf-8", "backslashreplace"),
        used["seconds"],
        used["megabytes"],
    )


def _play(words: list[str], cwd: Path, variables: dict[str, str], place: Path) -> None:
    from deploy_lib.cli.main import main

    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.environ.update(variables)
    os.chdir(cwd)
    for number, name in ((1, "out"), (2, "err")):
        handle = os.open(place / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(handle, number)
    encoding = variables.get("PYTHONIOENCODING", "utf-8:strict").partition(":")[0]
    sys.stdout = io.TextIOWrapper(io.FileIO(1, "w", closefd=False), encoding=encoding, errors="strict")
    sys.stderr = io.TextIOWrapper(io.FileIO(2, "w", closefd=False), encoding=encoding, errors="backslashreplace")
    resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
    resource.setrlimit(resource.RLIMIT_CPU, (60, 60))
    begun = _used()
    code: object
    try:
        code = main(words)
    except SystemExit as ended:
        code = ended.code
    sys.stdout.flush()
    sys.stderr.flush()
    seconds = _used() - begun
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    (place / "used").write_text(json.dumps({"seconds": seconds, "megabytes": megabytes}))
    os._exit(code if isinstance(code, int) else 1)


def _used() -> float:
    """Seconds of the processor, git's included."""
    return sum(
        used.ru_utime + used.ru_stime
        for used in (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN))
    )
