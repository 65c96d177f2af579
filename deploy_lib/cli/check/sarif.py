"""A check as SARIF 2.1.0, which code hosts show beside the lines it names.

Format: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

from __future__ import annotations

from typing import Any

from deploy_lib.cli.check.result import CheckResult
from deploy_lib.model.findings import Finding, Severity
from deploy_lib.model.shell_commands import shown_fix

_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.ADVICE: "note"}
_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def sarif(outcomes: list[CheckResult]) -> dict[str, Any]:
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [_run(outcome) for outcome in outcomes]}


def _run(outcome: CheckResult) -> dict[str, Any]:
    codes = sorted({finding.code for finding in outcome.findings})
    return {
        "automationDetails": {"id": f"deploy-to-gcp/{outcome.service}/"},
        "tool": {"driver": {"name": "deploy_to_gcp.py check", "rules": [{"id": code} for code in codes]}},
        "results": [finding_result(finding) for finding in outcome.findings],
    }


def finding_result(finding: Finding) -> dict[str, Any]:
    """One finding as a result of SARIF, with its way, its rule and its fix in the message."""
    parts = [finding.message, *finding.chain, *([f"rule: {finding.rule}"] if finding.rule else [])]
    result: dict[str, Any] = {
        "ruleId": finding.code,
        "level": _LEVELS[finding.severity],
        "message": {"text": "\n".join([*parts, *([f"fix: {shown_fix(finding.fix)}"] if finding.fix else [])])},
    }
    if finding.file:
        place: dict[str, Any] = {"artifactLocation": {"uri": finding.file}}
        if finding.line:
            column = {"startColumn": finding.column} if finding.column else {}
            place["region"] = {"startLine": finding.line, **column}
        result["locations"] = [{"physicalLocation": place}]
    return result
