"""A check as JSON: the same facts as the text, for CI and editors."""

from __future__ import annotations

from typing import Any

from deploy_lib.cli.check.result import CheckResult
from deploy_lib.model.file_state import FileState
from deploy_lib.model.findings import Finding
from deploy_lib.model.shell_commands import shown_fix


def document(outcome: CheckResult, *, files: bool = False) -> dict[str, Any]:
    """`importer` and `line` are the place of the import that fails; `chain` leads there from the entrypoint."""
    contents = outcome.staged.contents
    made: dict[str, Any] = {
        "service": outcome.service,
        "commit": outcome.commit,
        "entrypoint": outcome.analysis.entrypoint,
        "image_files": len(contents.files),
        "closure_modules": len(outcome.analysis.modules),
        "findings": [finding_document(finding) for finding in outcome.findings],
        "unknown": [
            {"prefix": unknown.prefix, "reason": unknown.reason, "line": unknown.line} for unknown in outcome.unknown
        ],
        "seconds": round(outcome.seconds, 4),
    }
    if outcome.learned is not None:
        learned = outcome.learned
        made["facts"] = {"image": learned.image, "used": list(learned.used), "unused": learned.unused or None}
    if outcome.worktree:
        made["worktree"] = True
        made["differs"] = [
            {"path": path, "state": file.state}
            for path, file in sorted(outcome.differs.items())
            if file.state != FileState.IGNORED
        ]
    if files:
        made["files"] = dict(sorted(contents.files.items()))
    return made


def finding_document(finding: Finding) -> dict[str, Any]:
    """One finding as plain data; `fix` as it is typed."""
    return {
        "code": finding.code,
        "severity": finding.severity.value,
        "message": finding.message,
        "module": finding.module,
        "importer": finding.file,
        "importing_module": finding.importer,
        "line": finding.line,
        "column": finding.column,
        "chain": list(finding.chain),
        "cause": finding.cause,
        "rule": finding.rule,
        "fix": shown_fix(finding.fix) if finding.fix else None,
        "lazy": finding.lazy,
        "guarded": finding.guarded,
    }
