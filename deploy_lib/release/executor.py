"""One release from its first step to its last line.

`next_move` decides, this loop acts and writes down. Every entry is recorded before the next effect starts, so a
client killed at any line leaves a journal (and a service) that another machine can take up.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol, assert_never

from deploy_lib.decide import AcquireLease, Finish, Move, Restore, RunStep, next_move, why_skipped
from deploy_lib.drivers.interface import DriverError, Drivers, Interrupted, Recalled, Tell
from deploy_lib.journal import UNWRITTEN
from deploy_lib.model import journal, requests
from deploy_lib.model.answers import CallFailed, RevisionCreated
from deploy_lib.model.evidence import Evidence
from deploy_lib.model.journal import Entry, Stopped
from deploy_lib.model.journal_queries import (
    asked_to_stop,
    image_is_to_blame,
    latest_release,
    lease_held,
    own_traffic_maps,
)
from deploy_lib.model.outcome import Outcome
from deploy_lib.model.release import Release, Status
from deploy_lib.model.serving import Serving
from deploy_lib.plan import Plan
from deploy_lib.release.asked import until_judged
from deploy_lib.release.explain import Diagnose, explain
from deploy_lib.release.final_message import last_seen, next_commands, tag_words
from deploy_lib.release.last_line import serving_now
from deploy_lib.release.lease import acquire, known_bad, refused_at_once
from deploy_lib.release.perform import Answer, Request, perform
from deploy_lib.release.restoring import put_back
from deploy_lib.steps.build import BuildImage, BuildSettings
from deploy_lib.steps.kind import Verdict
from deploy_lib.steps.promote import MoveTraffic

Note = Callable[[Entry], None]


class Others(Protocol):
    """The rest of its group, as one release meets it. Each answer is why it is withdrawn; empty when it is not.

    The two that wait raise Interrupted.
    """

    def why_withdrawn(self) -> str: ...
    def before_traffic(self) -> str: ...  # waits until all are as far, and those it comes after are live
    def before_end(self) -> str: ...  # waits, live, until all are


@dataclass(slots=True)
class Executor:
    """What the loop carries along: the plan, the drivers, and the entries so far."""

    plan: Plan
    drivers: Drivers
    note: Note
    tell: Tell
    diagnose: Diagnose
    holder: str
    take_over: bool = False
    wait: float = 0.0  # seconds to queue behind whoever has the service
    entries: list[Entry] = field(default_factory=list)
    others: Others | None = None
    known_rollback: str | None = None  # the newest one as the release began; None: not looked at
    let_through: bool = False  # the group waits for nobody at the next traffic move
    evidence: Evidence | None = None
    steps_run: list[str] = field(default_factory=list)
    unkept: str = ""
    """Why the journal could not be written; then the release comes to an end without it."""

    def record(self, entry: Entry) -> bool:
        """Whether it was written down. Nothing that could not be is asked of the cloud."""
        written = True
        try:
            self.note(entry)
        except OSError as problem:
            self.unkept = self.unkept or f"{UNWRITTEN}: {problem.strerror or problem}"
            written = False
        if written or not isinstance(entry, journal.Asked):
            self.entries.append(entry)
        return written

    @property
    def release(self) -> Release:
        release = latest_release(self.entries)
        assert release is not None, "a run starts by recording its release"
        return release


def run(this: Executor, release: Release, earlier: Sequence[Entry] = ()) -> Stopped:
    """Carry the release to its end; `earlier` are the entries of a journal to resume.

    Raises Interrupted when the user interrupts a second time, while traffic is being restored; the journal then
    tells the next run to restore.
    """
    this.entries.extend(earlier)
    this.record(_started(this, release, resumed=bool(earlier)))
    if not earlier:
        _look_who_deploys(this)
    while True:
        move = _unless_unkept(this, next_move(this.plan, this.entries))
        if isinstance(move, Finish) and this.others is not None:  # they must not wait for one that does not serve
            move = _unless_elsewhere(this, move)
        try:
            if _is_withdrawn(this, move):
                continue
            if not isinstance(move, Finish):
                this.drivers.clock.sleep(0)
                _make(this, move)
                continue
        except Recalled:
            continue  # what was under way is asked for again, or given up, as the journal and the group say now
        except Interrupted as interrupted:
            if isinstance(move, Restore):
                raise
            this.record(journal.ReleaseInterrupted(this.drivers.clock.now(), interrupted.by))
            continue
        return _finish(this, _unless_elsewhere(this, move))


def _is_withdrawn(this: Executor, move: Move) -> bool:
    """Waits for the others of its group where they wait for each other. True when that changed what is to be done."""
    if this.others is None:
        return False
    match move:
        case RunStep() if this.plan.steps[move.index].kind.position.moves_traffic and not this.let_through:
            why = "" if why_skipped(this.plan.steps[move.index], this.release) else this.others.before_traffic()
            this.let_through = not why
        case RunStep() | AcquireLease():
            why = "" if _is_ending(this) else this.others.why_withdrawn()
        case Finish(Outcome.LIVE):
            why = this.others.before_end()
        case Restore() | Finish():
            return False
        case _:
            assert_never(move)
    if why:
        this.record(journal.Withdrawn(this.drivers.clock.now(), why))
    return bool(why)


def _is_ending(this: Executor) -> bool:
    """It is given up already, so that the others' end changes nothing."""
    for entry in reversed(this.entries):
        if isinstance(entry, journal.Withdrawn | journal.ReleaseInterrupted | journal.RestoreAsked):
            return True
        if isinstance(entry, journal.Started):
            return False
    return False


def _look_who_deploys(this: Executor) -> None:
    """A service that is busy is reported before any work is done for it."""
    try:
        refused = refused_at_once(this.drivers, this.release, this.tell, wait=this.wait, build=_build_of(this))
    except Interrupted as interrupted:
        this.record(journal.ReleaseInterrupted(this.drivers.clock.now(), interrupted.by))
        return
    if isinstance(refused, journal.LeaseRefused):
        this.record(refused)
    else:
        this.known_rollback = refused


def _build_of(this: Executor) -> BuildImage | None:
    """What the release will ask to be built."""
    settings = this.plan.settings(BuildSettings)
    return BuildImage(this.release, settings) if settings else None


def _started(this: Executor, release: Release, *, resumed: bool) -> journal.Started:
    plan, labels = this.plan, tuple(step.label for step in this.plan.steps)
    now = this.drivers.clock.now()
    return journal.Started(now, release, labels, plan.path, this.holder, resumed=resumed, program=plan.program)


def _unless_unkept(this: Executor, move: Move) -> Move:
    """Without a journal nothing new is begun; what is done is finished, and what was moved is put back."""
    if not this.unkept or not isinstance(move, RunStep | AcquireLease):
        return move
    if not any(isinstance(entry, journal.ReleaseInterrupted) and entry.errored for entry in this.entries):
        this.tell(f"{this.unkept}; the release stops, and the traffic is put back if it moved")
        this.record(journal.ReleaseInterrupted(this.drivers.clock.now(), this.unkept, errored=True))
        return next_move(this.plan, this.entries)
    return move


def _make(this: Executor, move: RunStep | AcquireLease | Restore) -> None:
    match move:
        case RunStep():
            _run_step(this, move.index)
        case AcquireLease():
            this.record(_acquired(this))
        case Restore():
            _restore(this, move)
        case _:
            assert_never(move)


def _is_resumed(this: Executor) -> bool:
    return any(isinstance(entry, journal.Started) and entry.resumed for entry in this.entries)


def _acquired(this: Executor) -> journal.LeaseHeld | journal.LeaseRefused:
    """A person's own hold stops new releases, and not the end of one that has begun."""
    return acquire(
        this.drivers,
        this.release,
        this.holder,
        this.tell,
        take_over=this.take_over,
        over_own_hold=_is_resumed(this),
        wait=this.wait,
        known_rollback=this.known_rollback,
    )


def _run_step(this: Executor, index: int) -> None:
    step, clock = this.plan.steps[index], this.drivers.clock
    began = clock.monotonic()
    skipped = why_skipped(step, this.release)
    if skipped:
        _judged(this, index, Verdict(Status.SKIPPED, skipped, this.release), 0.0)
        return
    request = step.kind.ask(step.settings, this.release)
    target = None
    if isinstance(request, MoveTraffic):
        request = replace(request, ours=own_traffic_maps(this.entries))
        target = request.target
    moves = step.kind.position.moves_traffic
    asked = journal.Asked(clock.now(), index, step.kind.name, step.label, moves_traffic=moves, target=target)
    if not this.record(asked):
        return

    def ask(request: Request, tell: Tell) -> Answer | CallFailed:
        return perform(request, this.drivers, tell)

    try:
        found = until_judged(step.kind, step.settings, this.release, request, ask, clock, this.tell)
    finally:
        this.drivers.urls.rest()
    if isinstance(found.answer, RevisionCreated) and not found.answer.ready:
        this.evidence = found.answer.evidence
    unknown = found.verdict if isinstance(found.verdict, CallFailed) else None
    if unknown and unknown.busy:
        this.record(journal.LeaseRefused(clock.now(), unknown.reason, unknown.remedy, busy=True))
        return
    if isinstance(found.verdict, CallFailed):
        this.evidence = found.verdict.evidence
        verdict = _of_unknown(found.verdict, this.release)
    else:
        verdict = _unless_bad(this, found.verdict)
    verdict = _unless_taken_over(this, verdict)
    _judged(this, index, verdict, clock.monotonic() - began, untouched=bool(unknown and unknown.no_effect))
    if isinstance(request, MoveTraffic) and verdict.status is Status.PASSED:
        _record_passed(this, request)


def _of_unknown(answer: CallFailed, release: Release) -> Verdict:
    status = Status.INCONCLUSIVE if answer.conflict else Status.ERRORED
    reason = f"{answer.reason} ({answer.remedy})" if answer.remedy else answer.reason
    return Verdict(status, reason, release, conflict=answer.conflict)


def _unless_bad(this: Executor, verdict: Verdict) -> Verdict:
    """A step that brought the image may have brought one that failed before."""
    lease = next((entry for entry in reversed(this.entries) if isinstance(entry, journal.LeaseHeld)), None)
    if lease is None or verdict.status is not Status.PASSED or this.release.image == verdict.release.image:
        return verdict
    refusal = known_bad(verdict.release, lease.bad)
    return replace(verdict, status=Status.FAILED, reason=refusal) if refusal else verdict


def _unless_taken_over(this: Executor, verdict: Verdict) -> Verdict:
    """What looks bad once somebody else has the service, a tag that is gone for instance, says nothing of the image."""
    if verdict.status in (Status.PASSED, Status.SKIPPED) or not lease_held(this.entries):
        return verdict
    by = _taken_over(this)
    return Verdict(Status.INCONCLUSIVE, by, this.release, conflict=True) if by else verdict


def _taken_over(this: Executor) -> str:
    """By whom; empty while the service is this release's, and where it cannot be read."""
    try:
        return this.drivers.services.taken_over(this.release.service)
    except (DriverError, Interrupted):
        return ""


def _judged(this: Executor, index: int, verdict: Verdict, seconds: float, *, untouched: bool = False) -> None:
    step = this.plan.steps[index]
    this.record(
        journal.Judged(
            this.drivers.clock.now(),
            index,
            step.kind.name,
            step.label,
            verdict.status,
            verdict.reason,
            verdict.release,
            seconds,
            findings=verdict.findings,
            details=verdict.details,
            conflict=verdict.conflict,
            untouched=untouched,
        )
    )


def _record_passed(this: Executor, request: MoveTraffic) -> None:
    """Tell other machines that this move was answered; without it they would restore instead of going on."""
    try:
        this.drivers.services.record_passed(request)
    except DriverError as problem:
        this.tell(f"the progress could not be noted on the service: {problem.reason}")


def _restore(this: Executor, move: Restore) -> None:
    clock = this.drivers.clock
    this.record(journal.RestoreAsked(clock.now(), move.target, move.why))
    request = requests.RestoreTraffic(this.release, move.target, ours=own_traffic_maps(this.entries))
    try:
        answer = put_back(this.drivers, request, this.tell, stopping=asked_to_stop(this.entries))
        entry = journal.RestoreAnswered(clock.now(), answer.complete, answer.now, answer.reason)
    except DriverError as problem:
        entry = journal.RestoreAnswered(clock.now(), False, None, problem.with_remedy)
    this.record(entry)


def _finish(this: Executor, move: Finish) -> Stopped:
    """Diagnose, let go of the service, and write the last line."""
    held = any(isinstance(entry, journal.LeaseHeld) for entry in this.entries)
    lost = move.outcome is Outcome.HELD and held and bool(_taken_over(this))
    if move.outcome.wants_a_cause and not lost:
        _explain(this)
    last = next((entry for entry in reversed(this.entries) if isinstance(entry, journal.Judged)), None)
    refused = this.entries[-1] if isinstance(this.entries[-1], journal.LeaseRefused) else None
    if held:
        _give_back(this, move)
    serving = serving_now(this.drivers.services, this.release.service, last_seen(this.entries))
    commands = next_commands(
        this.plan,
        this.release,
        move.outcome,
        resumed=_is_resumed(this),
        lost=lost,
        conflict=last is not None and last.conflict,
        gone=serving == str(Serving(exists=False)),
        on_hold=refused is not None and refused.on_hold,
    )
    stopped = Stopped(this.drivers.clock.now(), move.outcome, move.reason, serving, commands)
    this.record(stopped)
    return stopped


def _unless_elsewhere(this: Executor, move: Finish) -> Finish:
    """Only what is seen serving is called live, in the traffic as it is now; verify may have seen it a while ago."""
    if move.outcome is not Outcome.LIVE:
        return move
    last = next((entry for entry in reversed(this.entries) if isinstance(entry, journal.Judged)), None)
    confirms = last is not None and this.plan.steps[last.step].kind.position.confirms
    verified = last is not None and confirms and last.status is Status.PASSED
    try:
        serving = this.drivers.services.read_serving(this.release.service)
    except (DriverError, Interrupted) as problem:
        if verified:
            return move
        return Finish(Outcome.UNKNOWN, f"{move.reason}; whether it serves could not be read back: {problem}")
    if serving.now.shares() == {this.release.candidate: 100}:
        return move
    by = _taken_over(this)
    why = f"; {by}" if by else ""
    return Finish(Outcome.HELD, f"{this.release.candidate} does not have all traffic{why}; serving: {serving}")


def _give_back(this: Executor, move: Finish) -> None:
    """Interrupted once, it is done all the same: what the release has come to must stand on the service."""
    to_blame = move.outcome is Outcome.REJECTED and image_is_to_blame(this.entries)
    request = requests.EndLease(this.release, move.outcome, move.reason, to_blame)
    try:
        try:
            ended = this.drivers.services.end_lease(request)
        except Interrupted:
            ended = this.drivers.services.end_lease(request)
        if ended.candidate:
            this.tell(tag_words(this.plan, this.release, ended))
    except DriverError as problem:
        this.tell(f"the lease could not be given back and will expire by itself: {problem.reason}")


def _explain(this: Executor) -> None:
    """The cause of the step that failed last, written down once."""
    last = next((e for e in reversed(this.entries) if isinstance(e, journal.Judged | journal.Diagnosed)), None)
    if isinstance(last, journal.Diagnosed):
        return
    judged = [entry for entry in this.entries if isinstance(entry, journal.Judged)]
    try:
        diagnosed = explain(this.drivers, this.diagnose, judged, this.evidence, this.release)
    except Interrupted:  # who is in a hurry gets no diagnosis
        return
    if diagnosed is not None:
        this.record(diagnosed)
