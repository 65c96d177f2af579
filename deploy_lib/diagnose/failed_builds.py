"""Why a build did not pass: Cloud Build's status and failure type first, then the words of its log.

failure_info.type is an enum of Cloud Build v1 (PUSH_FAILED, PUSH_NOT_AUTHORIZED, USER_BUILD_STEP, ...).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from deploy_lib.diagnose.build_words import BASE, COPY, DOCKERFILE, PIP, named
from deploy_lib.diagnose.log_rows import PhysicalLine
from deploy_lib.model.cause import Cause, Confidence
from deploy_lib.model.cause_facts import BuildFacts, DockerfileFacts, RequirementFacts
from deploy_lib.model.codes import Code
from deploy_lib.model.evidence import BuildEnd, BuildFailure, BuildTrouble, LogSource

_NOTHING_ELSE = BuildFacts()
_PUSH = (BuildFailure.PUSH_FAILED, BuildFailure.PUSH_NOT_AUTHORIZED)
_STEP = re.compile(
    r"executor failed running \[([^\]]+)\]|process \"([^\"]+)\" did not complete|"
    r"The command '([^']+)' returned a non-zero code|building at STEP \"([^\"]+)\""
)
_ENGINE_STEP = re.compile(r"Dockerfile line (\d+): (\w+): the command ended with exit code (\d+)(?:: (.+))?")


def read(trouble: BuildTrouble, rows: Sequence[PhysicalLine]) -> Cause:
    """The cause of a failed build. `rows` are the last lines of its log, as far as they are known."""
    log = [row.text for row in rows if row.source == LogSource.BUILD] or [row.text for row in rows]
    texts = (*log, trouble.detail)
    if trouble.status in (BuildEnd.TIMEOUT, BuildEnd.EXPIRED):
        sentence = (
            "the build took longer than its time limit"
            if trouble.status == BuildEnd.TIMEOUT
            else "the build waited too long in the queue"
        )
        return _cause(Code.BUILD_TIMEOUT, sentence, trouble, log)
    if trouble.status == BuildEnd.CANCELLED:
        return _cause(Code.BUILD_CANCELLED, "the build was cancelled", trouble, log)
    if trouble.status == BuildEnd.INTERNAL_ERROR:
        return _cause(Code.BUILD_FAILED, "Cloud Build itself failed", trouble, log, confidence=Confidence.CERTAIN)
    if trouble.kind.in_words:
        kind = Code.PUSH_FAILED if trouble.kind in _PUSH else Code.BUILD_FAILED
        return _cause(kind, trouble.kind.in_words, trouble, log)
    return _from_log(texts, trouble, log)


def _from_log(texts: Sequence[str], trouble: BuildTrouble, log: Sequence[str]) -> Cause:
    for line in texts:
        match = PIP.search(line)
        if match:
            what = named(match)
            facts = RequirementFacts(requirement=what or None)
            sentence = f"pip could not install {what}" if what else "pip could not find versions that fit together"
            return _cause(Code.PIP_FAILED, f"{sentence}: {line.strip()[:200]}", trouble, log, facts, line)
    for line in texts:
        match = COPY.search(line)
        if match:
            what = named(match)
            sentence = (
                f"COPY finds no {what} in the build context" if what else "a COPY finds nothing in the build context"
            )
            return _cause(Code.DOCKERFILE_ERROR, sentence, trouble, log, DockerfileFacts(path=what or None), line)
        if DOCKERFILE.search(line):
            return _cause(
                Code.DOCKERFILE_ERROR,
                f"the Dockerfile cannot be used: {line.strip()[:200]}",
                trouble,
                log,
                _NOTHING_ELSE,
                line,
            )
        base = BASE.search(line)
        if base:
            what = base[1] or "the base image"
            return _cause(
                Code.DOCKERFILE_ERROR,
                f"the base image {what} could not be pulled",
                trouble,
                log,
                DockerfileFacts(base=what),
                line,
            )
    for line in texts:
        failed = _ENGINE_STEP.search(line)
        if failed:
            words = f": {failed[4].strip()[:160]}" if failed[4] else ""
            sentence = f"{failed[2]} in line {failed[1]} of the Dockerfile failed with exit code {failed[3]}{words}"
            return _cause(Code.BUILD_FAILED, sentence, trouble, log, _NOTHING_ELSE, line)
        step = _STEP.search(line)
        if step:
            what = named(step)
            return _cause(Code.BUILD_FAILED, f"the build step `{what[:120]}` failed", trouble, log, _NOTHING_ELSE, line)
    step_name = f" in step {trouble.step}" if trouble.step else ""
    code = f" with exit code {trouble.exit_code}" if trouble.exit_code is not None else ""
    return _cause(Code.BUILD_FAILED, f"the build failed{step_name}{code}", trouble, log, confidence=Confidence.LIKELY)


def _cause(
    kind: Code,
    sentence: str,
    trouble: BuildTrouble,
    log: Sequence[str],
    facts: BuildFacts | RequirementFacts | DockerfileFacts = _NOTHING_ELSE,
    main_line: str = "",
    confidence: Confidence = Confidence.CERTAIN,
) -> Cause:
    tail = [line for line in log if line.strip()][-6:]
    shown = tuple(dict.fromkeys(line.strip() for line in (main_line, *tail, trouble.detail) if line.strip()))
    return Cause(
        kind,
        sentence,
        confidence,
        evidence=shown[:8],
        deterministic=kind in (Code.PIP_FAILED, Code.DOCKERFILE_ERROR),
        facts=replace(facts, build=trouble.build_id or None),
    )
