"""One cause for everything that is known of a failed release.

The order: a build that failed; a platform reason that names its cause; the log of a container that did not start;
answers over HTTP; what the release's checks found. No cause is guessed: what none of them shows is
"unknown", with the lines most likely to help.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from deploy_lib.diagnose import (
    exceptions,
    failed_builds,
    merge_findings,
    parsed_log,
    platform,
    remedies,
    responses,
    startup,
)
from deploy_lib.diagnose.remedy_context import RemedyContext
from deploy_lib.model.answers import Attempt
from deploy_lib.model.cause import Cause, Confidence
from deploy_lib.model.codes import Code
from deploy_lib.model.evidence import Condition, Evidence, LogLine
from deploy_lib.model.findings import Finding
from deploy_lib.model.service import Service

NO_CONTEXT = RemedyContext()
ENOUGH = 2  # identical ends of a container that leave no doubt


def diagnose(
    evidence: Evidence,
    findings: tuple[Finding, ...] = (),
    service: Service | None = None,
    attempts: Sequence[Attempt] = (),
    context: RemedyContext = NO_CONTEXT,
) -> Cause:
    """The cause of a failed release. Never raises, whatever the log holds; "unknown" stays unknown.

    `context` is what the remedies are checked against.
    """
    log = parsed_log.parse_log(evidence.log, service.entrypoint if service else None)
    cause = _cause(evidence, findings, service, attempts, log)
    cause = merge_findings.merge(_whose(cause, context), findings)
    return replace(cause, commands=remedies.commands(cause, service, evidence, context))


def startup_verdict(
    log: Sequence[LogLine],
    conditions: Sequence[Condition] = (),
    entrypoint: str | None = None,
    *,
    enough: int = ENOUGH,
) -> Cause | None:
    """While waiting for a revision: the cause that no more waiting can change, or None.

    That is a failure that trying again cannot mend (an import, the syntax, the command, a setting), seen `enough`
    times with the end of the container after it, or a platform reason that names its cause. With `enough` 1 only
    what the image alone decides counts; wait a few seconds before believing that.
    """
    named = platform.read(Evidence(conditions=tuple(conditions)))
    if named is not None and named.confidence is Confidence.CERTAIN and named.deterministic:
        return named
    known = parsed_log.parse_log(log, entrypoint)
    if len(known.ends) < enough:
        return None
    found = startup.cause(known, port=None, memory_limit=None, conditions=())
    if found is None or not found.deterministic or found.confidence is Confidence.GUESS:
        return None
    if enough < ENOUGH and found.kind not in exceptions.IN_THE_IMAGE:
        return None
    if found.frequency is None or found.frequency.count < enough:
        return None
    return found


def tells_why(log: Sequence[LogLine], entrypoint: str | None = None, conditions: Sequence[Condition] = ()) -> bool:
    """Whether the log of a container that failed says more than that it ended, with what code, or did not listen."""
    known = parsed_log.parse_log(log, entrypoint)
    found = startup.cause(known, port=None, memory_limit=None, conditions=conditions)
    return found is not None and found.kind not in (Code.EXITS_NONZERO, Code.EXITS_ZERO, Code.NEVER_LISTENS)


def _cause(
    evidence: Evidence,
    findings: tuple[Finding, ...],
    service: Service | None,
    attempts: Sequence[Attempt],
    log: parsed_log.ParsedLog,
) -> Cause:
    if evidence.build is not None:
        broken = failed_builds.read(evidence.build, log.rows)
        found = merge_findings.from_findings(findings) if broken.kind == Code.BUILD_FAILED else None
        return found or broken
    named = platform.read(evidence)
    if named is not None:
        return startup.counted(named, log)
    probed = responses.of_probe(attempts, evidence.log)
    port = evidence.port or (service.port if service else None)
    limit = evidence.memory_limit or (service.memory if service else None)
    started = startup.cause(
        log,
        port=port,
        memory_limit=limit,
        conditions=evidence.conditions,
        startup_limit=evidence.startup_limit,
    )
    if probed is not None and (started is None or not (log.ends or platform.failed(evidence.conditions))):
        return _answered(probed, started)
    if started is not None:
        return started
    return responses.of_requests(evidence.log) or merge_findings.from_findings(findings) or _unknown(evidence, log)


def _whose(cause: Cause, context: RemedyContext) -> Cause:
    """A traceback tells a package from a module of the repository by its name only; the commit knows."""
    if cause.kind != Code.MISSING_DEPENDENCY or not cause.module or context.source is None:
        return cause
    found = context.source.own(cause.module)
    if found is not None:
        missing = replace(cause, kind=Code.MISSING_MODULE, sentence=f"module {cause.module} is not in the image")
        return merge_findings.merge(missing, (found,))
    why = context.source.adding(cause.module).why
    return replace(cause, sentence=f"{cause.sentence}: {why}") if why else cause


def _answered(probed: Cause, started: Cause | None) -> Cause:
    """A bad answer of a container that lives: a traceback behind a 5xx says why, a 404 needs none."""
    if started is None or probed.kind not in (Code.HEALTH_ERROR, Code.HEALTH_UNREACHABLE, Code.HEALTH_SLOW):
        return probed
    sentence = f"{probed.sentence}: {started.sentence}"
    kind = started.kind if started.kind != Code.PYTHON_ERROR else probed.kind
    return replace(
        started,
        kind=kind,
        sentence=sentence,
        confidence=Confidence.LIKELY,
        evidence=(*probed.evidence, *started.evidence),
        frequency=probed.frequency,
        deterministic=False,
        facts=replace(started.facts, status=probed.facts.status),
    )


def _unknown(evidence: Evidence, log: parsed_log.ParsedLog) -> Cause:
    """Nothing known fits: the failed conditions and the lines that sound most like trouble."""
    facts_known = [
        f"{condition.type}: {condition.reason} {condition.message}".strip()
        for condition in platform.failed(evidence.conditions)
    ]
    facts_known += [evidence.operation_message] if evidence.operation_message else []
    words = ("error", "fatal", "critical", "exception", "fail", "panic", "abort")
    bad = [row for row in log.rows if any(word in row.text[:500].lower() for word in words)]
    shown = [f"{parsed_log.stamp(row.at)}{row.text}" for row in (bad or log.rows)[-6:] if row.text.strip()]
    sentence = "the cause could not be determined from what is known"
    if not facts_known and not shown:
        sentence = "nothing is known of the cause: no condition failed and no log line was read"
    return Cause(Code.UNKNOWN, sentence, Confidence.GUESS, (*facts_known, *map(exceptions.short, shown)))
