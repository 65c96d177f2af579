"""The figures the documents promise, measured in one run on this machine, each beside what it is compared with.

Seconds depend on the machine and on what else it does, so where it can be a figure is also given as a ratio to
another program's work on the same tree in the same run. A promise that is not kept ends the run with code 1.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path

from rich.console import Console
from rich.table import Table

from .bench_figures import Bench, Figure
from .bench_table import record

GROUPS: Mapping[str, str] = {
    "startup": "the start of every command, beside gcloud's",
    "cloud": "the local cloud's own start, a revision's, and its front door",
    "source": "build context and image contents of 9,000 files",
    "check": "`check` of these: nothing known, facts known, a module gone; its memory",
    "archive": "packing these, beside git and tarfile",
    "imports": "the import check inside an image, beside a plain import",
    "traffic": "requests lost while traffic moves, the time to take a sick candidate's users away, rollbacks",
    "gcloud": "status, rollback and a move of traffic, beside gcloud on the same local cloud",
    "release": "a whole release, beside a bare script of the same API calls",
    "quotas": "the calls of four services at once, beside the quotas of a minute",
    "many": "a plan of a hundred services, a release of twenty",
}
"""What each measures. Each is a module `bench_NAME` with a function `figures(bench)`."""


def run(console: Console, only: Sequence[str], *, recorded: bool = False) -> int:
    """Measures and prints; with `recorded`, the README's table is made anew. 1 when a promise is not kept."""
    found, load = list[Figure](), os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="bench-") as place:
        bench = Bench(Path(place))
        for name in only or GROUPS:
            measured = _show(console, name, _measure(name), bench)
            rows = [each.compared for each in measured if each.compared]
            if recorded and rows:
                record({row.row: (row.ours, row.theirs) for row in rows}, load)
            found += measured
    broken = sum(each.kept is False for each in found)
    console.print(f"{broken} promises not kept" if broken else "every promise kept")
    return 1 if broken else 0


def _measure(name: str) -> Callable[[Bench], Iterator[Figure]]:
    measure: Callable[[Bench], Iterator[Figure]] = import_module(f".bench_{name}", __package__).figures
    return measure


def _show(console: Console, name: str, measure: Callable[[Bench], Iterator[Figure]], bench: Bench) -> list[Figure]:
    """Prints one group, and gives it."""
    table = Table(title=name, title_justify="left", box=None, pad_edge=False)
    for heading in ("what", "measured", "promised", ""):
        table.add_column(heading, overflow="fold")
    begun, found = time.monotonic(), list[Figure]()
    for figure in measure(bench):
        found.append(figure)
        verdict = {True: "kept", False: "NOT KEPT", None: ""}[figure.kept]
        table.add_row(figure.what, figure.shown, figure.promised, verdict)
    console.print(table)
    console.print(f"measured in {time.monotonic() - begun:.1f} s\n")
    return found
