"""What a write, its end and a deletion make of a job, as recorded. Pure; each gives a copy.

At once a job is pending, Ready with the time of the last end; a deletion is a generation of its own, whose end is the
one that makes a new version.
"""

from __future__ import annotations

import datetime

from google.api.launch_stage_pb2 import GA
from google.cloud.run_v2.types import Condition, ExecutionReference, Job

from ..run import conditions as common
from ..run.change import RESTORABLE
from ..run.versions import stamp
from ..wire.caller import caller
from . import conditions, template
from .store import copied


def written(before: Job, wanted: Job, project: str, now: datetime.datetime) -> Job:
    """`before` is as it was, of a new one its name, uid and making. Raises RunRefusal."""
    job = copied(before)
    job.template, job.labels, job.annotations = wanted.template, wanted.labels, wanted.annotations
    job.client, job.client_version = wanted.client, wanted.client_version
    job.launch_stage = wanted.launch_stage or GA
    template.fill_in(job.template, project)
    template.check(job.template)
    if "latest_created_execution" not in job:
        job.latest_created_execution = ExecutionReference()
    _begin(job, now)
    return job


def settled(job: Job, before: Condition, now: datetime.datetime, message: str, reason: common.Reason | None) -> Job:
    """After a write, before which Ready was `before`; `message` and `reason` say what is wrong, if anything is."""
    state = conditions.FAILED if message else conditions.SUCCEEDED
    found = conditions.condition("Ready", state, now, message, reason)
    ended = copied(job)
    ended.terminal_condition = common.kept([before], found)
    ended.reconciling, ended.observed_generation = False, ended.generation
    return ended


def going(job: Job, now: datetime.datetime) -> Job:
    """As a deletion leaves it."""
    found = copied(job)
    _begin(found, now)
    found.delete_time, found.expire_time = found.update_time, found.update_time + RESTORABLE
    return found


def gone(going: Job, before: Condition, now: datetime.datetime) -> Job:
    ended = settled(going, before, now, "", None)
    stamp(ended, now)
    return ended


def _begin(job: Job, now: datetime.datetime) -> None:
    job.generation, job.last_modifier, job.reconciling = job.generation + 1, caller(), True
    stamp(job, now)
    job.terminal_condition, job.conditions = common.accepted(job.terminal_condition), []
