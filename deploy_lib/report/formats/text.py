"""Plain text for a terminal, eighty to a hundred and twenty columns, without colours."""

from __future__ import annotations

from collections.abc import Iterator

from deploy_lib.report import words
from deploy_lib.report.model import Report


def write(report: Report) -> str:
    return "\n".join(_lines(report)) + "\n"


def _lines(report: Report) -> Iterator[str]:
    about = report.subject
    yield f"AUDIT REPORT  {report.headline}"
    yield f"release {about.id}  {about.project}/{about.region}/{about.cloud_run}"
    yield f"started {words.day(about.started)}, took {words.duration(about.seconds)}; made {words.day(report.made)}"
    yield from _section("SUMMARY", report.summary)
    yield from _section("TIMELINE (UTC, local time, since the start)", _timeline(report))
    yield from _section("STEPS", _steps(report))
    yield from _section("ROOT CAUSE", _cause(report))
    yield from _section("CRITICAL FINDINGS", _findings(report))
    yield from _section("COMPARED WITH THE LAST SUCCESSFUL RELEASE", _comparison(report))
    yield from _section("IMPACT", _impact(report))
    yield from _section("RECOMMENDATIONS, IN ORDER", _recommendations(report))
    yield from _section("EVIDENCE", _proof(report))
    standing = report.standing
    yield from _section(
        "STATUS AND RISK", (f"serving: {standing.serving}", f"risk: {standing.risk}", *standing.reasons)
    )
    if report.gaps:
        yield from _section("WHAT COULD NOT BE LEARNED", report.gaps)


def _section(title: str, lines: Iterator[str] | tuple[str, ...]) -> Iterator[str]:
    yield ""
    yield title
    empty = True
    for line in lines:
        empty = False
        yield f"  {line}".replace("\n", "\n    ")
    if empty:
        yield "  nothing"


def _timeline(report: Report) -> Iterator[str]:
    for moment in report.timeline:
        yield f"{words.utc(moment.at)}  {moment.local:%H:%M:%S}  {moment.after:+8.1f} s  {moment.text}"


def _steps(report: Report) -> Iterator[str]:
    for step in report.steps:
        yield f"{step.label:<16} {words.MARKS[step.status]:<9} {words.seconds(step.seconds):>9}  {step.reason}".rstrip()
        yield from (f"    {line}" for line in step.details)


def _cause(report: Report) -> Iterator[str]:
    cause = report.cause
    if cause is None:
        yield words.no_cause(report)
        return
    yield f"{cause.sentence} ({cause.kind}, {cause.confidence})"
    yield from words.tree(cause.chain)
    yield from cause.whereabouts
    if cause.rule:
        yield f"rule: {cause.rule}"
    if cause.frequency:
        yield f"seen: {cause.frequency}"
    if cause.exit_code:
        yield f"exit code of the container: {cause.exit_code}"


def _findings(report: Report) -> Iterator[str]:
    for found in report.findings:
        yield f"{found.severity}: {words.shown_place(found.place, found.message)}{found.message} ({found.step})"
        yield f"    in the commit: {found.in_commit}; context: {found.in_context}; image: {found.in_image}"
        if found.rule:
            yield f"    rule: {found.rule}"
        if found.fix:
            yield f"    fix: {found.fix}"


def _comparison(report: Report) -> Iterator[str]:
    comparison = report.comparison
    if comparison.facts:
        yield f"with {words.other(comparison)}"
    for row in comparison.facts:
        yield f"{row.what:<18} {words.verdict(row):<9} {words.known(row.before)} -> {words.known(row.now)}"
    for name, lines in (("file", comparison.files), ("package", comparison.packages), ("setting", comparison.settings)):
        yield from (f"{name:<8} {line}" for line in lines)
    yield from (f"not known: {line}" for line in comparison.unknown)


def _impact(report: Report) -> Iterator[str]:
    yield from report.impact.users
    for period in report.impact.periods:
        lasted = (period.end - period.start).total_seconds()
        yield f"{words.utc(period.start)} - {words.utc(period.end)}  {lasted:7.1f} s  {words.split(period)}"
    for row in report.impact.measured:
        figures = f"{row.requests} requests, {row.errors} failed"
        yield f"{row.step}, {words.WHOSE[row.whose]}, {row.role}: {figures}  {words.latency(row)}".rstrip()


def _recommendations(report: Report) -> Iterator[str]:
    for number, each in enumerate(report.recommendations, 1):
        yield f"{number}. {each.line}"


def _proof(report: Report) -> Iterator[str]:
    proof = report.proof
    yield from proof.lines
    yield from (f"condition {line}" for line in proof.conditions)
    if proof.log:
        yield f"log, {len(proof.log)} of {proof.log_lines} lines:"
    for row in proof.log:
        yield f"{'>' if row.telling else ' '} {words.utc(row.at)} {row.source:<7} {row.text}"
    if proof.build_log:
        yield "end of the build's log:"
    yield from (f"  {line}" for line in proof.build_log)
