"""The loop: whole releases over a world of values, each with its journal, its traffic maps and its end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from deploy_lib.diagnose.verdict import diagnose
from deploy_lib.drivers.interface import Interrupted, Recalled
from deploy_lib.journal import decode, encode
from deploy_lib.model import answers
from deploy_lib.model.approval import Approval
from deploy_lib.model.cause import Cause
from deploy_lib.model.evidence import Evidence
from deploy_lib.model.findings import Finding
from deploy_lib.model.journal import Diagnosed, Entry, Judged, LeaseRefused, RestoreAsked, Stopped, Withdrawn
from deploy_lib.model.outcome import Outcome
from deploy_lib.model.release import Release, Status
from deploy_lib.model.requests import Phase
from deploy_lib.plan import Plan
from deploy_lib.release.context import ReleaseContext
from deploy_lib.release.executor import execute
from deploy_lib.release.membership import Membership
from deploy_lib.release.next_commands import next_commands
from deploy_lib.release.real import RealRelease
from tests.unit.fake_cloud import IMAGE, FakeClock, FakeCloud, unknown
from tests.unit.samples import BEFORE, NOON, RELEASE, plan, step

WHOLE = plan(
    step("git_clean"),
    step("image_contents"),
    step("config_contract"),
    step("build"),
    step("import_check"),
    step("canary"),
    step("probe"),
    step("promote", percent=10),
    step("compare"),
    step("promote", percent=100),
    step("verify"),
)
STABLE, TENTH, ALL = {"stable-1": 100}, {"stable-1": 90, "cand-2": 10}, {"cand-2": 100}


def no_cause(evidence: Evidence, findings: tuple[Finding, ...], _: Release) -> Cause:
    return diagnose(evidence, findings)


class Killed(BaseException):
    """The process died at this line."""


def worse() -> answers.Watched:
    """Each pair shows that the candidate fails."""
    return answers.Watched(own_stable=answers.Side(20, 0), own=answers.Side(20, 20))


def too_few() -> answers.Watched:
    return answers.Watched(own_stable=answers.Side(3, 0), own=answers.Side(3, 1))


def release(cloud: FakeCloud, chosen: Plan = WHOLE, earlier: list[Entry] | None = None, kill_at: int | None = None,
            holder: str = "one", told: list[str] | None = None) -> tuple[Stopped, list[Entry]]:  # fmt: skip
    """Runs to the end; `kill_at` ends the process before that entry is written."""
    written: list[Entry] = []

    def note(entry: Entry) -> None:
        if kill_at is not None and len(written) == kill_at:
            raise Killed
        written.append(decode(encode(entry)))

    context = ReleaseContext(chosen, cloud.drivers(), note, ([] if told is None else told).append,
                          lambda evidence, findings, _: diagnose(evidence, findings), holder)  # fmt: skip
    try:
        return execute(RealRelease(context, RELEASE, earlier or [])), written
    except Killed:
        raise Killed(written) from None


def test_commands_that_are_printed_help_in_what_has_come_to_be() -> None:
    """A service that is gone has nothing to put back, and a hold is ended by whoever made it."""

    def printed(outcome: Outcome, **known: bool) -> str:
        return "\n".join(next_commands(WHOLE, RELEASE, outcome, **known))

    program = replace(WHOLE.program, released=("--commit", "7cf72eb"))
    chosen = replace(WHOLE, program=program)
    for outcome, known in [
        (Outcome.INTERRUPTED, {}), (Outcome.REJECTED, {"known_bad": True}), (Outcome.BUSY, {}),
        (Outcome.BUSY, {"frozen": True}), (Outcome.HELD, {"lost": True}), (Outcome.HELD, {"gone": True}),
    ]:  # fmt: skip
        offered = next_commands(chosen, RELEASE, outcome, **known)
        assert sum("--commit 7cf72eb" in each for each in offered) == 1, (outcome, known, offered)
    gone = printed(Outcome.HELD, gone=True)
    assert "make the service again" in gone and "resume" not in gone and "rollback" not in gone
    kept, busy = printed(Outcome.BUSY, on_hold=True), printed(Outcome.BUSY)
    assert ("hold --release" in kept, "rollback" in kept) == (True, False)
    assert ("hold --release" in busy, "rollback" in busy) == (False, True)
    assert ("resume --force" in kept, "resume --force" in busy) == (False, True)
    ways = [way.partition("  # ") for way in busy.splitlines()]
    assert ["--wait" in ways[0][0], *(note for way, _, note in ways if "resume --force" in way)] == [
        True, "only if its client is gone: go on with that release",
    ], "whoever holds it may be alive"  # fmt: skip
    first = printed(Outcome.BUSY, gone=True)
    assert ("resume --force" in first, "rollback" in first) == (True, False), "there is nothing to put back"


@pytest.mark.parametrize(
    ("probe", "verify", "asks"),
    [
        (None, "url", True),
        (None, "none", False),
        ("none", None, False),
        ("none", "url", True),
        (None, None, True),
    ],
)
def test_what_is_put_back_is_asked_as_the_plan_asks(probe: str | None, verify: str | None, asks: bool) -> None:
    first = [step("build"), step("canary"), *([step("probe", via=probe)] if probe else [])]
    last = [step("promote", percent=100), *([step("verify", via=verify)] if verify else [])]
    cloud = FakeCloud(fails={"move_traffic": unknown()})
    release(cloud, plan(*first, *last))
    assert [request.asks for request in cloud.restored] == [asks]


def test_a_good_release_goes_live_step_by_step() -> None:
    cloud = FakeCloud()
    stopped, entries = release(cloud)
    assert (stopped.outcome, stopped.serving) == (Outcome.LIVE, "cand-2 100 %")
    assert cloud.maps == [TENTH, ALL]
    assert cloud.asked.index("take_lease") == cloud.asked.index("check") - 1, (
        "the lease comes before the first cloud step"
    )
    assert cloud.asked[-2:] == ["end_lease live", "read_serving"], "the last line comes from the cloud"
    assert not any(isinstance(entry, Diagnosed) for entry in entries)


@pytest.mark.parametrize(
    ("method", "answer", "outcome", "maps"),
    [
        ("read_source", unknown(), Outcome.UNKNOWN, []),
        ("check", unknown(), Outcome.UNKNOWN, []),
        ("build", unknown(), Outcome.UNKNOWN, []),
        ("build", lambda: answers.Built(None), Outcome.REJECTED, []),
        ("check_imports", lambda: answers.ImportsChecked(False, "cut"), Outcome.UNKNOWN, []),
        ("create_revision", lambda: answers.RevisionCreated("cand-2", False), Outcome.REJECTED, []),
        ("create_revision", unknown("changed by ann", conflict=True), Outcome.HELD, []),
        ("probe", lambda: answers.Probed("u", (answers.Attempt(0, 1, 500, "status 500"),) * 10), Outcome.REJECTED, []),
        ("move_traffic", unknown(), Outcome.UNKNOWN, [TENTH, STABLE]),
        (
            "compare",
            worse,
            Outcome.REJECTED,
            [TENTH, STABLE],
        ),
        (
            "compare",
            too_few,
            Outcome.HELD,
            [TENTH],
        ),
        ("verify_traffic", unknown(), Outcome.UNKNOWN, [TENTH, ALL, STABLE]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_failure_ends_where_it_must(
    method: str, answer: Callable[[], object], outcome: Outcome, maps: list[dict[str, int]]
) -> None:
    cloud = FakeCloud(fails={method: answer})
    stopped, entries = release(cloud)
    assert (stopped.outcome, cloud.maps) == (outcome, maps)
    assert cloud.leases == 0, "the lease is given back whatever happened"
    assert stopped.reason, "the last word says why"
    failed = [entry for entry in entries if isinstance(entry, Judged)][-1]
    assert failed.status not in (Status.PASSED, Status.SKIPPED)


def test_a_failed_restore_is_held_and_says_what_serves() -> None:
    cloud = FakeCloud(
        fails={
            "compare": worse,
            "restore": unknown(),
        }
    )
    stopped, _ = release(cloud)
    assert stopped.outcome is Outcome.HELD
    assert "restoring did not succeed: no route to Google" in stopped.reason
    assert len(stopped.next_commands) == 3


def test_a_conflict_names_the_command_that_ends_it_not_one_that_meets_it_again() -> None:
    cloud = FakeCloud(fails={"move_traffic": lambda: answers.TrafficMoved(BEFORE, conflict="ann changed the traffic")})
    stopped, _ = release(cloud)
    assert stopped.outcome is Outcome.HELD
    assert " resume --accept " in f"{stopped.next_commands[0]} "
    assert not [each for each in stopped.next_commands if " resume " in each and " --accept" not in each]


def test_a_refused_lease_changes_nothing() -> None:
    cloud = FakeCloud(fails={"take_lease": lambda: answers.LeaseTaken(False, holder="ann", until=NOON)})
    stopped, entries = release(cloud)
    assert stopped.outcome is Outcome.BUSY
    assert any(isinstance(entry, LeaseRefused) for entry in entries)
    assert "ann is deploying this service" in stopped.reason
    assert "create_revision" not in cloud.asked


def test_an_image_that_failed_before_is_not_tried_again_by_accident() -> None:
    cloud = FakeCloud(bad=(IMAGE.rpartition("@")[2],))
    stopped, entries = release(cloud)
    assert stopped.outcome is Outcome.REJECTED
    assert "--force" in stopped.reason
    assert " --force " in stopped.next_commands[0] and not any(isinstance(entry, Diagnosed) for entry in entries)
    assert "create_revision" not in cloud.asked


def test_the_first_release_of_a_service_has_nothing_to_go_back_to() -> None:
    from deploy_lib.model.traffic import TrafficMap

    sick = {"compare": worse}
    stopped, entries = release(FakeCloud(traffic=TrafficMap(), fails=sick))
    skipped = [entry.label for entry in entries if isinstance(entry, Judged) and entry.status is Status.SKIPPED]
    assert stopped.outcome is Outcome.LIVE
    assert skipped == ["compare 60 s"], "there is nothing to compare with"


def test_an_interruption_under_traffic_restores_first() -> None:
    clock = FakeClock()
    cloud = FakeCloud(clock=clock)

    def interrupted() -> object:
        raise Interrupted("SIGTERM")

    cloud.fails["compare"] = interrupted
    stopped, _ = release(cloud)
    assert (stopped.outcome, cloud.maps) == (Outcome.INTERRUPTED, [TENTH, STABLE])


def test_who_would_not_wait_for_the_restore_leaves_it_to_the_next() -> None:
    """The journal ends with the restore that was asked for, so that `resume` finishes it."""

    def impatient() -> object:
        raise Interrupted("SIGINT")

    bad = {"compare": worse, "restore": impatient}
    cloud, written = FakeCloud(fails=bad), list[Entry]()
    context = ReleaseContext(WHOLE, cloud.drivers(), written.append, lambda text: None, no_cause, "one")
    with pytest.raises(Interrupted):
        execute(RealRelease(context, RELEASE))
    assert isinstance(written[-1], RestoreAsked)
    stopped, _ = release(FakeCloud(traffic=cloud.traffic), earlier=written)
    assert stopped.outcome is Outcome.REJECTED


def test_a_live_release_is_taken_back_when_its_group_fails() -> None:
    cloud = FakeCloud()
    _, entries = release(cloud)
    stopped, _ = release(cloud, earlier=[*entries, Withdrawn(NOON, "auth was not released")])
    assert (stopped.outcome, stopped.reason) == (Outcome.REJECTED, "auth was not released")
    assert cloud.maps == [TENTH, ALL, STABLE]


def test_one_that_its_group_recalls_from_the_queue_was_not_interrupted() -> None:
    class Lost:
        def why_withdrawn(self) -> str:
            return "auth was not released"

        before_traffic = before_end = why_withdrawn

        def before_step(self, index: int, *, in_turn: bool) -> str:
            return self.why_withdrawn()

        def is_held(self) -> bool:
            return False

    def recalled() -> object:
        raise Recalled("its group")

    cloud, written = FakeCloud(fails={"who_deploys": recalled}), list[Entry]()
    context = ReleaseContext(WHOLE, cloud.drivers(), written.append, lambda text: None, no_cause, "one", wait=60.0)
    stopped = execute(RealRelease(context, RELEASE, group=Membership(Lost())))
    assert (stopped.outcome, stopped.reason) == (Outcome.REJECTED, "auth was not released")
    assert cloud.asked == ["read_serving"], "no step was begun"


def test_killed_at_any_entry_and_resumed_it_ends_live_or_restored() -> None:
    _, whole = release(FakeCloud())
    ends = []
    for entry in range(1, len(whole)):
        cloud = FakeCloud()
        with pytest.raises(Killed) as killed:
            release(cloud, kill_at=entry)
        stopped, _ = release(cloud, earlier=killed.value.args[0])
        ends.append(stopped.outcome)
        assert stopped.outcome in (Outcome.LIVE, Outcome.REJECTED)
        assert cloud.traffic.shares() == (ALL if stopped.outcome is Outcome.LIVE else STABLE), whole[entry]
        assert cloud.leases == 0
    assert {Outcome.LIVE, Outcome.REJECTED} <= set(ends), "some go on, some restore"


JOBS = plan(
    step("build"),
    step("job", name="migrate", rollback_command=["undo", "it"]),
    step("canary"),
    step("promote", percent=100),
    step("job", name="clean", when="after_live", words_within=0),
)


def failed_job() -> answers.JobSeen:
    return answers.JobSeen("job-1", answers.JobState.FAILED, 3)


def test_what_a_job_did_stays_when_the_release_is_taken_back_and_is_said() -> None:
    told: list[str] = []
    cloud = FakeCloud(fails={"create_revision": lambda: answers.RevisionCreated("cand-2", False)})
    stopped, _ = release(cloud, JOBS, told=told)
    assert stopped.outcome is Outcome.REJECTED
    assert "what the job migrate did stays; its rollback command was not run: undo it" in told
    assert cloud.maps == []


def test_a_job_that_fails_once_all_users_are_there_moves_nobody() -> None:
    seen: list[answers.JobSeen] = []

    def second_fails() -> answers.JobSeen:
        seen.append(failed_job() if seen else answers.JobSeen("job-0", answers.JobState.SUCCEEDED, 0))
        return seen[-1]

    cloud = FakeCloud(fails={"run_job": second_fails})
    stopped, _ = release(cloud, JOBS)
    assert (stopped.outcome, cloud.maps) == (Outcome.HELD, [ALL])
    assert "job clean: job-1 ended with exit code 3" in stopped.reason
    assert not cloud.restored


def test_a_job_is_ended_when_somebody_asks_to_stop() -> None:
    def runs() -> answers.JobSeen:
        return answers.JobSeen("job-1", answers.JobState.RUNNING)

    cloud = FakeCloud(clock=FakeClock(interrupt_at=[5.0]), fails={"run_job": runs, "look_at_job": runs})
    stopped, _ = release(cloud, JOBS)
    assert stopped.outcome is Outcome.INTERRUPTED
    assert cloud.asked.count("give_up") == 1 and cloud.asked.count("run_job") == 1


def test_an_approval_holds_with_its_command_and_goes_on_when_it_is_there() -> None:
    approved = plan(step("build"), step("canary"), step("promote", percent=10), step("approve"), step("promote"))
    cloud = FakeCloud()
    held, entries = release(cloud, approved)
    assert (held.outcome, cloud.maps) == (Outcome.HELD, [TENTH])
    assert f" approve {RELEASE.id} " in held.next_commands[0]
    yes = answers.ApprovalSeen(NOON, NOON, 10, Approval("ann", NOON, "well"))
    cloud.fails["look_for_approval"] = lambda: yes
    live, _ = release(cloud, approved, entries)
    assert (live.outcome, cloud.maps) == (Outcome.LIVE, [TENTH, ALL])


def test_a_bake_ends_when_somebody_takes_the_service_over() -> None:
    """What is seen from then on is of traffic that somebody else moved, so none of it is well."""
    cloud = FakeCloud()

    def look() -> answers.Watched:
        cloud.clock.seconds += 5
        cloud.taken_by = "bea took the service over at 12:00:31 UTC" if cloud.clock.seconds > 30 else ""
        return answers.Watched(cloud.clock.seconds, answers.REQUEST_LOG, phase=Phase.ASKING)

    cloud.fails["watch"] = look
    stopped, entries = release(cloud, plan(step("canary"), step("promote", percent=100, bake=300), step("verify")))
    (promoted,) = [each for each in entries if isinstance(each, Judged) and each.kind == "promote"]
    assert stopped.outcome is Outcome.HELD
    assert (promoted.status, promoted.reason) == (Status.INCONCLUSIVE, "bea took the service over at 12:00:31 UTC")
    assert cloud.clock.seconds < 60 and cloud.restored == []
