"""What happens next, as a table: a journal on the left, the move on the right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy_lib.decide import AcquireLease, Finish, Move, Restore, RunStep, TakeBack, next_move
from deploy_lib.model.cause import Cause
from deploy_lib.model.evidence import Evidence
from deploy_lib.model.journal import (
    Adopted,
    Diagnosed,
    Entry,
    LeaseRefused,
    ReleaseInterrupted,
    RestoreAnswered,
    RestoreAsked,
    Stopped,
    TakeBackAsked,
    TakenBack,
    Withdrawn,
)
from deploy_lib.model.journal_queries import image_is_to_blame, own_traffic_maps, traffic_may_have_moved
from deploy_lib.model.outcome import Outcome
from deploy_lib.model.release import Status
from deploy_lib.model.traffic import TrafficMap, TrafficTarget
from tests.unit.samples import (
    BEFORE,
    CANDIDATE,
    FIRST,
    LEASED,
    NOON,
    RELEASE,
    asked,
    judged,
    leased,
    plan,
    started,
    step,
)

BACK = BEFORE.tagged("canary", "cand-2")
LOCAL = [started(), asked(0), judged(0, release=RELEASE)]
BUILT = [*LOCAL, leased(), asked(1), judged(1, release=LEASED)]
UP = [*BUILT, asked(2), judged(2)]
MOVED = [*UP, asked(3, moves=True)]
AT_TEN = [*MOVED, judged(3)]
RESTORED = [*AT_TEN, asked(4), judged(4, Status.FAILED), RestoreAsked(NOON, BACK, "worse")]
HELD = Stopped(NOON, Outcome.HELD, "unclear", "serving")


@pytest.mark.parametrize(
    ("journal", "move"),
    [
        pytest.param([started()], RunStep(0), id="a local step needs no lease"),
        pytest.param(LOCAL, AcquireLease(), id="the first step in the cloud does"),
        pytest.param([*LOCAL, leased()], RunStep(1), id="then it runs"),
        pytest.param(
            [*LOCAL, LeaseRefused(NOON, "ann deploys", busy=True)], Finish(Outcome.BUSY, "ann deploys"), id="busy"
        ),
        pytest.param(
            [*LOCAL, LeaseRefused(NOON, "ann deploys")], Finish(Outcome.REJECTED, "ann deploys"), id="lease refused"
        ),
        pytest.param(
            [*LOCAL, LeaseRefused(NOON, "no route", errored=True)],
            Finish(Outcome.UNKNOWN, "no route"),
            id="lease unknown",
        ),
        pytest.param([*LOCAL, leased(), asked(1)], RunStep(1), id="an unanswered build is asked again"),
        pytest.param(
            [*BUILT, asked(2), judged(2, Status.FAILED)],
            Finish(Outcome.REJECTED, "label: why"),
            id="failed, never moved",
        ),
        pytest.param(
            [*AT_TEN, asked(4), judged(4, Status.WAITING)],
            Finish(Outcome.HELD, "label: why"),
            id="a person must approve it, whatever the policy is",
        ),
        pytest.param(
            [*AT_TEN, asked(4), replace(judged(4, Status.FAILED), hold=True)],
            Finish(Outcome.HELD, "label: why"),
            id="failed, and nothing may be moved behind it",
        ),
        pytest.param(
            [*BUILT, asked(2), judged(2, Status.ERRORED)],
            Finish(Outcome.UNKNOWN, "label: could not find out: why"),
            id="errored, never moved",
        ),
        pytest.param(MOVED, Restore(BACK, "label-less"), id="an unanswered move of traffic counts as moved", marks=()),
        pytest.param(AT_TEN, RunStep(4), id="an answered move goes on"),
        pytest.param(
            [*AT_TEN, asked(4), judged(4, Status.FAILED)], Restore(BACK, "label: why"), id="worse under traffic"
        ),
        pytest.param(
            [*AT_TEN, asked(4), judged(4, Status.INCONCLUSIVE)],
            Finish(Outcome.HELD, "label: not enough evidence: why"),
            id="unclear is held",
        ),
        pytest.param(
            [*AT_TEN, asked(4), judged(4, Status.INCONCLUSIVE, conflict=True)],
            Finish(Outcome.HELD, "label: why"),
            id="someone else's change is held",
        ),
        pytest.param([*AT_TEN, asked(4), judged(4, Status.SKIPPED)], RunStep(5), id="a skipped step goes on"),
        pytest.param(RESTORED, Restore(BACK, "worse"), id="an unanswered restore is asked again"),
        pytest.param(
            [*RESTORED, RestoreAnswered(NOON, True, BACK)], Finish(Outcome.REJECTED, "worse"), id="restored is rejected"
        ),
        pytest.param(
            [*RESTORED, RestoreAnswered(NOON, False, BACK, "gone")],
            Finish(Outcome.HELD, "worse; restoring did not succeed: gone"),
            id="a restore that failed is held",
        ),
        pytest.param(
            [*BUILT, ReleaseInterrupted(NOON, "SIGINT")],
            Finish(Outcome.INTERRUPTED, "interrupted by SIGINT"),
            id="interrupted before traffic moved",
        ),
        pytest.param(
            [*AT_TEN, asked(4), ReleaseInterrupted(NOON, "SIGTERM")],
            Restore(BACK, "interrupted by SIGTERM"),
            id="interrupted after traffic moved",
        ),
        pytest.param(
            [*AT_TEN, asked(4), judged(4), asked(5, moves=True), judged(5)], Finish(Outcome.LIVE, "why"), id="live"
        ),
        pytest.param([*AT_TEN, started(resumed=True)], AcquireLease(), id="a resumed run takes the lease again"),
        pytest.param([*AT_TEN, started(resumed=True), leased(CANDIDATE)], RunStep(4), id="and then goes on"),
        pytest.param([*MOVED, started(resumed=True)], AcquireLease(), id="restoring needs the lease too"),
        pytest.param(
            [*AT_TEN, asked(4), judged(4, Status.INCONCLUSIVE), HELD, started(resumed=True), leased(CANDIDATE)],
            RunStep(4),
            id="a held step is asked again when resumed",
        ),
        pytest.param([*AT_TEN, HELD], Finish(Outcome.HELD, "unclear"), id="stopped stays stopped"),
        pytest.param(
            [started(resumed=True), Adopted(NOON, CANDIDATE, 4, moved=True), leased(CANDIDATE)],
            RunStep(4),
            id="adopted from the service's own record",
        ),
    ],
)
def test_next_move(journal: Sequence[Entry], move: Move) -> None:
    found = next_move(plan(), journal)
    if isinstance(move, Restore) and move.why == "label-less":
        assert isinstance(found, Restore) and found.target == move.target
    else:
        assert found == move
    assert next_move(plan(), journal) == found


def test_an_adopted_release_with_an_unanswered_move_is_restored() -> None:
    journal = [
        started(resumed=True),
        Adopted(NOON, CANDIDATE, 4, moved=True, unanswered=True),
        leased(CANDIDATE),
    ]
    move = next_move(plan(), journal)
    assert isinstance(move, Restore) and move.target == BACK


@pytest.mark.parametrize(
    "resumed",
    [
        pytest.param([*BUILT, asked(2), judged(2, Status.FAILED), started(resumed=True)], id="killed before the end"),
        pytest.param([started(), Adopted(NOON, CANDIDATE, 6)], id="taken over after the last step"),
    ],
)
def test_who_ends_a_release_that_somebody_left_open_takes_its_lease_first(resumed: list[Entry]) -> None:
    """Else it would say how the release ended, and the service would never know."""
    assert next_move(plan(), resumed) == AcquireLease()
    assert isinstance(next_move(plan(), [*resumed, leased(CANDIDATE)]), Finish)
    assert isinstance(next_move(plan(), [*resumed, LeaseRefused(NOON, "ann deploys")]), Finish)


def test_an_unanswered_move_of_a_first_release_is_asked_again() -> None:
    """Its revision has all traffic anyway, and there is nothing to go back to."""
    killed = [*BUILT, asked(2), judged(2, release=FIRST), asked(3, moves=True), started(resumed=True), leased(FIRST)]
    assert next_move(plan(), killed) == RunStep(3)
    adopted = [started(), Adopted(NOON, FIRST, 3, moved=True, unanswered=True), leased(FIRST)]
    assert next_move(plan(), adopted) == RunStep(3)


def diagnosed(kind: str) -> Entry:
    return Diagnosed(NOON, Cause(kind, "why"), Evidence())


@pytest.mark.parametrize(
    ("journal", "to_blame"),
    [
        pytest.param(RESTORED, True, id="a step judged it"),
        pytest.param([*RESTORED, diagnosed("missing_module")], True, id="the image lacks something"),
        pytest.param([*RESTORED, diagnosed("out_of_memory")], False, id="the YAML mends it"),
        pytest.param([*MOVED, started(resumed=True)], False, id="the client died"),
        pytest.param([started(), Adopted(NOON, CANDIDATE, 4, moved=True, unanswered=True)], False, id="elsewhere"),
        pytest.param([*MOVED, judged(3, Status.INCONCLUSIVE)], False, id="too little evidence"),
        pytest.param([*AT_TEN, Withdrawn(NOON, "auth was not released")], False, id="its group failed"),
    ],
)
def test_only_a_step_speaks_against_an_image(journal: list[Entry], to_blame: bool) -> None:
    assert image_is_to_blame(journal) is to_blame


def test_a_move_that_surely_had_no_effect_is_not_taken_back() -> None:
    refused = replace(judged(3, Status.ERRORED), untouched=True)
    assert next_move(plan(), [*MOVED, refused]) == Finish(Outcome.UNKNOWN, "label: could not find out: why")
    later = replace(judged(5, Status.ERRORED), untouched=True)
    at_ten = [*AT_TEN, asked(4), judged(4), asked(5, moves=True, percent=100), later]
    assert isinstance(next_move(plan(), at_ten), Restore), "the move before it did have one"


def test_policies() -> None:
    unclear = [*AT_TEN, asked(4), judged(4, Status.INCONCLUSIVE)]
    assert next_move(plan(on_inconclusive="continue"), unclear) == RunStep(5)
    assert isinstance(next_move(plan(on_inconclusive="restore"), unclear), Restore)
    failed = [*AT_TEN, asked(4), judged(4, Status.FAILED)]
    assert next_move(plan(on_failure="hold"), failed) == Finish(Outcome.HELD, "label: why")
    interrupted = [*AT_TEN, ReleaseInterrupted(NOON, "SIGINT")]
    assert isinstance(next_move(plan(on_failure="hold"), interrupted), Restore)


def test_a_region_that_is_held_beside_another_stays_as_it_is_and_looks_again_when_it_goes_on() -> None:
    held = Withdrawn(NOON, "the other is held", hold=True)
    done = [*AT_TEN, asked(4), judged(4), asked(5, moves=True, percent=100), judged(5)]
    for journal in (done, AT_TEN, BUILT):
        assert next_move(plan(on_failure="restore"), [*journal, held]) == Finish(Outcome.HELD, "the other is held")
    stopped = Stopped(NOON, Outcome.HELD, "the other is held", "serving")
    resumed = [*done, held, stopped, started(resumed=True), leased()]
    assert next_move(plan(), resumed) == RunStep(5), "its last step, so that what is live is seen"
    back = [*resumed, asked(5, moves=True, percent=100), judged(5), Withdrawn(NOON, "the other was not released")]
    assert isinstance(next_move(plan(), back), Restore)


def test_a_first_release_has_nothing_to_go_back_to() -> None:
    journal = [*BUILT, asked(2), judged(2, release=FIRST), asked(3, moves=True), judged(3, Status.FAILED, FIRST)]
    move = next_move(plan(), journal)
    assert isinstance(move, Finish) and move.outcome is Outcome.HELD
    assert "no earlier revision" in move.reason


def test_maps_of_names_every_map_this_release_may_have_left() -> None:
    maps = own_traffic_maps(AT_TEN)
    assert BEFORE in maps and BACK in maps
    assert any(traffic.shares() == {"stable-1": 90, "cand-2": 10} for traffic in maps)


def test_restored_traffic_no_longer_counts_as_moved() -> None:
    assert traffic_may_have_moved(AT_TEN)
    assert not traffic_may_have_moved([*RESTORED, RestoreAnswered(NOON, True, BACK)])


shares = st.lists(st.integers(1, 100), min_size=1, max_size=4).filter(lambda parts: sum(parts) == 100) | st.just([100])


@given(shares, st.integers(1, 100))
def test_a_moved_map_sums_to_100_and_keeps_tags(parts: list[int], percent: int) -> None:
    targets = tuple(TrafficTarget(f"r{index}", share) for index, share in enumerate(parts))
    before = TrafficMap(targets).tagged("blue", "r0").tagged("canary", "new")
    after = before.moved("new", percent)
    assert sum(after.shares().values()) == 100
    assert after.shares()["new"] == percent
    assert after.tags() == before.tags()
    assert after.moved("new", percent).same_as(after)


MIGRATES = plan(
    step("git_clean"),
    step("build"),
    step("job", rollback_command=("back",), on_failure="run"),
    step("promote", percent=10),
    step("compare"),
    step("promote", percent=100),
)
WORSE = [*AT_TEN, asked(4), judged(4, Status.FAILED)]
WAY_BACK = [*WORSE, RestoreAsked(NOON, BACK, "worse"), RestoreAnswered(NOON, True, BEFORE)]
TAKING = [*WAY_BACK, TakeBackAsked(NOON, 2, "job")]
RESUMED = [started(resumed=True), leased()]
TOOK = "worse; job was taken back: it ended well"


def took(whole: bool = True) -> Entry:
    return TakenBack(NOON, 2, "job", whole, "it ended well" if whole else "exit code 1")


@pytest.mark.parametrize(
    ("journal", "move"),
    [
        pytest.param(WORSE, Restore(BACK, "label: why"), id="the traffic goes back first"),
        pytest.param(WAY_BACK, TakeBack(2), id="then what the job did"),
        pytest.param([*UP, asked(3), judged(3, Status.FAILED)], TakeBack(2), id="also where no user met the candidate"),
        pytest.param([*UP, ReleaseInterrupted(NOON, "SIGINT")], TakeBack(2), id="and where a person stopped it"),
        pytest.param(
            [*UP, asked(3), judged(3, Status.ERRORED)],
            Finish(Outcome.UNKNOWN, "label: could not find out: why"),
            id="not where the release can go on",
        ),
        pytest.param(
            [*BUILT, asked(2), judged(2, Status.FAILED)],
            Finish(Outcome.REJECTED, "label: why"),
            id="nor what did not go well: the step has seen to that",
        ),
        pytest.param([*WORSE, HELD], Finish(Outcome.HELD, "unclear"), id="nor after the end"),
        pytest.param(TAKING, TakeBack(2), id="an unanswered one is asked again"),
        pytest.param([*TAKING, started(resumed=True)], AcquireLease(), id="with the lease"),
        pytest.param([*TAKING, *RESUMED], TakeBack(2), id="by whoever resumes"),
        pytest.param([*TAKING, took()], Finish(Outcome.REJECTED, TOOK), id="once"),
        pytest.param([*TAKING, took(), *RESUMED], Finish(Outcome.REJECTED, TOOK), id="and no more after that"),
        pytest.param(
            [*TAKING, took(whole=False)],
            Finish(Outcome.HELD, "worse; job could not be taken back: exit code 1"),
            id="a failure is for a person",
        ),
        pytest.param([*TAKING, took(whole=False), HELD, *RESUMED], TakeBack(2), id="who may try again"),
        pytest.param(
            [*TAKING, took(), Stopped(NOON, Outcome.UNKNOWN, "", ""), *RESUMED],
            Finish(Outcome.REJECTED, TOOK),
            id="such a release goes forward no more",
        ),
    ],
)
def test_what_a_step_did_is_taken_back(journal: Sequence[Entry], move: Move) -> None:
    assert next_move(MIGRATES, journal) == move
    without = replace(
        MIGRATES, steps=tuple(step("job") if each.label == "job job" else each for each in MIGRATES.steps)
    )
    assert not isinstance(next_move(without, journal), TakeBack)


def test_what_is_no_step_any_more_is_not_taken_back() -> None:
    """Somebody took steps out of the file before the release was resumed."""
    shorter = replace(MIGRATES, steps=MIGRATES.steps[:2])
    assert next_move(shorter, WAY_BACK) == Finish(Outcome.REJECTED, "worse")
