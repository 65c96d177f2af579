"""Logs as they really come: interleaved, structured, cut, garbled, long, with clocks that disagree."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deploy_lib.diagnose.verdict import diagnose, startup_verdict, tells_why
from deploy_lib.model.cause import Cause
from deploy_lib.model.evidence import Condition, Evidence, LogLine, LogSource
from deploy_lib.model.findings import Absence, Finding, Severity
from tests.unit.diagnose.cases import NOON, SERVICE, crashes

TRACEBACK = """\
Traceback (most recent call last):
  File "/usr/local/bin/uvicorn", line 8, in <module>
    sys.exit(main())
  File "/app/shop/main.py", line 1, in <module>
    from shop.core import app
  File "/app/shop/core.py", line 3, in <module>
    from shop.models.user import User
ModuleNotFoundError: No module named 'shop.models.user'"""
CHAIN = ["shop.main", "shop.core", "shop.models.user"]
ENDED = LogLine(NOON + timedelta(seconds=3), "Container called exit(1).", LogSource.SYSTEM)


def cause_of(*lines: LogLine) -> Cause:
    return diagnose(Evidence(log=lines), (), SERVICE)


def entries(*texts: str, seconds: float = 1.0) -> tuple[LogLine, ...]:
    return tuple(LogLine(NOON + timedelta(seconds=seconds), text) for text in texts)


def interleaved() -> list[str]:
    """Two workers that fail alike, line by line in turn, with a third party's words between."""
    mixed: list[str] = []
    for number, line in enumerate(TRACEBACK.splitlines()):
        mixed += [line, "INFO:     waiting for the others", line] if number % 3 == 2 else [line, line]
    return mixed


STRUCTURED = [
    {"severity": "ERROR", "message": "could not start", "exc_info": TRACEBACK},
    {"severity": "ERROR", "message": f"could not start\n{TRACEBACK}"},
    {"level": "error", "event": "could not start", "exception": TRACEBACK},
    {"jsonPayload": {"message": "could not start", "stack_trace": TRACEBACK}},
    {
        "event": "could not start",
        "exception": [
            {
                "exc_type": "ModuleNotFoundError",
                "exc_value": "No module named 'shop.models.user'",
                "frames": [
                    {
                        "filename": "/app/shop/main.py",
                        "lineno": 1,
                        "name": "<module>",
                        "line": "from shop.core import app",
                    },
                    {"filename": "/app/shop/core.py", "lineno": 3, "name": "<module>"},
                ],
            }
        ],
    },
]
WAYS = {
    "one entry per line": list(TRACEBACK.splitlines()),
    "one entry of many lines": [TRACEBACK],
    "with a logging prefix": [f"ERROR:root:could not start\n{TRACEBACK}"],
    "with colours": [f"\x1b[31m{line}\x1b[0m" for line in TRACEBACK.splitlines()],
    "printed as a repr": [repr(TRACEBACK)],
    "interleaved": interleaved(),
    **{f"structured {number}": [json.dumps(value)] for number, value in enumerate(STRUCTURED)},
}


@pytest.mark.parametrize("texts", WAYS.values(), ids=WAYS.keys())
def test_a_traceback_is_read_however_it_is_logged(texts: list[str]) -> None:
    cause = cause_of(*entries(*texts), ENDED)
    assert (cause.kind, cause.module) == ("missing_module", "shop.models.user")
    assert [link.module for link in cause.chain] == CHAIN


def test_a_traceback_cut_in_the_middle_is_a_guess() -> None:
    lines = TRACEBACK.splitlines()
    cause = cause_of(*entries(*lines[:6]), ENDED)
    assert (cause.confidence, cause.deterministic) == ("guess", False)
    assert "ends in the middle of a traceback" in cause.sentence
    assert startup_verdict(crashes("\n".join(lines[:6])), (), SERVICE.entrypoint) is None


def test_a_traceback_without_its_beginning_still_names_the_module() -> None:
    assert cause_of(*entries(*TRACEBACK.splitlines()[3:]), ENDED).module == "shop.models.user"


def test_the_last_start_counts_not_an_earlier_one() -> None:
    earlier = crashes("Traceback (most recent call last):\n  File \"/app/shop/main.py\", line 9, in <module>\n"
                      "    x()\nValueError: something else", count=1)  # fmt: skip
    later = tuple(replace(line, at=line.at + timedelta(minutes=5)) for line in crashes(TRACEBACK) if line.at)
    cause = cause_of(*earlier, *later)
    assert cause.kind == "missing_module"
    assert cause.frequency is not None and cause.frequency.count == 3


@pytest.mark.parametrize("change", ["none", "naive", "backwards", "same"])
def test_clocks_that_disagree_change_no_cause(change: str) -> None:
    def moved(number: int, at: datetime | None) -> datetime | None:
        if at is None or change == "none":
            return None
        if change == "naive":
            return at.replace(tzinfo=None) if number % 2 else at
        return NOON - timedelta(seconds=number) if change == "backwards" else NOON

    log = [replace(line, at=moved(number, line.at)) for number, line in enumerate(crashes(TRACEBACK))]
    cause = cause_of(*log)
    assert (cause.kind, cause.module) == ("missing_module", "shop.models.user")
    assert cause.frequency is not None and cause.frequency.count == 3
    assert cause.frequency.lived is None or cause.frequency.lived >= 0


def test_a_hundred_thousand_lines_are_read_in_seconds() -> None:
    noise = [
        LogLine(NOON, f"INFO: request {number} took {number % 90} ms", LogSource.STDOUT) for number in range(100_000)
    ]
    began = time.thread_time()
    cause = cause_of(*noise, *crashes(TRACEBACK))
    assert cause.module == "shop.models.user"
    assert time.thread_time() - began < 8


def test_long_lines_of_garbage_cost_little() -> None:
    lines = ["\x00\xff\ud800" * 30_000, "{" * 50_000, 'File "' * 20_000, "Traceback (most recent call last):" * 5_000,
             "Error: " * 20_000, "a." * 50_000, '{"message": "' + "\\n" * 20_000 + '"}']  # fmt: skip
    began = time.thread_time()
    assert cause_of(*entries(*lines)).kind
    assert time.thread_time() - began < 4


PIECES = st.sampled_from([*TRACEBACK.splitlines(), "Container called exit(1).", "Starting new instance. Reason: X",
                          "During handling of the above exception, another exception occurred:", "    ^^^^", "",
                          "  | Traceback (most recent call last):", '{"message": "x", "exc_info": "y"}'])  # fmt: skip
TIMES = st.one_of(st.none(), st.datetimes(), st.just(NOON))
LINES = st.builds(
    LogLine,
    at=TIMES,
    text=st.one_of(PIECES, st.text(), st.binary().map(lambda data: data.decode("utf-8", "surrogateescape"))),
    source=st.sampled_from(LogSource),
    status=st.one_of(st.none(), st.integers(0, 999)),
)
CONDITIONS = st.builds(
    Condition,
    type=st.sampled_from(["Ready", "ContainerHealthy", "x"]),
    state=st.sampled_from(["CONDITION_FAILED", "CONDITION_SUCCEEDED", "CONDITION_PENDING"]),
    reason=st.sampled_from(["", "HEALTH_CHECK_CONTAINER_ERROR", "SECRETS_ACCESS_CHECK_FAILED", "?"]),
    message=st.text(),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(LINES, max_size=40), st.lists(CONDITIONS, max_size=3), st.text(max_size=80))
def test_no_evidence_however_broken_raises(log: list[LogLine], conditions: list[Condition], message: str) -> None:
    evidence = Evidence(tuple(conditions), tuple(log), operation_message=message)
    cause = diagnose(evidence, (), SERVICE)
    assert cause.kind and cause.sentence and cause.commands
    startup_verdict(evidence.log, evidence.conditions, SERVICE.entrypoint)


def test_a_gap_in_the_evidence_is_no_cause() -> None:
    cause = diagnose(Evidence(gaps=("Cloud Logging did not answer within 10 s",)), (), SERVICE)
    assert cause.kind == "unknown"


def test_a_finding_says_where_the_module_was_lost() -> None:
    finding = Finding(
        "missing_module",
        Severity.ERROR,
        "shop.models.user is not in the image",
        file="shop/models/user.py",
        module="shop.models.user",
        cause=Absence.GITIGNORED,
        rule=".gitignore:4",
        fix="git add --force -- shop/models/user.py",
    )
    cause = diagnose(Evidence(log=crashes(TRACEBACK)), (finding,), SERVICE)
    where = cause.whereabouts
    assert where and (where.on_disk, where.in_commit, where.in_image, where.rule) == ("yes", "no", "no", ".gitignore:4")
    assert cause.sentence.endswith("git ignores it, so no commit holds it (.gitignore:4)")
    assert cause.commands[0] == finding.fix


def test_transient_looking_failures_are_given_their_time() -> None:
    refused = 'Traceback (most recent call last):\n  File "/app/shop/main.py", line 2, in <module>\n    connect()\n'
    refused += "ConnectionRefusedError: [Errno 111] Connection refused"
    assert startup_verdict(crashes(refused, count=5), (), SERVICE.entrypoint) is None


def test_a_named_platform_reason_ends_the_wait_at_once() -> None:
    condition = Condition("Ready", "CONDITION_FAILED", "CONTAINER_MISSING", "Image 'x' not found.")
    verdict = startup_verdict((), (condition,))
    assert verdict is not None and verdict.kind == "image_missing"


def test_one_crash_is_enough_only_for_what_the_image_alone_decides() -> None:
    setting = 'Traceback (most recent call last):\n  File "/app/shop/main.py", line 2, in <module>\n'
    setting += "    KEY = os.environ[\"KEY\"]\nKeyError: 'KEY'"
    for text, enough in ((TRACEBACK, True), (setting, False)):
        once, twice = crashes(text, count=1), crashes(text, count=2)
        assert startup_verdict(once, (), SERVICE.entrypoint) is None
        assert (startup_verdict(once, (), SERVICE.entrypoint, enough=1) is not None) == enough
        assert startup_verdict(twice, (), SERVICE.entrypoint) is not None
    assert startup_verdict(crashes(TRACEBACK, count=1)[:-1], (), SERVICE.entrypoint, enough=1) is None


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        ((), False),
        ((ENDED,), False),
        ((*entries("many lines that say nothing"), ENDED), False),
        ((*entries(*TRACEBACK.splitlines()[:4]), ENDED), True),
        ((*entries(*TRACEBACK.splitlines()), ENDED), True),
        ((*entries("exec: gunicon: not found"), replace(ENDED, text="Container called exit(127).")), True),
    ],
)
def test_whether_a_log_says_more_than_that_the_container_ended(lines: tuple[LogLine, ...], why: bool) -> None:
    assert tells_why(lines, SERVICE.entrypoint) is why
