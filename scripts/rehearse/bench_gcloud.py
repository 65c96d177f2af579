"""Looking at a service and moving its traffic: our commands beside gcloud's, on the same local cloud."""

from __future__ import annotations

import shutil
import statistics
from collections.abc import Iterator

from .bench_figures import TOOL, Bench, Figure, Ran, below, compared
from .bench_traffic import UP, staged
from .command import Unexpected
from .configuration import SERVICE

TIMES = 5
NAME = SERVICE["services"]["backend"]["cloud_run"]
STEPS = (*UP, {"promote": {"percent": 10}}, {"promote": {"percent": 100}})


def figures(bench: Bench) -> Iterator[Figure]:
    with staged(bench.place / "gcloud") as stage:
        old, new = (stage.play(STEPS, {"NUMBER": str(number)}) for number in range(2))
        between = (old.release["candidate"], new.release["candidate"])

        def ours(*words: str) -> Ran:
            return _good(bench.run(*TOOL, *words, *stage.where()))

        looks = [ours("status") for _ in range(TIMES)]
        yield below("`status` of one service", _middle(looks), 0.5)
        yield Figure("its processor time", f"{statistics.median(ran.cpu for ran in looks):.3f} s")
        if not shutil.which("gcloud"):
            yield Figure("rollback, moves and status beside gcloud", "gcloud is not installed here")
            return
        variables = stage.gcloud()

        def gcloud(*words: str) -> Ran:
            about = ("--project", SERVICE["project"], "--region", SERVICE["region"], "--quiet")
            return _good(bench.run("gcloud", "run", "services", *words, *about, env=variables))

        described = [gcloud("describe", NAME) for _ in range(TIMES)]
        yield compared("status", _middle(described), _middle(looks))
        moved, theirs = [], []
        for number in range(TIMES):  # in turn, so that what else the machine does falls on both alike
            target = between[number % 2]
            moved.append(ours("rollback", "--to", target))
            theirs.append(gcloud("update-traffic", NAME, "--to-revisions", f"{between[1 - number % 2]}=100"))
        yield compared("rollback", _middle(theirs), _middle(moved))
        shares: list[float] = []
        tenths: list[Ran] = []
        for number in range(TIMES):
            run = stage.play(STEPS, {"NUMBER": f"share {number}"})
            label = "promote 10 %"
            shares.append(next(event["seconds"] for event in run.of_type("judged") if event["label"] == label))
            candidate = run.release["candidate"]
            for parts in (f"{candidate}=90,{between[0]}=10", f"{candidate}=100"):
                tenths.append(gcloud("update-traffic", NAME, "--to-revisions", parts))
        yield compared("move", _middle(tenths), statistics.median(shares))


def _middle(runs: list[Ran]) -> float:
    return statistics.median(ran.seconds for ran in runs)


def _good(ran: Ran) -> Ran:
    if ran.code:
        raise Unexpected(f"a command ended with {ran.code}: {ran.output[-500:].decode()}")
    return ran
