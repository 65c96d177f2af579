"""Jobs, executions and tasks, in memory: the local cloud forgets them at its end, as it does operations.

Whoever looks at a record or changes it holds `lock`; what is handed out is a copy.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TypeVar

from google.cloud.run_v2.types import Execution, Job, Task

from ..run.refusal import RunRefusal
from .names import JobName, parse

_Kind = TypeVar("_Kind", Job, Execution, Task)


@dataclass
class ExecutionRecord:
    execution: Execution
    tasks: list[Task]
    cancelled: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)


@dataclass
class JobRecord:
    name: JobName
    job: Job
    policy: bytes = b""  # a google.iam.v1.Policy
    executions: dict[str, ExecutionRecord] = field(default_factory=dict)  # by short name, oldest first


class JobStore:
    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.jobs: dict[str, JobRecord] = {}  # by full name

    def job(self, name: JobName) -> JobRecord:
        """Raises RunRefusal NOT_FOUND."""
        found = self.jobs.get(name.full_job)
        if found is None:
            raise _missing("JOB", name.job, name)
        return found

    def execution(self, text: str) -> ExecutionRecord:
        """By its full name, in which the job may be "-". Raises RunRefusal NOT_FOUND."""
        name = parse(text)
        for record in self.below(name):
            if name.execution in record.executions:
                return record.executions[name.execution]
        raise _missing("EXECUTION", name.execution, name)

    def task(self, text: str) -> Task:
        """Raises RunRefusal NOT_FOUND."""
        for task in self.execution(text.rpartition("/tasks/")[0]).tasks:
            if task.name.rpartition("/")[2] == text.rpartition("/")[2]:
                return task
        raise _missing("TASK", text.rpartition("/")[2], parse(text))

    def below(self, name: JobName) -> list[JobRecord]:
        """The job, or for "-" all of its place. Raises RunRefusal NOT_FOUND."""
        if name.job != "-":
            return [self.job(name)]
        return [record for key, record in sorted(self.jobs.items()) if key.startswith(f"{name.parent}/")]


def copied(message: _Kind) -> _Kind:
    kind = type(message)
    found: _Kind = kind.deserialize(kind.serialize(message))
    return found


def _missing(kind: str, short: str, name: JobName) -> RunRefusal:
    """The sentence as it was recorded for a job."""
    place = f"in region '{name.location}' in project '{name.project}'"
    return RunRefusal("NOT_FOUND", f"Resource '{short}' of kind '{kind}' {place} does not exist.")
