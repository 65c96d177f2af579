"""Why the release failed, the imports that lead there, and where the missing file is and is not."""

from __future__ import annotations

from collections.abc import Iterator

from deploy_lib.model.release import Status
from deploy_lib.report.blocks import Block, Chain, Lines, Text, literal
from deploy_lib.report.document import Section
from deploy_lib.report.facts import ReleaseFacts
from deploy_lib.report.facts.root_cause import RootCause
from deploy_lib.report.formatting import duration

_UNENDED = "Not known: the journal has no ending, and no step of it failed. Its client may have died."
_UNSURE = {Status.FAILED.value, Status.ERRORED.value, Status.INCONCLUSIVE.value}


def blocks(cause: RootCause | None) -> Iterator[Block]:
    if cause is None:
        return
    yield Chain(cause.sentence, cause.kind, cause.confidence, cause.chain)
    known = tuple(_known(cause))
    if known:
        yield Lines(known)


def _known(cause: RootCause) -> Iterator[Text]:
    yield from cause.whereabouts
    if cause.rule:
        yield ("dropped by the rule", literal(cause.rule))
    if cause.frequency:
        yield f"seen: {cause.frequency}"
    if cause.exit_code:
        yield f"exit code of the container: {cause.exit_code}"
    if cause.noticed_after is not None:
        yield f"noticed {duration(cause.noticed_after)} after the container ended for the first time"


def empty(facts: ReleaseFacts) -> str:
    if facts.ending is None and facts.entries:
        return "Not known: the release is still running." if facts.subject.running else _UNENDED
    unsure = any(step.status in _UNSURE for step in facts.steps)
    return "Not known." if unsure or not facts.steps else "No step failed."


SECTION = Section("cause", "Root cause", lambda facts: facts.root_cause, blocks, empty)
