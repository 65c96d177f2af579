"""What a check found: one problem, where it is, why it is there and what to type next.

The same value comes from source truth, the in-image import check and the configuration contract, so a terminal,
a SARIF file, an annotation and the audit report all show it alike.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from deploy_lib.model.codes import Code


class Severity(enum.Enum):
    """An ERROR stops the release; a WARNING may hurt later; ADVICE is only worth knowing."""

    ERROR = "error"
    WARNING = "warning"
    ADVICE = "advice"


class Absence(enum.StrEnum):
    """Why a file is not in the image. What a later version may add is UNKNOWN here."""

    UNTRACKED = "untracked"
    GITIGNORED = "gitignored"
    GCLOUDIGNORED = "gcloudignored"
    DOCKERIGNORED = "dockerignored"
    NOT_IN_CONTEXT = "not_in_context"
    NOT_COPIED = "not_copied"
    CASE_MISMATCH = "case_mismatch"
    SUBMODULE = "submodule"
    UNCOMMITTED = "uncommitted"
    IN_OTHER_COMMIT = "in_other_commit"
    DELETED = "deleted"
    ABSENT_EVERYWHERE = "absent_everywhere"
    UNKNOWN = "unknown"

    @classmethod
    def _missing_(cls, value: object) -> Absence:
        return cls.UNKNOWN


@dataclass(frozen=True, slots=True)
class Finding:
    """`chain` leads from the entrypoint to the failing import, each link as "module (path:line)"; `rule` is the
    "file:line" of the rule that drops the file; `fix` is the command to type or the edit to make.
    """

    code: Code
    severity: Severity
    message: str
    file: str | None = None
    line: int | None = None
    column: int | None = None
    module: str | None = None
    importer: str | None = None
    chain: tuple[str, ...] = ()
    cause: Absence | None = None
    rule: str | None = None
    fix: str | None = None
    lazy: bool = False
    guarded: bool = False
    missing: str | None = None  # repository path of the file that should be there

    @property
    def place(self) -> str:
        """file:line, or what of it is known."""
        if self.file and self.line:
            return f"{self.file}:{self.line}"
        return self.file or ""


def errors(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Those that stop a release."""
    return tuple(finding for finding in findings if finding.severity is Severity.ERROR)


def with_place(message: str, place: str) -> str:
    """The message behind its place, unless it names that itself."""
    return f"{place}: {message}" if place and place not in message else message
