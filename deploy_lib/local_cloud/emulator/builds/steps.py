"""Runs the steps of a build in the order of waitFor, in parallel where it allows."""

from __future__ import annotations

import queue
from functools import partial

from google.cloud.devtools.cloudbuild_v1.types import Build

from ...worker import explain, start_worker
from .cancellation import Cancellation
from .order import prerequisites, ready
from .step import Site, StepRecord, label_of, run_step

STEP_FAILED = "STEP FAILED"


def run_steps(site: Site, cancellation: Cancellation) -> tuple[list[StepRecord], int | None]:
    """What became of every step, and the number of the one that failed the build.

    The first step that fails, and is not allowed to, ends the others that are running; those never started keep
    the status QUEUED. Returns when nothing runs any more.
    """
    steps = site.build.steps
    needs = prerequisites([step.id for step in steps], [step.wait_for for step in steps])
    records = [StepRecord() for _ in steps]
    started: set[int] = set()
    passed: set[int] = set()
    ended: queue.SimpleQueue[int] = queue.SimpleQueue()
    failed: int | None = None

    def work(number: int) -> None:
        records[number] = run_step(site, number, cancellation)
        ended.put(number)

    def fail(number: int, error: Exception) -> None:
        records[number] = StepRecord("FAILURE", problem=explain(error))
        ended.put(number)

    running = 0
    while True:
        for number in ready(needs, started, passed) if cancellation.reason is None else ():
            started.add(number)
            running += 1
            name = label_of(site.build, number) or "the only step"
            start_worker(partial(work, number), name, partial(fail, number))
        if not running:
            return records, failed
        number = ended.get()
        running -= 1
        if records[number].status == "SUCCESS" or _tolerated(site.build, number, records[number]):
            passed.add(number)
        elif failed is None and cancellation.reason is None:
            failed = number
            cancellation.end(STEP_FAILED)


def _tolerated(build: Build, number: int, record: StepRecord) -> bool:
    """allow_failure takes any exit code, allow_exit_codes those it lists; a step that never ran is neither."""
    step = build.steps[number]
    if record.status != "FAILURE" or record.problem:
        return False
    return bool(step.allow_failure) or record.exit_code in step.allow_exit_codes
