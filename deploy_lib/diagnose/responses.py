"""What answers over HTTP mean: of the probe's requests, and of the platform's request log."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from deploy_lib.diagnose.crash_loop import frequency
from deploy_lib.diagnose.log_rows import aware
from deploy_lib.model.answers import Attempt
from deploy_lib.model.cause import Cause, Confidence, Frequency
from deploy_lib.model.cause_facts import PlainFacts
from deploy_lib.model.codes import Code
from deploy_lib.model.evidence import LogLine, LogSource
from deploy_lib.steps.responses import is_failure, is_front_end

_SLOW = re.compile(r"slow|took|longer than|timed? ?out", re.IGNORECASE)


def of_probe(attempts: Sequence[Attempt], log: Sequence[LogLine]) -> Cause | None:
    """The cause of a failed probe, from its bad attempts; None when there was none."""
    bad = [attempt for attempt in attempts if attempt.problem or attempt.status is None or attempt.status >= 300]
    if not bad:
        return None
    counted = Counter(attempt.status for attempt in bad)
    status = counted.most_common(1)[0][0]
    typical = next(attempt for attempt in reversed(bad) if attempt.status == status)
    shown = tuple(
        f"+{attempt.at:.1f} s {attempt.status or 'no answer'} in {attempt.seconds:.2f} s {attempt.problem}".rstrip()
        for attempt in bad[-5:]
    )
    often = Frequency(len(bad), bad[-1].at - bad[0].at)
    kind, sentence = _kind(status, typical, log)
    words = f"{sentence} ({len(bad)} of {len(attempts)} requests)"
    return Cause(
        kind,
        words,
        Confidence.CERTAIN if kind != Code.HEALTH_UNREACHABLE else Confidence.LIKELY,
        shown,
        frequency=often,
        facts=PlainFacts(status=status),
    )


def of_requests(log: Sequence[LogLine]) -> Cause | None:
    """What the platform's request log says of real requests; None when too few of them failed."""
    answered = [line for line in log if line.source == LogSource.REQUEST and line.status]
    statuses = [line.status for line in answered if line.status]
    if not statuses:
        return None
    refused = [
        line
        for line in log
        if line.source == LogSource.REQUEST and line.status in (401, 403) and is_front_end(line.text)
    ]
    if refused:
        return _front_end(len(refused), len(statuses), (refused[-1].text,))
    failed = [status for status in statuses if is_failure(status)]
    if len(failed) < 2 or len(failed) / len(statuses) < 0.01:
        return None
    status, count = Counter(failed).most_common(1)[0]
    sentence = f"{len(failed)} of {len(statuses)} requests failed, {count} of them with {status}"
    bad = [line for line in answered if line.status and is_failure(line.status)]
    lines = tuple(line.text for line in bad if line.status == status)[-3:]
    often = frequency([aware(line.at) for line in bad])
    return Cause(
        Code.REQUESTS_FAILING,
        sentence,
        Confidence.CERTAIN,
        lines,
        frequency=Frequency(often.count, often.span),
        facts=PlainFacts(status=status),
    )


def _kind(status: int | None, typical: Attempt, log: Sequence[LogLine]) -> tuple[Code, str]:
    if status is None:
        if _SLOW.search(typical.problem):
            return Code.HEALTH_SLOW, f"the health endpoint does not answer in time: {typical.problem}"
        return Code.HEALTH_UNREACHABLE, f"the health endpoint gives no answer: {typical.problem or 'no response'}"
    if status in (401, 403):
        refused = any(is_front_end(line.text) for line in log) or is_front_end(typical.excerpt)
        if refused or status == 403:
            return (
                Code.FRONTEND_REFUSED,
                f"Cloud Run's front end refuses the request with {status}: the caller may not invoke the service",
            )
        return Code.HEALTH_ERROR, f"the health endpoint answers {status}"
    if status == 404:
        return Code.HEALTH_NOT_FOUND, "the health endpoint answers 404: there is no such path"
    if 300 <= status < 400:
        return Code.HEALTH_REDIRECT, f"the health endpoint answers {status}: it redirects instead of answering"
    if status >= 400:
        return Code.HEALTH_ERROR, f"the health endpoint answers {status}"
    if _SLOW.search(typical.problem):
        return Code.HEALTH_SLOW, f"the health endpoint is too slow: {typical.problem}"
    return Code.HEALTH_BODY, f"the health endpoint answers {status}, but {typical.problem}"


def _front_end(count: int, whole: int, shown: tuple[str, ...]) -> Cause:
    sentence = f"Cloud Run's front end refused {count} of {whole} requests: the caller may not invoke the service"
    return Cause(Code.FRONTEND_REFUSED, sentence, Confidence.CERTAIN, shown, frequency=Frequency(count))
