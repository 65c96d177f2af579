"""How an execution ended: what is kept of it, and the sentence for it."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass, replace

from deploy_lib.model.answers import JobSeen, JobState
from deploy_lib.model.details import Details
from deploy_lib.model.evidence import Evidence, LogLine, LogSource
from deploy_lib.steps.job.settings import JobSettings
from deploy_lib.steps.kind import format_duration

_LAST = 20
"""Lines of its log that are kept with the verdict."""


@dataclass(frozen=True, slots=True)
class JobDetails(Details):
    """How the execution ended. `way_back` is the rollback command, and `undone` what came of it where it ran."""

    name: str = ""
    execution: str = ""
    exit_code: int | None = None
    log: tuple[str, ...] = ()
    way_back: str = ""
    undone: str = ""

    def lines(self) -> Iterator[str]:
        yield f"execution: {self.execution}"
        yield from (f"| {line}" for line in self.log)
        if self.way_back:
            yield f"rollback command: {self.way_back} ({self.undone or 'not run'})"

    def blames_image(self) -> bool:
        """A database that was away, or data that a migration cannot move, is no fault of the image."""
        return False

    def evidence(self) -> Evidence:
        return Evidence(log=tuple(LogLine(None, line) for line in self.log))

    def taken_back(self, how: str) -> JobDetails:
        return replace(self, undone=how)

    def left_behind(self) -> str:
        if self.undone:
            return ""
        way = f"its rollback command was not run: {self.way_back}" if self.way_back else "it has no rollback_command"
        return f"what the job {self.name} did stays; {way}"


def how_it_ended(settings: JobSettings, answer: JobSeen) -> str:
    last = next((text.strip() for text in reversed(_own_words(answer)) if text.strip()), "")
    words = f": {last[:200]}" if last else ""
    tasks = f" ({answer.tasks})" if answer.tasks else ""
    match answer.state:
        case JobState.SUCCEEDED if not answer.ran:
            return f"{answer.name} has the image, and was not executed"
        case JobState.SUCCEEDED:
            return f"{answer.name} ended well{words}"
        case JobState.GONE:
            return f"{answer.name} was deleted before it was seen to end; whether it had its effect is not known"
        case JobState.CANCELLED if answer.timed_out:
            return f"{answer.name} did not end within {format_duration(settings.longest)} and was cancelled{words}"
        case JobState.CANCELLED:
            return f"{answer.name} was cancelled{words}"
        case JobState.FAILED | JobState.RUNNING if answer.exit_code:
            return f"{answer.name} ended with exit code {answer.exit_code}{tasks}{words}"
        case JobState.FAILED | JobState.RUNNING:
            return f"{answer.name} failed: {answer.message.rstrip('.') or 'Cloud Run does not say why'}{tasks}{words}"


def _own_words(answer: JobSeen) -> tuple[str, ...]:
    """What the container wrote; the platform's lines say only that it began and ended."""
    return tuple(line.text.rstrip() for line in answer.lines if line.source is not LogSource.SYSTEM)


def details_of(settings: JobSettings, answer: JobSeen, undone: str = "") -> JobDetails:
    return JobDetails(
        settings.name,
        answer.name,
        answer.exit_code,
        _own_words(answer)[-_LAST:],
        shlex.join(settings.rollback_command),
        undone,
    )
