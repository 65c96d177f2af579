"""One file per section of the report. A section knows no other; what several need is in `report.facts`."""

from deploy_lib.report.sections import (
    comparison,
    evidence,
    findings,
    gaps,
    header,
    impact,
    recommendations,
    root_cause,
    status_and_risk,
    steps,
    summary,
    timeline,
)

SECTIONS = (
    header.SECTION,
    summary.SECTION,
    timeline.SECTION,
    steps.SECTION,
    root_cause.SECTION,
    findings.SECTION,
    comparison.SECTION,
    impact.SECTION,
    recommendations.SECTION,
    evidence.SECTION,
    status_and_risk.SECTION,
    gaps.SECTION,
)
"""In the order of the report."""
