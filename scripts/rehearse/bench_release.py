"""A whole release, as a user types it, beside a script that only makes the calls; each builds a commit of its own."""

from __future__ import annotations

import json
import statistics
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx

from .bench_figures import Bench, Figure, compared
from .bench_traffic import FILES, UP, Stage, staged
from .command import Unexpected
from .configuration import SERVICE

TIMES = 5
SCRIPT = Path(__file__).with_name("bare_release.py")
STEPS = (*UP, {"probe": {"need": 1}}, {"promote": {"percent": 100}}, {"verify": {"path": "/health"}})
"""As much as the script does: one request to the candidate, then all traffic, then one to the main URL."""


def figures(bench: Bench) -> Iterator[Figure]:
    place = bench.place / "release"
    with staged(place) as stage:
        stage.play(STEPS)
        settings = place / "bare.json"
        settings.write_text(json.dumps(_settings(stage)), encoding="utf-8")
        ours, theirs = [], []
        for number in range(TIMES):  # in turn, so that what else the machine does falls on both alike
            _change(stage, f"ours {number}")
            ours.append(stage.play(STEPS).seconds)
            _change(stage, f"theirs {number}")
            ran = bench.run(
                sys.executable, str(SCRIPT), str(settings), env={"STORAGE_EMULATOR_HOST": stage.endpoints()["http"]}
            )
            if ran.code:
                raise Unexpected(f"{SCRIPT.name} ended with {ran.code}: {ran.output.decode()}")
            theirs.append(ran.seconds)
    yield compared("release", statistics.median(theirs), statistics.median(ours))


def _change(stage: Stage, what: str) -> None:
    stage.repository.write("app.py", f"{FILES['app.py']}# {what}\n")
    stage.repository.commit(what)


def _settings(stage: Stage) -> dict[str, str]:
    """What the script is told. It uploads to the bucket that the first release made."""
    http = stage.endpoints()["http"]
    buckets = httpx.get(f"{http}/storage/v1/b", params={"project": SERVICE["project"]}, trust_env=False, timeout=60)
    return {
        "grpc": stage.endpoints()["grpc"],
        "project": SERVICE["project"],
        "region": SERVICE["region"],
        "service": SERVICE["services"]["backend"]["cloud_run"],
        "image": f"{SERVICE['images']}/bare",
        "repository": str(stage.repository.root),
        "bucket": buckets.json()["items"][0]["name"],
    }
