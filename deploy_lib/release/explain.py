"""Why a release failed: what the cloud says of it, what its checks found, and, for a missing file, where it was lost.

The gates that would have known may be switched off. So when the cause is a module or a file that the image lacks,
and no check said why, source truth is asked after the fact: it costs a second and no cloud.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from deploy_lib.drivers.interface import DriverError, Drivers, Interrupted, Tell
from deploy_lib.model import requests
from deploy_lib.model.cause import Cause, Presence
from deploy_lib.model.codes import Code
from deploy_lib.model.evidence import Evidence, LogLine, LogSource
from deploy_lib.model.findings import Finding
from deploy_lib.model.journal import Diagnosed, Judged
from deploy_lib.model.release import Release, Status
from deploy_lib.steps.image_contents import ImageContentsSettings, ReadSource

Diagnose = Callable[[Evidence, tuple[Finding, ...], Release], Cause]

RHYTHM_WITHIN = 20.0
"""Seconds. A release rejected after its first crash is watched for one more, which tells how often it happens: Cloud
Run starts a container that crashes again every 12 (the incident) to 17 s (a public note)."""

_WHEREABOUTS = (Code.MISSING_MODULE, Code.MISSING_FILE, Code.MISSING_NAME)


def explain(
    drivers: Drivers,
    diagnose: Diagnose,
    judged: Sequence[Judged],
    evidence: Evidence | None,
    release: Release,
    tell: Tell,
) -> Diagnosed | None:
    """The diagnosis; None when no step failed, or only evidence was lacking.

    `evidence` is what a driver already brought along.
    """
    if not judged or judged[-1].status in (Status.PASSED, Status.SKIPPED, Status.WAITING):
        return None
    last = judged[-1]
    own = last.details.evidence() if last.details else None
    known = evidence or _of_build(last) or own or _of_candidate(drivers, release)
    findings = tuple(dict.fromkeys(finding for each in judged for finding in each.findings))
    cause = diagnose(known, findings, release)
    if evidence is not None and _seen_once(cause):
        tell(f"one crash was seen; for {RHYTHM_WITHIN:.0f} s at most it is watched for a second (Ctrl-C ends that)")
        known = _with_a_second_end(drivers, lambda found: diagnose(found, findings, release), known, release)
        cause = diagnose(known, findings, release)
    if cause.kind in _WHEREABOUTS and (cause.whereabouts is None or cause.whereabouts.in_image is Presence.UNKNOWN):
        found, gap = _source_findings(drivers, release)
        if found:
            cause = diagnose(known, (*findings, *found), release)
        if gap:
            known = replace(known, gaps=(*known.gaps, gap))
    if cause.kind == Code.UNKNOWN and last.status is Status.INCONCLUSIVE:
        return None  # nothing is known to be wrong: the lines that were read are no evidence of it
    if cause.kind == Code.UNKNOWN and (not cause.evidence or own is not None or last.status is Status.ERRORED):
        cause = replace(cause, sentence=f"{last.label}: {last.reason}")
    return Diagnosed(drivers.clock.now(), cause, known)


def _seen_once(cause: Cause) -> bool:
    return cause.deterministic and cause.frequency is not None and cause.frequency.count == 1


def _with_a_second_end(
    drivers: Drivers, cause_of: Callable[[Evidence], Cause], known: Evidence, release: Release
) -> Evidence:
    """The evidence once the container has ended a second time; as it was when that does not come, or is cut short."""
    until = drivers.clock.monotonic() + RHYTHM_WITHIN
    try:
        while drivers.clock.monotonic() < until:
            drivers.clock.sleep(1.0)
            found = _of_candidate(drivers, release)
            if len(found.log) > len(known.log) and not _seen_once(cause_of(found)):
                code, message = known.operation_code, known.operation_message
                return replace(found, operation_code=code, operation_message=message)
    except Interrupted:
        pass
    return known


def _of_build(judged: Judged) -> Evidence | None:
    """What the build step recorded of a build that did not pass."""
    trouble = judged.details.build_trouble() if judged.details else None
    if judged.details is None or trouble is None:
        return None
    log = tuple(LogLine(None, line, LogSource.BUILD) for line in judged.details.build_log() or ())
    return Evidence(log=log, build=trouble)


def _of_candidate(drivers: Drivers, release: Release) -> Evidence:
    if not release.candidate:
        return Evidence()
    try:
        return drivers.services.read_evidence(requests.ReadEvidence(release))
    except DriverError as problem:
        return Evidence(gaps=(problem.reason,))


def _source_findings(drivers: Drivers, release: Release) -> tuple[tuple[Finding, ...], str]:
    """What source truth finds in the commit, and a clause about what kept it from looking."""
    request = ReadSource(release, ImageContentsSettings(undeclared=False))
    try:
        return drivers.source.read_source(request).findings, ""
    except DriverError as problem:
        return (), f"why the file is not in the image: {problem.reason}"
