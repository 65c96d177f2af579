"""A sentence, and a command, is printed once; a release's log is short, and tells the cause before what led to it."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

import pytest

from deploy_lib.cli.show.entry_lines import entry_lines
from deploy_lib.cli.show.plain import Plain
from deploy_lib.cli.show.printer import Printer
from deploy_lib.model.cause import Cause, Link
from deploy_lib.model.evidence import Evidence
from deploy_lib.model.findings import Finding, Severity
from deploy_lib.model.journal import Asked, Diagnosed, Entry, Judged, LeaseHeld, LeaseRefused, Stopped
from deploy_lib.model.outcome import Outcome
from deploy_lib.model.program import PROGRAM
from deploy_lib.model.release import Release, Status
from tests.report.journals import STORIES
from tests.unit.diagnose.cases import SERVICE

pytestmark = pytest.mark.fast

AT = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
ADD = "git add shop/llm.py && git commit -m 'Add it'"
WRITE = "write services.backend.entrypoint: shop.main"
CAUSE = Cause("missing_module", "no shop.llm", commands=(f"(cd /r && {ADD})", "deploy"))


def shown(status: Status, cause: Cause | None) -> list[str]:
    release = Release("r", SERVICE, "a" * 40, AT)
    findings = tuple(Finding("missing_module", Severity.ERROR, f"no {fix}", fix=fix) for fix in (ADD, WRITE, ADD))
    out = io.StringIO()
    plain = Plain(Printer(out), ("backend",))
    plain.entry("backend", Judged(AT, 0, "image_contents", "image_contents", status, "no", release, 0.1, findings))
    if cause:
        plain.entry("backend", Diagnosed(AT, cause, Evidence()))
    plain.entry("backend", Stopped(AT, Outcome.REJECTED, "no", "nothing", ()))
    plain.close()
    texts = [line.partition("  ")[2].strip() for line in out.getvalue().splitlines()]
    return [text for text in texts if text.startswith(("fix:", "do:"))]


@pytest.mark.parametrize(
    ("status", "cause", "told"),
    [
        pytest.param(
            Status.FAILED, CAUSE, [f"do: (cd /r && {ADD})", "do: deploy", f"fix: {WRITE}"], id="behind its cause"
        ),
        pytest.param(Status.FAILED, None, [f"fix: {ADD}", f"fix: {WRITE}"], id="no cause was looked for"),
        pytest.param(Status.PASSED, None, [f"fix:  {ADD}", f"fix:  {WRITE}", f"fix:  {ADD}"], id="where it stands"),
    ],
)
def test_advice_is_said_once(status: Status, cause: Cause | None, told: list[str]) -> None:
    assert shown(status, cause) == told


@pytest.mark.parametrize(
    ("reason", "wanted"),
    [
        ("RuntimeError: no (app.py:17)", []),
        ("RuntimeError: no (app.py:171)", ["app (app.py:17)"]),
        ("RuntimeError: no", ["app (app.py:17)"]),
    ],
)
def test_a_place_stands_once_however_short_it_is(reason: str, wanted: list[str]) -> None:
    release = Release("r", SERVICE, "a" * 40, AT)
    finding = Finding("exception", Severity.ERROR, reason, file="app.py", line=17)
    cause = Cause("exception", reason, chain=(Link("app", "app.py", 17),))
    lines = log_of(
        [
            Judged(AT, 0, "import_check", "import_check", Status.FAILED, reason, release, 0.1, (finding,)),
            Diagnosed(AT, cause, Evidence()),
        ]
    )
    assert [line.partition("  ")[2].strip() for line in lines[1:]] == wanted


GOOD, BAD = 20, 40
"""Lines of a plain log at most."""


def log_of(entries: Sequence[Entry]) -> list[str]:
    out = io.StringIO()
    plain = Plain(Printer(out), ("backend",))
    for entry in entries:
        plain.entry("backend", entry)
    plain.close()
    return out.getvalue().splitlines()


def sentences(entries: Sequence[Entry]) -> Iterator[str]:
    """What the entries say that is worth saying: why, and what was found."""
    for entry in entries:
        if isinstance(entry, Judged) and entry.kind != "promote" and entry.status is not Status.SKIPPED:
            yield entry.reason
            yield from (finding.message for finding in entry.findings)
        elif isinstance(entry, Diagnosed):
            yield entry.cause.sentence
        elif isinstance(entry, Stopped):
            yield entry.reason.partition(": ")[2] or entry.reason


def commands(lines: Sequence[str]) -> list[str]:
    texts = [line[8:].strip().removeprefix("do: ").removeprefix("fix: ") for line in lines]
    return [text.partition("  #")[0] for text in texts if text.startswith(("git ", "python3 ", "gcloud "))]


@pytest.mark.parametrize("name", STORIES)
def test_each_sentence_stands_in_one_place_of_a_short_log(name: str) -> None:
    entries = STORIES[name]()
    lines = log_of(entries)
    assert len(lines) <= (GOOD if name in ("live", "first_release") else BAD)
    text = "\n".join(lines)
    assert {sentence: text.count(sentence) for sentence in sentences(entries) if text.count(sentence) > 1} == {}
    assert len(set(commands(lines))) == len(commands(lines))
    assert lines[-1].startswith("serving: ") or name == "unfinished"


@pytest.mark.parametrize("name", ["incident", "rejected_early"])
def test_the_cause_comes_before_what_led_to_it(name: str) -> None:
    lines = log_of(STORIES[name]())
    failed = next(number for number, line in enumerate(lines) if " FAILED " in line)
    assert "llm_config_types" in lines[failed] + lines[failed + 1]
    assert not any("error: " in line or "  | " in line for line in lines[: failed + 2])
    assert any("core.app_factory" in line for line in lines[failed:]) or name == "rejected_early"


def test_what_no_line_has_said_is_said_whole() -> None:
    """A second problem beside the one that is the cause, and an ending that no step gave a reason for."""
    release = Release("r", SERVICE, "a" * 40, AT)
    both = (
        Finding("missing_module", Severity.ERROR, "shop.llm is not in the image", file="shop/a.py", line=3, fix=ADD),
        Finding("missing_module", Severity.ERROR, "shop.tools is not in the image", chain=("shop.main (shop/m.py:1)",)),
    )
    cause = Cause("missing_module", "shop.llm is not in the image", commands=(ADD,))
    lines = log_of(
        (
            Judged(AT, 0, "x", "image_contents", Status.FAILED, "2 modules are missing", release, 0.1, both),
            Diagnosed(AT, cause, Evidence()),
            Stopped(AT, Outcome.HELD, "the service was changed by somebody else", "nothing", ()),
        )
    )
    assert [line.partition("  ")[2] for line in lines[1:-1]] == [
        "cause: shop.llm is not in the image",
        "    at shop/a.py:3",
        "    error: shop.tools is not in the image",
        "      shop.main (shop/m.py:1)",
        f"  do: {ADD}",
        "HELD: the service was changed by somebody else",
    ]


def test_a_step_that_takes_long_says_how_far_it_is_ever_more_rarely() -> None:
    at = [AT]
    out = io.StringIO()
    plain = Plain(Printer(out), ("backend",), lambda: at[0])
    plain.line("backend", "somebody else deploys; waiting")
    plain.entry("backend", Asked(AT, 0, "build", "build"))
    for second in range(601):
        at[0] = AT + timedelta(seconds=second)
        plain.line("backend", f"layer {second}")
    plain.close()
    assert [line.partition("  ")[2] for line in out.getvalue().splitlines()] == [
        "  somebody else deploys; waiting",
        "build ... 30 s: layer 30",
        "build ... 2 min: layer 120",
        "build ... 8 min: layer 480",
    ]


def test_a_lease_tells_what_is_recorded_and_not_what_serves() -> None:
    """A release that is resumed may have moved the traffic, and the record is of before that."""
    held = [entry for entry in STORIES["live"]() if isinstance(entry, LeaseHeld)]
    assert [line for entry in held for line in entry_lines(entry)] == [f"before the release: {held[0].release.before}"]


@pytest.mark.parametrize("reason", ["job-1 ended with exit code 3", "nobody approved it within 1 s"])
def test_the_ending_names_the_step_though_its_cause_has_said_all_of_it(reason: str) -> None:
    release = Release("r", SERVICE, "a" * 40, AT)
    lines = log_of(
        (
            Judged(AT, 0, "job", "job clean", Status.FAILED, reason, release, 0.1),
            Diagnosed(AT, Cause("unknown", f"job clean: {reason}"), Evidence()),
            Stopped(AT, Outcome.REJECTED, f"job clean: {reason}", "nothing", ()),
        )
    )
    assert lines[-2].endswith("  REJECTED: job clean")


def test_where_no_step_ran_the_ending_gives_the_reason() -> None:
    why = "the image sha256:abc failed in an earlier release"
    refused = (LeaseRefused(AT, why), Stopped(AT, Outcome.REJECTED, why, "nothing", ()))
    assert [line.partition("  ")[2] for line in log_of(refused)[:-1]] == [f"REJECTED: {why}"]


def test_what_somebody_is_to_type_does_not_wait_for_the_step_to_be_long() -> None:
    out = io.StringIO()
    plain = Plain(Printer(out), ("backend",), lambda: AT)
    plain.entry("backend", Asked(AT, 0, "approve", "approve"))
    plain.line("backend", "asks the service")
    plain.line("backend", f"waits to be approved; type: {PROGRAM.command('approve', 'r-1')}")
    plain.close()
    [line] = out.getvalue().splitlines()
    assert " approve r-1" in line and line.partition("  ")[2].startswith("approve: waits to be approved; type: ")
