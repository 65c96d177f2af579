"""A step's question, asked until its `judge` has an answer: the waiting between two looks is done here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from deploy_lib.drivers.interface import Clock, Tell
from deploy_lib.model.answers import CallFailed, Observation
from deploy_lib.model.release import Release
from deploy_lib.release.perform import Answer
from deploy_lib.steps.kind import Kind, Settings, Verdict


class Perform(Protocol):
    """Hands a request to its driver. Raises Interrupted."""

    def __call__(self, request: Any, tell: Tell, /) -> Answer | CallFailed: ...


@dataclass(frozen=True, slots=True)
class Answered:
    """`answer` is the last one, which holds what was seen before; where it is CallFailed, so is the verdict."""

    answer: Answer | CallFailed
    verdict: Verdict | CallFailed


def until_judged(
    kind: Kind[Any, Any, Any],
    settings: Settings,
    release: Release,
    request: object,
    perform: Perform,
    clock: Clock,
    tell: Tell,
) -> Answered:
    """What came of it. Raises Interrupted, also between two looks."""
    began = clock.monotonic()
    seen: Any = None
    while True:
        answer = perform(request, tell)
        if isinstance(answer, CallFailed):
            return Answered(answer, answer)
        if isinstance(answer, Observation):
            answer = seen = answer.following(seen, clock.monotonic() - began)
        found = kind.judge(settings, release, answer)
        if isinstance(found, Verdict):
            return Answered(answer, found)
        if found.says:
            tell(found.says)
        clock.sleep(found.after)
        request = found.request or request
