"""probe: the candidate answers well at its own URL, several times in a row, before any user meets it."""

from __future__ import annotations

import json
from collections.abc import Sequence

from pydantic import Field, model_validator

from deploy_lib.model.answers import Attempt, Probed
from deploy_lib.model.release import Release, Status
from deploy_lib.model.requests import Expectation, Probe
from deploy_lib.steps.kind import Duration, Kind, Settings, Verdict


class ProbeSettings(Settings):
    path: str = Field("/health", pattern=r"^/", description="asked at the candidate's tag URL")
    status: tuple[int, ...] | int = Field(200, description="accepted status code or codes")
    json_: dict[str, object] | None = Field(
        None, alias="json", description="dotted paths in the JSON body and their values"
    )
    text: str | None = Field(None, description="must stand in the body")
    slower_than: Duration | None = Field(None, description="a response slower than this is a failure")
    attempts: int = Field(10, ge=1, le=1000, description="requests at most")
    need: int = Field(3, ge=1, description="good responses in a row")
    every: Duration = Field(1.0, ge=0, description="pause between requests")
    timeout: Duration = Field(10.0, gt=0, description="one request may take this long")

    @model_validator(mode="after")
    def _possible(self) -> ProbeSettings:
        if self.need > self.attempts:
            raise ValueError(f"need: {self.need} good responses cannot come from attempts: {self.attempts}")
        return self


def ask(settings: ProbeSettings, release: Release) -> Probe:
    status = settings.status if isinstance(settings.status, tuple) else (settings.status,)
    expect = Expectation(status, settings.json_, settings.text, settings.slower_than)
    return Probe(
        release,
        path=settings.path,
        expect=expect,
        attempts=settings.attempts,
        need=settings.need,
        every=settings.every,
        timeout=settings.timeout,
    )


def judge(settings: ProbeSettings, release: Release, answer: Probed) -> Verdict:
    facts: dict[str, object] = {
        "url": answer.url,
        "path": settings.path,
        "attempts": [
            {
                "at": attempt.at,
                "seconds": attempt.seconds,
                "status": attempt.status,
                "problem": attempt.problem,
                "revision": attempt.revision,
            }
            for attempt in answer.attempts
        ],
    }
    if answer.revision_failed:
        return Verdict(Status.FAILED, f"the revision failed: {answer.revision_failed}", release, facts=facts)
    if not answer.attempts:
        return Verdict(Status.ERRORED, f"{settings.path} was never asked", release, facts=facts)
    if in_a_row(answer.attempts) >= settings.need:
        slowest = max(attempt.seconds for attempt in answer.attempts[-settings.need :])
        reason = (
            f"{settings.need} good answers in a row from {settings.path}, the slowest after {slowest * 1000:.0f} ms"
        )
        return Verdict(Status.PASSED, reason, release, facts=facts)
    good = sum(not attempt.problem for attempt in answer.attempts)
    last = next((attempt.problem for attempt in reversed(answer.attempts) if attempt.problem), "")
    reason = (
        f"only {good} of {len(answer.attempts)} probes of {settings.path} were good; "
        f"{settings.need} in a row are needed; last problem: {last}"
    )
    return Verdict(Status.FAILED, reason, release, facts=facts)


def in_a_row(attempts: Sequence[Attempt]) -> int:
    """Good attempts at the end of the list."""
    count = 0
    for attempt in reversed(attempts):
        if attempt.problem:
            break
        count += 1
    return count


def problem_of(expect: Expectation, status: int, body: bytes, seconds: float, location: str | None = None) -> str:
    """What is wrong with a response; empty when it is good."""
    if status not in expect.status:
        to = f" to {location}" if location else ""
        wanted = " or ".join(str(code) for code in expect.status)
        return f"status {status}{to} instead of {wanted}"
    if expect.slower_than is not None and seconds > expect.slower_than:
        return f"it took {seconds:.2f} s, longer than {expect.slower_than:g} s"
    if expect.text is not None and expect.text not in body.decode("utf-8", "replace"):
        return f"the body does not contain {expect.text!r}"
    if expect.json is not None:
        return _json_problem(expect.json, body)
    return ""


def _json_problem(expected: object, body: bytes) -> str:
    assert isinstance(expected, dict)
    try:
        document = json.loads(body)
    except ValueError:
        return f"the body is not JSON: {body[:80].decode('utf-8', 'replace')!r}"
    for path, value in expected.items():
        found = document
        for key in str(path).split("."):
            if isinstance(found, list) and key.isdigit() and int(key) < len(found):
                found = found[int(key)]
            elif isinstance(found, dict) and key in found:
                found = found[key]
            else:
                return f"the body has no {path}"
        if found != value:
            return f"{path} is {found!r} instead of {value!r}"
    return ""


KIND = Kind("probe", ProbeSettings, ask, judge, Probed)
