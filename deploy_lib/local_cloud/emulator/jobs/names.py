"""Parses and makes the names of jobs, executions and tasks.

https://cloud.google.com/run/docs/reference/rest/v2/projects.locations.jobs
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass

from ..run.refusal import invalid

_ID = r"[a-z](?:[a-z0-9-]*[a-z0-9])?"
_PLACE = r"projects/[a-z0-9][a-z0-9-]*/locations/[a-z0-9-]+"
_NAME = re.compile(
    rf"(?P<parent>{_PLACE})/jobs/(?P<job>{_ID}|-)(?:/executions/(?P<execution>{_ID}|-)(?:/tasks/(?P<task>{_ID}))?)?"
)
_LONGEST = 49
_LETTERS = "bcdfghjkmnpqrstvwxz2456789"  # none that make words


@dataclass(frozen=True, slots=True)
class JobName:
    """`execution` and `task` are "" where the name is of what they are in."""

    parent: str  # projects/P/locations/L
    job: str
    execution: str = ""
    task: str = ""

    @property
    def project(self) -> str:
        return self.parent.split("/")[1]

    @property
    def location(self) -> str:
        return self.parent.split("/")[3]

    @property
    def full_job(self) -> str:
        return f"{self.parent}/jobs/{self.job}"


def parse(text: str) -> JobName:
    """Raises RunRefusal."""
    match = _NAME.fullmatch(text)
    if match is None or len(match["job"]) > _LONGEST:
        raise invalid(
            f"invalid name {text!r}: want projects/PROJECT/locations/LOCATION/jobs/JOB, and below it "
            f"/executions/EXECUTION/tasks/TASK; a job of lower-case letters, digits and hyphens, at most {_LONGEST}"
        )
    return JobName(match["parent"], match["job"], match["execution"] or "", match["task"] or "")


def parse_job(text: str) -> JobName:
    """Of a job itself. Raises RunRefusal."""
    found = parse(text)
    if found.execution or found.job == "-":
        raise invalid(f"invalid name {text!r}: want projects/PROJECT/locations/LOCATION/jobs/JOB")
    return found


def new_execution(job: str) -> str:
    """JOB-abcde, as Cloud Run names them."""
    return f"{job}-{''.join(random.choices(_LETTERS, k=5))}"
