"""How a Cloud Build ended, as an answer: image, import check, or trouble in words. Pure over the client's messages.

Field meanings: https://cloud.google.com/build/docs/api/reference/rest/v1/projects.builds; digests are told only for
images under Build.images, and those are pushed only after every step passed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from deploy_lib.drivers.builds.failure_line import failure_line, plain
from deploy_lib.drivers.builds.log import BuildLog
from deploy_lib.drivers.builds.request import CHECK, KEEP
from deploy_lib.model.evidence import BuildEnd, BuildFailure, BuildTrouble
from deploy_lib.model.image_names import by_digest, repository_of

if TYPE_CHECKING:
    from google.cloud.devtools.cloudbuild_v1 import Build, BuildStep

TAIL = 30  # lines
UNDER_WAY = frozenset({"PENDING", "QUEUED", "WORKING"})
WITHOUT_VERDICT = frozenset({"CANCELLED", "EXPIRED", "INTERNAL_ERROR"})
"""Such a build says nothing about the commit: it is built again when it is asked for again."""


def image_of(build: Build) -> str | None:
    """name@sha256:..., when it was pushed."""
    if build.status.name != "SUCCESS":
        return None
    for pushed in build.results.images:
        if pushed.digest:
            return by_digest(repository_of(pushed.name), pushed.digest)
    return None


def output_of(build: Build, step: str) -> bytes:
    """What the step wrote to its output file."""
    outputs = list(build.results.build_step_outputs)
    number = next((i for i, one in enumerate(build.steps) if one.id == step), len(outputs))
    return bytes(outputs[number]) if number < len(outputs) else b""


def trouble_of(build: Build, log: BuildLog) -> BuildTrouble | None:
    """None for a build that succeeded."""
    status = build.status.name
    if status == "SUCCESS":
        return None
    kind = BuildFailure(build.failure_info.type_.name if build.failure_info.type_ else "")
    step = failed_step(build)
    name = step.id or step.name if step else ""
    code = step.exit_code if step and step.exit_code else None
    detail = _detail(build, kind, log.of_step(step.id) if step else [])
    return BuildTrouble(BuildEnd(status), kind, detail, name, code)


def failed_step(build: Build) -> BuildStep | None:
    """The first that did not pass; steps have no status before the build has ended."""
    bad = ("FAILURE", "TIMEOUT", "INTERNAL_ERROR")
    return next((step for step in build.steps if step.status.name in bad), None)


def checks_failed(build: Build) -> bool:
    """Whether the build came as far as the verdict of the import check, and no further."""
    step = failed_step(build)
    return step is not None and step.id in (CHECK, KEEP)


def log_tail(build: Build, log: BuildLog) -> tuple[str, ...]:
    """The last lines of the step that failed, else of the whole build."""
    step = failed_step(build)
    lines = log.of_step(step.id) if step else []
    return tuple(plain(line) for line in (lines or [entry.text for entry in log.lines]) if line.strip())[-TAIL:]


def check_silence(build: Build, log: BuildLog) -> str:
    """Why there is no result of the import check, from what its step said."""
    lines = [line for line in log.of_step(CHECK) if line.strip()]
    if any("exit code 137" in line for line in lines):
        return "the container of the import check was killed, most likely for its memory"
    if any(line.startswith("the image has no python to") for line in lines):
        return "the image has no python to import with"
    return failure_line(lines[:-1] if lines[-1:] == ["the imports did not pass"] else lines)


def _detail(build: Build, kind: BuildFailure, lines: Sequence[str]) -> str:
    detail = " ".join((build.failure_info.detail or build.status_detail).split())
    if build.status.name == "TIMEOUT":
        return f"it did not end within {build.timeout.total_seconds():.0f} s"
    if kind.in_words:
        return f"{kind.in_words}: {detail}" if detail else kind.in_words
    return failure_line(lines) or detail
