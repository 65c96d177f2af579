"""Journals as releases really leave them, for the tests of the report: one function per story.

They are made with the model and the steps' own details, on a fixed clock, so a golden report changes only
when the report does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from deploy_lib.diagnose.merge_findings import merge
from deploy_lib.diagnose.verdict import diagnose
from deploy_lib.model import journal
from deploy_lib.model.answers import Attempt
from deploy_lib.model.codes import Code
from deploy_lib.model.details import Details, Figures
from deploy_lib.model.evidence import Condition, Evidence, LogLine, LogSource
from deploy_lib.model.findings import Absence, Finding, Severity
from deploy_lib.model.image import InsideImage, SourceSummary
from deploy_lib.model.journal import Entry
from deploy_lib.model.outcome import Outcome
from deploy_lib.model.release import Release, Status
from deploy_lib.model.service import Service
from deploy_lib.model.traffic import TrafficMap, TrafficTarget
from deploy_lib.steps.build import BuildDetails
from deploy_lib.steps.canary import CanaryDetails
from deploy_lib.steps.compare import CompareDetails
from deploy_lib.steps.image_contents import ImageContentsDetails
from deploy_lib.steps.import_check import ImportCheckDetails
from deploy_lib.steps.probe import ProbeDetails
from deploy_lib.steps.promote import PromoteDetails
from deploy_lib.steps.verify import VerifyDetails

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
NOW = NOON + timedelta(hours=1)
IMAGES = "us-central1-docker.pkg.dev/netra-staging/services"
SERVICE = Service(
    "backend",
    "netra-staging",
    "us-central1",
    "netra-backend-staging",
    IMAGES,
    entrypoint="netra_backend.app.main",
    port=8000,
    memory="512Mi",
    env={"ENVIRONMENT": "staging"},
    secrets={"OPENAI_API_KEY": "openai-api-key:latest"},
)
STABLE = "netra-backend-staging-1a2b3c4-old"
CANDIDATE = "netra-backend-staging-9f8e7d6-new"
BEFORE = TrafficMap((TrafficTarget(STABLE, 100),))
DIGEST = {"good": "sha256:" + "a1" * 32, "bad": "sha256:" + "b2" * 32}
STEPS = (
    "git_clean",
    "image_contents",
    "build",
    "import_check",
    "canary",
    "probe",
    "promote 10 %",
    "compare 1 min",
    "promote 100 %",
    "verify",
)
COMMIT = "9f8e7d6c5b4a39281706f5e4d3c2b1a098765432"
RELEASE = Release("20260302t120000-backend-9f8e7d6", SERVICE, COMMIT, NOON)
COMMAND = "python3 scripts/deploy_to_gcp.py"


class Diary:
    """Entries on a clock that moves only when told."""

    def __init__(self, release: Release = RELEASE, steps: tuple[str, ...] = STEPS, begin: datetime = NOON) -> None:
        self.at = begin
        self.release = release
        self.steps = steps
        self.entries: list[Entry] = [
            journal.Started(begin, release, steps, config="config/staging.yaml", holder="ci@runner-7")
        ]

    def after(self, seconds: float) -> Diary:
        self.at += timedelta(seconds=seconds)
        return self

    def leased(self, before: TrafficMap = BEFORE) -> Diary:
        self.release = replace(self.release, before=before, url="https://netra-backend-staging.a.run.app")
        self.entries.append(journal.LeaseHeld(self.at, self.release, self.at + timedelta(minutes=2)))
        return self

    def asked(self, label: str, target: TrafficMap | None = None) -> Diary:
        kind = label.partition(" ")[0]
        moves = target is not None
        self.entries.append(
            journal.Asked(self.at, self.steps.index(label), kind, label, moves_traffic=moves, target=target)
        )
        return self

    def judged(
        self,
        label: str,
        seconds: float,
        reason: str,
        status: Status = Status.PASSED,
        findings: tuple[Finding, ...] = (),
        target: TrafficMap | None = None,
        details: Details | None = None,
    ) -> Diary:
        self.asked(label, target).after(seconds)
        kind = label.partition(" ")[0]
        step = self.steps.index(label)
        self.entries.append(
            journal.Judged(
                self.at,
                step,
                kind,
                label,
                status,
                reason,
                self.release,
                seconds,
                findings,
                details,
            )
        )
        return self

    def moved(self, percent: int, bake: float = 0.0) -> Diary:
        tagged = (self.release.before or BEFORE).tagged("canary", CANDIDATE)
        target = tagged.moved(CANDIDATE, percent)
        at = self.at + timedelta(seconds=1)
        return self.judged(
            f"promote {percent} %",
            1.2 + bake,
            str(target),
            target=target,
            details=PromoteDetails(percent, target.shares(), at),
        )

    def restored(self, why: str, *, whole: bool = True) -> Diary:
        target = BEFORE.tagged("canary", CANDIDATE)
        self.entries.append(journal.RestoreAsked(self.at, target, why))
        self.after(1.1)
        now = target if whole else target.moved(CANDIDATE, 10)
        reason = "" if whole else "the revision of before is gone"
        self.entries.append(journal.RestoreAnswered(self.at, whole, now, reason))
        return self

    def stopped(self, outcome: Outcome, reason: str, serving: str, *commands: str) -> tuple[Entry, ...]:
        self.entries.append(journal.Stopped(self.at, outcome, reason, serving, commands))
        return tuple(self.entries)


def _prepared(kind: str = "good", before: TrafficMap = BEFORE, release: Release = RELEASE) -> Diary:
    """Up to the candidate that is ready, with every gate passed."""
    diary = Diary(release)
    diary.judged("git_clean", 0.2, "the commit is what is on the disk")
    diary.judged(
        "image_contents",
        0.6,
        "212 files in the image, 148 modules imported by netra_backend.app.main, all there",
        details=ImageContentsDetails(SourceSummary(base="python:3.12-slim"), 212, 148),
    )
    diary.leased(before)
    image = f"{IMAGES}/backend@{DIGEST[kind]}"
    diary.release = replace(diary.release, image=image, build_id="b-42", context_hash="c0ffee" + kind)
    diary.judged("build", 41.5, f"built: backend@{DIGEST[kind][:19]}", details=BuildDetails(image, "b-42"))
    diary.judged(
        "import_check",
        3.1,
        "149 modules imported in the image in 2.9 s",
        details=ImportCheckDetails(149, inside=InsideImage("3.12.4", {"fastapi": "0.115.0", "pydantic": "2.9.1"})),
    )
    diary.release = replace(
        diary.release,
        candidate=CANDIDATE,
        tag="canary",
        candidate_url="https://canary---netra-backend-staging.a.run.app",
    )
    diary.judged(
        "canary",
        6.4,
        f"{CANDIDATE} is ready; no traffic yet",
        details=CanaryDetails(
            CANDIDATE,
            "https://canary---netra-backend-staging.a.run.app",
            changed=("memory: 256Mi -> 512Mi",),
            first=not before.shares(),
        ),
    )
    attempts = tuple(Attempt(n * 1.0, 0.020 + 0.004 * n, 200, revision=CANDIDATE) for n in range(5))
    reason = "3 good answers in a row from /health, the slowest after 36 ms"
    diary.judged("probe", 5.1, reason, details=ProbeDetails(attempts=attempts))
    return diary


def _side(requests: int, errors: int, p50: float | None, p95: float | None) -> Figures:
    return Figures(requests, errors, quantiles={"p50": p50, "p95": p95})


def live() -> tuple[Entry, ...]:
    """A release that went well, with one warning on the way."""
    warning = Finding(
        Code.MISSING_MODULE,
        Severity.WARNING,
        "netra_backend.debug is imported lazily and not in the image",
        file="netra_backend/app/tools.py",
        line=40,
        module="netra_backend.debug",
        cause=Absence.DOCKERIGNORED,
        rule=".dockerignore:3",
        fix="take line 3 out of .dockerignore",
        lazy=True,
    )
    diary = _prepared()
    diary.entries[4] = replace(diary.entries[4], findings=(warning,))  # type: ignore[type-var]
    diary.moved(10, bake=20)
    diary.judged(
        "compare 1 min",
        60.0,
        "0 of 240 requests to the candidate failed, 0 of 240 to the stable revision",
        details=CompareDetails(
            _side(240, 0, 0.021, 0.044),
            _side(240, 0, 0.020, 0.041),
            _side(1830, 1, 0.030, 0.090),
            _side(204, 0, 0.029, 0.085),
        ),
    )
    diary.moved(100)
    reason = f"{CANDIDATE} serves 100 % and answers at https://netra-backend-staging.a.run.app"
    diary.judged("verify", 1.4, reason, details=VerifyDetails({CANDIDATE: 100}, {CANDIDATE: 5}))
    return diary.stopped(Outcome.LIVE, reason, f"{CANDIDATE} 100 %")


def previous() -> tuple[Entry, ...]:
    """The last release that went live before the others: another commit, another image, on the day before."""
    entries = []
    for entry in live():
        fields: dict[str, object] = {"at": entry.at - timedelta(days=1)}
        if isinstance(entry, journal.Started | journal.LeaseHeld | journal.Judged):
            service = replace(SERVICE, memory="256Mi", env={})
            old = replace(entry.release, id="20260301t120000-backend-1a2b3c4", commit="1a2b3c4d" * 5, service=service)
            if old.image:
                old = replace(old, image=f"{IMAGES}/backend@{DIGEST['bad'].replace('b2', 'c3')}", context_hash="0ld")
            if old.candidate:
                old = replace(old, candidate=STABLE)
            fields["release"] = old
        if isinstance(entry, journal.Judged) and isinstance(entry.details, ImportCheckDetails):
            inside = InsideImage("3.12.4", {"fastapi": "0.114.0", "orjson": "3.10.0"})
            fields["details"] = replace(entry.details, inside=inside)
        entries.append(replace(entry, **fields))  # type: ignore[arg-type]
    return tuple(entries)


TRACEBACK = """\
Traceback (most recent call last):
  File "/usr/local/bin/uvicorn", line 8, in <module>
    sys.exit(main())
  File "/usr/local/lib/python3.12/site-packages/uvicorn/importer.py", line 19, in import_from_string
    module = importlib.import_module(module_str)
  File "/app/netra_backend/app/main.py", line 12, in <module>
    from netra_backend.app.core.app_factory import create_app
  File "/app/netra_backend/app/core/app_factory.py", line 18, in <module>
    from netra_backend.app.core.unified_error_handler import ErrorHandler
  File "/app/netra_backend/app/core/unified_error_handler.py", line 7, in <module>
    from netra_backend.app.schemas.core_enums import ErrorCategory
  File "/app/netra_backend/app/schemas/__init__.py", line 21, in <module>
    from netra_backend.app.schemas.llm_config_types import LLMConfig
ModuleNotFoundError: No module named 'netra_backend.app.schemas.llm_config_types'"""


def crash_log(begin: datetime, crashes: int = 10, every: float = 12.0) -> tuple[LogLine, ...]:
    """The log of a container that dies alike each time, as Cloud Run writes it: one entry per line of stderr."""
    lines: list[LogLine] = []
    for number in range(crashes):
        at = begin + timedelta(seconds=every * number)
        lines.append(
            LogLine(at, "Starting new instance. Reason: DEPLOYMENT_ROLLOUT", LogSource.SYSTEM, "INFO", CANDIDATE)
        )
        for text in TRACEBACK.splitlines():
            lines.append(LogLine(at + timedelta(seconds=2.4), text, LogSource.STDERR, "ERROR", CANDIDATE))
        lines.append(
            LogLine(at + timedelta(seconds=2.6), "Container called exit(1).", LogSource.SYSTEM, "WARNING", CANDIDATE)
        )
    return tuple(lines)


MISSING = Finding(
    Code.MISSING_MODULE,
    Severity.ERROR,
    "netra_backend.app.schemas.llm_config_types is imported and not in the image",
    file="netra_backend/app/schemas/__init__.py",
    line=21,
    module="netra_backend.app.schemas.llm_config_types",
    importer="netra_backend.app.schemas",
    missing="netra_backend/app/schemas/llm_config_types.py",
    cause=Absence.GITIGNORED,
    rule=".gitignore:14",
    fix="git add --force -- netra_backend/app/schemas/llm_config_types.py; git commit",
)


def incident(log: tuple[LogLine, ...] | None = None, gaps: tuple[str, ...] = ()) -> tuple[Entry, ...]:
    """The incident: gates before the canary off, a module on the disk and not in the image."""
    diary = Diary(steps=("build", "canary", "probe", "promote 10 %", "promote 100 %", "verify"))
    diary.leased()
    image = f"{IMAGES}/backend@{DIGEST['bad']}"
    diary.release = replace(diary.release, image=image, build_id="b-43", context_hash="c0ffeebad")
    diary.judged("build", 40.2, f"built: backend@{DIGEST['bad'][:19]}", details=BuildDetails(image, "b-43"))
    diary.release = replace(diary.release, candidate=CANDIDATE, tag="canary")
    begin = diary.at + timedelta(seconds=1)
    log = crash_log(begin) if log is None else log
    ready = Condition(
        "Ready",
        "CONDITION_FAILED",
        "HEALTH_CHECK_CONTAINER_ERROR",
        f"Revision '{CANDIDATE}' is not ready and cannot serve traffic. The user-provided container failed "
        "to start and listen on the port defined provided by the PORT=8000 environment variable.",
    )
    evidence = Evidence(
        (ready,), log, 9, ready.message, service_account="backend@x.iam.gserviceaccount.com", port=8000, gaps=gaps
    )
    diary.judged(
        "canary",
        124.0,
        f"{CANDIDATE} does not start: ModuleNotFoundError",
        Status.FAILED,
        details=CanaryDetails(CANDIDATE),
    )
    cause = diagnose(evidence, (MISSING,), SERVICE)
    diary.entries.append(journal.Diagnosed(diary.at, cause, evidence))
    return diary.stopped(
        Outcome.REJECTED,
        f"canary: {CANDIDATE} does not start: ModuleNotFoundError",
        f"{STABLE} 100 %",
        f"{COMMAND} report --config config/staging.yaml {RELEASE.id}",
    )


def sick_under_traffic() -> tuple[Entry, ...]:
    """Healthy at its own URL, failing for users at 10 %: restored."""
    diary = _prepared("bad")
    diary.moved(10)
    diary.judged(
        "compare 1 min",
        9.5,
        "paired requests: 21 of 38 requests to the candidate failed, 0 of 38 to the stable "
        "revision; at most 1.0% may fail",
        Status.FAILED,
        details=CompareDetails(
            _side(38, 0, 0.022, 0.040),
            _side(38, 21, 0.180, 0.950),
            _side(0, 0, None, None),
            _side(19, 11, 0.170, 0.900),
        ),
    )
    diary.restored("compare 1 min: paired requests")
    cause = replace(
        diagnose(Evidence(), (), SERVICE), sentence="compare 1 min: 21 of 38 requests to the candidate failed"
    )
    diary.entries.append(
        journal.Diagnosed(diary.at, cause, Evidence(gaps=("Cloud Logging did not answer within 10 s",)))
    )
    return diary.stopped(
        Outcome.REJECTED, "compare 1 min: 21 of 38 requests to the candidate failed", f"{STABLE} 100 %"
    )


def held() -> tuple[Entry, ...]:
    """Too few requests to judge: a person must decide, and the candidate keeps its 10 %."""
    diary = _prepared()
    diary.moved(10)
    diary.judged(
        "compare 1 min",
        60.0,
        "paired requests: only 12 requests; 30 are needed to judge",
        Status.INCONCLUSIVE,
        details=CompareDetails(_side(12, 0, 0.02, 0.04), _side(12, 0, 0.02, 0.04)),
    )
    of = "--config config/staging.yaml --service backend"
    return diary.stopped(
        Outcome.HELD,
        "compare 1 min: not enough evidence: only 12 requests",
        f"{STABLE} 90 %, {CANDIDATE} 10 %",
        f"{COMMAND} resume {of}    # ask again and go on",
        f"{COMMAND} rollback {of}  # put back what served before",
    )


def interrupted() -> tuple[Entry, ...]:
    """Ctrl-C while the answer to a traffic move was awaited; restored."""
    diary = _prepared()
    tagged = BEFORE.tagged("canary", CANDIDATE)
    diary.asked("promote 10 %", tagged.moved(CANDIDATE, 10)).after(0.8)
    diary.entries.append(journal.ReleaseInterrupted(diary.at, "SIGINT"))
    diary.restored("interrupted by SIGINT")
    return diary.stopped(
        Outcome.INTERRUPTED, "interrupted by SIGINT", f"{STABLE} 100 %", f"{COMMAND} --service backend"
    )


def first_release() -> tuple[Entry, ...]:
    """Nothing served before: the first revision has all traffic as soon as it is ready."""
    diary = _prepared(before=TrafficMap())
    reason = f"{CANDIDATE} serves 100 % and answers at https://netra-backend-staging.a.run.app"
    for label in ("promote 10 %", "compare 1 min"):
        diary.judged(
            label, 0.0, "this is the service's first release; there is nothing to compare with", Status.SKIPPED
        )
    diary.moved(100)
    diary.judged("verify", 1.0, reason, details=VerifyDetails({CANDIDATE: 100}))
    return diary.stopped(Outcome.LIVE, reason, f"{CANDIDATE} 100 %")


def rejected_early() -> tuple[Entry, ...]:
    """Source truth finds the module missing: no build, no cloud."""
    diary = Diary()
    diary.judged("git_clean", 0.2, "the commit is what is on the disk")
    diary.judged(
        "image_contents", 0.7, MISSING.message, Status.FAILED, (MISSING,), details=ImageContentsDetails(image_files=211)
    )
    cause = merge(diagnose(Evidence(), (MISSING,), SERVICE), (MISSING,))
    diary.entries.append(journal.Diagnosed(diary.at, cause, Evidence()))
    return diary.stopped(
        Outcome.REJECTED, f"image_contents: {MISSING.message}", "unchanged; the service was not touched"
    )


def unfinished() -> tuple[Entry, ...]:
    """The client died while the traffic moved: no answer, no ending."""
    diary = _prepared()
    diary.asked("promote 10 %", BEFORE.tagged("canary", CANDIDATE).moved(CANDIDATE, 10))
    return tuple(diary.entries)


def rolled_back(*, later: bool) -> tuple[Entry, ...]:
    """A rollback of the service, after that release or before it."""
    begin = NOON + timedelta(minutes=20 if later else -20)
    release = replace(RELEASE, id=f"{begin:%Y%m%dt%H%M%S}-backend-9f8e7d6-rollback", started=begin, before=BEFORE)
    diary = Diary(release, steps=(), begin=begin).after(2).restored("what served before")
    return diary.stopped(Outcome.LIVE, "went back to what served before", str(BEFORE))


STORIES: dict[str, Callable[[], tuple[Entry, ...]]] = {
    "live": live,
    "incident": incident,
    "sick_under_traffic": sick_under_traffic,
    "held": held,
    "interrupted": interrupted,
    "first_release": first_release,
    "rejected_early": rejected_early,
    "unfinished": unfinished,
}
