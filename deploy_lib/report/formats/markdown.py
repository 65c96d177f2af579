"""Markdown that GitHub, GitLab and a plain reader show alike; nothing from a log can become markup."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from deploy_lib.report import words
from deploy_lib.report.model import Recommendation, Report

# An underscore between letters and a > within a line mean nothing.
_MARKUP = re.compile(r"[\\`*\[\]<|#~]|^[>+-]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")


def write(report: Report) -> str:
    return "\n".join(_lines(report)).rstrip() + "\n"


def plain(text: str) -> str:
    """Text that stays text: one line, and no character of it means markup."""
    return _MARKUP.sub(r"\\\g<0>", " ".join(text.split()))


def code(text: str) -> str:
    """An inline code span that holds the text as it is, backticks among it. In a table, bars need a backslash."""
    text = " ".join(text.split()).replace("|", "\\|")
    ticks = "`" * (max((len(run) for run in re.findall(r"`+", text)), default=0) + 1)
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{ticks}{pad}{text}{pad}{ticks}" if text else ""


def fenced(lines: Iterable[str], language: str = "text") -> Iterator[str]:
    text = "\n".join(lines)
    fence = "`" * max(3, max((len(run) for run in re.findall(r"`+", text)), default=0) + 1)
    yield f"{fence}{language}"
    yield text
    yield fence


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'|'.join(' --- ' for _ in head)}|"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def _lines(report: Report) -> Iterator[str]:
    about = report.subject
    yield f"# Release report: {plain(report.headline)}"
    yield ""
    yield from table(
        ("", ""),
        (
            ("Release", code(about.id)),
            ("Service", f"{code(about.service)} ({code(about.cloud_run)} in {code(about.project)}, {about.region})"),
            ("Commit", code(about.commit)),
            ("Image", code(about.image or "none")),
            ("Candidate", code(about.candidate or "none")),
            ("Stable", code(about.stable or "none")),
            ("Started", words.day(about.started)),
            ("Took", words.duration(about.seconds)),
        ),
    )
    for title, lines in _sections(report):
        body = list(lines)
        yield from ("", f"## {title}", "", *(body or ["Nothing."]))


def _sections(report: Report) -> Iterator[tuple[str, Iterator[str]]]:
    yield "Executive summary", (f"- {plain(sentence)}" for sentence in report.summary)
    yield "Timeline", _timeline(report)
    yield "Root cause", _cause(report)
    yield "Critical findings", _findings(report)
    yield "Compared with the last successful release", _comparison(report)
    yield "Impact", _impact(report)
    yield "Recommendations", _recommendations(report)
    yield "Evidence", _proof(report)
    yield "Status and risk", _standing(report)
    if report.gaps:
        yield "What could not be learned", (f"- {plain(gap)}" for gap in report.gaps)


def _timeline(report: Report) -> Iterator[str]:
    yield from table(
        ("UTC", f"Local ({plain(report.zone)})", "Since the start", "What"),
        ((words.utc(m.at), f"{m.local:%H:%M:%S}", f"{m.after:+.1f} s", plain(m.text)) for m in report.timeline),
    )
    yield ""
    yield from table(
        ("Step", "Verdict", "Took", "Reason"),
        ((plain(s.label), words.MARKS[s.status], words.seconds(s.seconds), plain(s.reason)) for s in report.steps),
    )
    told = [f"- {plain(step.label)}: {plain(line)}" for step in report.steps for line in step.details]
    yield from ("", *told) if told else ()


def _cause(report: Report) -> Iterator[str]:
    cause = report.cause
    if cause is None:
        yield words.no_cause(report)
        return
    yield f"**{plain(cause.sentence)}** ({code(cause.kind)}, {cause.confidence})"
    if cause.chain:
        yield from ("", *fenced(words.tree(cause.chain)), "")
    yield from (f"- {plain(clause)}" for clause in cause.whereabouts)
    if cause.rule:
        yield f"- dropped by the rule {code(cause.rule)}"
    if cause.frequency:
        yield f"- seen: {plain(cause.frequency)}"
    if cause.exit_code:
        yield f"- exit code of the container: {cause.exit_code}"


def _findings(report: Report) -> Iterator[str]:
    if not report.findings:
        return
    yield from table(
        ("Severity", "Finding", "Commit", "Context", "Image", "Rule", "Fix"),
        (
            (
                found.severity,
                plain(words.shown_place(found.place, found.message) + found.message),
                found.in_commit,
                found.in_context,
                found.in_image,
                code(found.rule or ""),
                code(found.fix or ""),
            )
            for found in report.findings
        ),
    )


def _comparison(report: Report) -> Iterator[str]:
    comparison = report.comparison
    if comparison.facts:
        rows = [
            (r.what, code(words.known(r.before)), code(words.known(r.now)), words.verdict(r)) for r in comparison.facts
        ]
        yield from table(("", plain(words.other(comparison)), "this release", ""), rows)
        yield ""
    for name, lines in (
        ("Files", comparison.files),
        ("Packages", comparison.packages),
        ("Settings", comparison.settings),
    ):
        if lines:
            yield f"{name}:"
            yield from ("", *(f"- {plain(line)}" for line in lines), "")
    yield from (f"- not known: {plain(line)}" for line in comparison.unknown)


def _impact(report: Report) -> Iterator[str]:
    yield from (f"- {plain(sentence)}" for sentence in report.impact.users)
    if report.impact.periods:
        yield ""
        yield from table(
            ("From (UTC)", "To", "Seconds", "Serving"),
            (
                (
                    words.utc(p.start),
                    words.utc(p.end),
                    f"{(p.end - p.start).total_seconds():.1f}",
                    plain(words.split(p)),
                )
                for p in report.impact.periods
            ),
        )
    if report.impact.measured:
        yield ""
        yield from table(
            ("Step", "Revision", "Asked by", "Requests", "Failed", "Latency"),
            (
                (
                    plain(row.step),
                    f"{plain(row.revision)} ({row.role})",
                    words.WHOSE[row.whose],
                    str(row.requests),
                    str(row.errors),
                    words.latency(row),
                )
                for row in report.impact.measured
            ),
        )


def _recommendations(report: Report) -> Iterator[str]:
    for number, each in enumerate(report.recommendations, 1):
        yield f"{number}. {advice(each)}"


def _proof(report: Report) -> Iterator[str]:
    proof = report.proof
    yield from (f"- {code(line)}" for line in proof.lines)
    yield from (f"- condition {code(line)}" for line in proof.conditions)
    if proof.log:
        yield from ("", f"Log, {len(proof.log)} of {proof.log_lines} lines (UTC):", "")
        rows = (f"{'>' if row.telling else ' '} {words.utc(row.at)} {row.source:<7} {row.text}" for row in proof.log)
        yield from fenced(rows)
    if proof.build_log:
        yield from ("", "End of the build's log:", "", *fenced(proof.build_log))


def _standing(report: Report) -> Iterator[str]:
    yield f"- serving: {plain(report.standing.serving)}"
    yield f"- risk: **{report.standing.risk}**"
    yield from (f"  - {plain(reason)}" for reason in report.standing.reasons)


def advice(each: Recommendation) -> str:
    """A command as code and its note; an instruction as the sentence it is."""
    return " ".join(part for part in (code(each.command) if each.command else "", plain(each.why)) if part)
