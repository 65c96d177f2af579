"""What a measurement gives, and the means to make one: timed commands, their memory, a large repository."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from . import generated
from .bench_table import ROWS

ROOT = Path(__file__).resolve().parents[2]
TOOL = (sys.executable, str(ROOT / "scripts" / "deploy_to_gcp.py"))


@dataclass(frozen=True, slots=True)
class Figure:
    """One row. `kept` is None where nothing is promised."""

    what: str
    shown: str
    promised: str = ""
    kept: bool | None = None
    compared: Compared | None = None


@dataclass(frozen=True, slots=True)
class Compared:
    """Seconds of ours and of another program, for a row of the README's table (bench_table.py)."""

    row: str
    ours: float
    theirs: float


def below(what: str, value: float, limit: float, unit: str = "s") -> Figure:
    """A figure that must not be above `limit`."""
    return Figure(what, _spoken(value, unit), f"under {_spoken(limit, unit)}", value < limit)


def beside(what: str, theirs: float, ours: float) -> Figure:
    """Another program's seconds on the same work, and ours as a multiple of them."""
    return Figure(what, _ratio(ours, theirs))


def compared(row: str, theirs: float, ours: float) -> Figure:
    """The same for a row of the README's table, with what is promised there."""
    about = ROWS[row]
    what = f"{about.work}, beside {about.peer}".replace("`", "").replace("\\|", "|")
    promised = "" if about.goal is None else f"at most {about.goal:g} times"
    kept = None if about.goal is None else ours <= about.goal * theirs
    return Figure(what, f"{ours:.3f} s; {_ratio(ours, theirs)}", promised, kept, Compared(row, ours, theirs))


def _ratio(ours: float, theirs: float) -> str:
    return f"{_spoken(theirs, 's')}; ours takes {ours / theirs:.2f} times that"


def _spoken(value: float, unit: str) -> str:
    return f"{value:.3f} s" if unit == "s" else f"{value:.{2 if unit == 'times' else 0}f} {unit}"


@dataclass(frozen=True, slots=True)
class Ran:
    """`memory` is the peak in MB of the command and what it started, `cpu` their seconds of processor time."""

    seconds: float
    memory: float
    code: int
    output: bytes
    cpu: float


class Bench:
    """A directory to work in, removed afterwards, with the generated repository in it once somebody asks."""

    def __init__(self, place: Path) -> None:
        self.place = place

    @cached_property
    def large(self) -> Path:
        """A working copy of 9,000 tracked files and 5,000 commits."""
        root = self.place / "large"
        generated.generate(root)
        return root

    def run(self, *words: str, cwd: Path | None = None, env: Mapping[str, str] | None = None) -> Ran:
        """Runs a command to its end. Its exit code is for the caller to judge."""
        begun = time.perf_counter()
        process = subprocess.Popen(
            words,
            cwd=cwd or self.place,
            env={**_as_users_have_it(), **(env or {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert process.stdout is not None
        output = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.perf_counter() - begun
        process.stdout.close()
        return Ran(seconds, usage.ru_maxrss / 1024, process.returncode, output, usage.ru_utime + usage.ru_stime)


def _as_users_have_it() -> dict[str, str]:
    """This process's environment; a command keeps the bytecode of its modules, as it does by default."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def median(measure: Callable[[], float], times: int = 5) -> float:
    """The middle of several runs, since a single one says little on a busy machine."""
    return statistics.median(measure() for _ in range(times))
