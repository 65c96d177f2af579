"""What a rollback does next, as a table, and whole rollbacks over a world of values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from deploy_lib.decide import AcquireLease, Finish, Restore
from deploy_lib.drivers.interface import Interrupted
from deploy_lib.model import answers
from deploy_lib.model.journal import (
    Entry,
    GoingBack,
    LeaseRefused,
    ReleaseInterrupted,
    RestoreAnswered,
    RestoreAsked,
    Stopped,
)
from deploy_lib.model.outcome import Outcome
from deploy_lib.model.program import PROGRAM
from deploy_lib.model.state import LeaseState, PastRelease, RevisionState, ServiceState
from deploy_lib.model.traffic import TrafficMap, TrafficTarget
from deploy_lib.plan import Plan
from deploy_lib.release.executor import execute
from deploy_lib.release.recorder import Recorder
from deploy_lib.release.rollback.moves import AskTarget, ChooseAgain, Move, RollbackFacts, next_move
from deploy_lib.release.rollback.procedure import Rollback, RollbackOptions, as_release
from deploy_lib.release.rollback.runner import NOT_ALONE, choose_all, refusal
from deploy_lib.release.rollback.target import Choice
from tests.unit.fake_cloud import FakeCloud, unknown
from tests.unit.samples import BEFORE, LEASED, NOON, RELEASE, leased, plan, started, step

NOW = TrafficMap((TrafficTarget("cand-2", 100),))
CHOICE = Choice(BEFORE, "what served before")
FACTS = RollbackFacts(CHOICE, NOW, settled=True)
THERE = replace(FACTS, choice=replace(CHOICE, target=NOW, there=True))
HELD = [started(), GoingBack(NOON, BEFORE, NOW, "why"), leased()]
BACK = RestoreAsked(NOON, BEFORE, "why")
CHOSEN = replace(FACTS, chosen_again=True)


@pytest.mark.parametrize(
    ("journal", "facts", "move"),
    [
        pytest.param([started()], FACTS, AcquireLease(), id="the lease first"),
        pytest.param([started()], THERE, Finish(Outcome.LIVE, "already there: what served before"), id="there already"),
        pytest.param([started()], replace(THERE, settled=False), AcquireLease(), id="there, and a release to be ended"),
        pytest.param(
            [started(), LeaseRefused(NOON, "ann deploys", busy=True)],
            FACTS,
            Finish(Outcome.BUSY, "ann deploys; --force takes the service over, and that release stops"),
            id="busy",
        ),
        pytest.param(
            [started(), LeaseRefused(NOON, "no route", errored=True)],
            FACTS,
            Finish(Outcome.UNKNOWN, "no route"),
            id="not known who",
        ),
        pytest.param(
            [started(), ReleaseInterrupted(NOON, "SIGINT")],
            FACTS,
            Finish(Outcome.INTERRUPTED, "interrupted by SIGINT while it waited"),
            id="stopped while it waits",
        ),
        pytest.param(HELD, FACTS, ChooseAgain(), id="what was read before the lease may have changed"),
        pytest.param(
            HELD,
            replace(FACTS, unchosen=Finish(Outcome.REJECTED, "nothing is left")),
            Finish(Outcome.REJECTED, "nothing is left"),
            id="nothing to go back to any more",
        ),
        pytest.param(HELD, CHOSEN, AskTarget(), id="the target is asked"),
        pytest.param(
            HELD, replace(CHOSEN, unfit=""), Restore(BEFORE, "a person asked to leave cand-2 100 %"), id="it is well"
        ),
        pytest.param(
            HELD,
            replace(THERE, chosen_again=True),
            Restore(NOW, "a person asked to leave cand-2 100 %"),
            id="there: only the record ends",
        ),
        pytest.param(
            [*HELD, ReleaseInterrupted(NOON, "SIGTERM")],
            CHOSEN,
            Finish(Outcome.INTERRUPTED, "interrupted by SIGTERM before the traffic moved"),
            id="stopped before the traffic moved",
        ),
        pytest.param(
            [*HELD, BACK, RestoreAnswered(NOON, True, BEFORE)],
            CHOSEN,
            Finish(Outcome.LIVE, "rolled back from cand-2"),
            id="done",
        ),
        pytest.param(
            [*HELD, BACK, RestoreAnswered(NOON, False, None, "no route")],
            CHOSEN,
            Finish(Outcome.HELD, "the rollback did not succeed: no route"),
            id="not done",
        ),
    ],
)
def test_the_next_move(journal: Sequence[Entry], facts: RollbackFacts, move: Move) -> None:
    assert next_move(PROGRAM, facts, journal) == move


def test_a_target_that_is_unfit_names_the_way_to_it() -> None:
    move = next_move(PROGRAM, replace(CHOSEN, unfit="does not answer well: status 500"), HELD)
    assert isinstance(move, Finish) and move.outcome is Outcome.REJECTED
    assert "stable-1 does not answer well: status 500" in move.reason and "rollback --now" in move.reason


def carried_out(cloud: FakeCloud, *, probe: bool = True) -> tuple[Stopped, list[Entry]]:
    state = ServiceState(
        True, traffic=NOW, revisions=tuple(RevisionState(name, "image", True, NOON) for name in ("cand-2", "stable-1"))
    )
    cloud.fails.setdefault("read_state", lambda: state)
    written: list[Entry] = []
    rollback = Rollback(
        plan(step("probe")), cloud.drivers(), Recorder(written.append), lambda text: None, "one",  # type: ignore[arg-type]
        as_release(RELEASE, state, CHOICE), state, CHOICE, lambda fresh: fresh,
        RollbackOptions("stable-1", probe=probe),
    )  # fmt: skip
    return execute(rollback), written


def test_of_several_services_none_moves_when_one_has_no_target() -> None:
    known = ServiceState(True, traffic=NOW, revisions=(RevisionState("stable-1", "image", True, NOON),))
    options = RollbackOptions("stable-1")
    both = choose_all([(plan(), known), (plan(), known)], options)
    assert [each.choice and each.choice.target.shares() for each in both] == [BEFORE.shares()] * 2
    one, other = choose_all([(plan(), known), (plan(), ServiceState(False))], options)
    assert (one.choice, one.refused, one.why_not) == (None, False, NOT_ALONE)
    assert (other.choice, other.refused) == (None, True) and "no such service" in other.why_not
    cloud = FakeCloud(traffic=NOW)
    said = refusal(one, cloud.drivers())  # type: ignore[arg-type]
    assert (said.outcome, said.serving, said.next_commands) == (Outcome.REJECTED, "cand-2 100 %", ())
    assert cloud.asked == ["read_serving"]


def test_a_release_that_is_named_is_in_each_region_the_one_released_with_it() -> None:
    """A region without one is told before anything moves; a commit is the same everywhere."""

    def of(region: str, *commits: str) -> tuple[Plan, ServiceState]:
        there = replace(plan().service, region=region, regions=("us-east1", "us-west1"))
        past = tuple(
            PastRelease(f"20260302t120000-backend-{region}-{commit[:7]}-9f", commit, None, "stable-1", Outcome.LIVE,
                        NOON, BEFORE)
            for commit in commits
        )  # fmt: skip
        revisions = (RevisionState("stable-1", "image", True, NOON),)
        return replace(plan(), service=there), ServiceState(True, traffic=NOW, history=past, revisions=revisions)

    commit, other = "c" * 40, "d" * 40
    for wanted in (commit, f"20260302t120000-backend-us-west1-{commit[:7]}-9f"):
        found = choose_all([of("us-east1", commit), of("us-west1", commit, other)], RollbackOptions(wanted))
        assert [each.choice and each.choice.target.shares() for each in found] == [BEFORE.shares()] * 2
    east, west = choose_all([of("us-east1", commit), of("us-west1", other)], RollbackOptions(other))
    assert (east.refused, west.choice, west.why_not) == (True, None, NOT_ALONE)
    assert east.why_not.startswith(f"there is no revision {other}, nor release or commit; choose with --to:")


def test_lease_probe_restore_and_the_last_line() -> None:
    cloud = FakeCloud(traffic=NOW)
    stopped, written = carried_out(cloud)
    assert (stopped.outcome, stopped.serving) == (Outcome.LIVE, "stable-1 100 %")
    order = ["take_lease", "read_state", "temporary_url stable-1", "probe", "restore", "end_lease live", "read_serving"]
    assert cloud.asked == order
    names = [type(entry).__name__ for entry in written]
    assert names == ["Started", "GoingBack", "LeaseHeld", "RestoreAsked", "RestoreAnswered", "Stopped"]


@pytest.mark.parametrize(
    ("fails", "outcome", "ended"),
    [
        ({"probe": lambda: answers.Probed("u", (answers.Attempt(0, 1, 500, "status 500"),) * 10)},
         Outcome.REJECTED, "end_lease None"),
        ({"restore": unknown()}, Outcome.HELD, "end_lease held"),
        ({"read_state": unknown()}, Outcome.UNKNOWN, "end_lease None"),
    ],
    ids=["unfit", "not restored", "not readable"],
)  # fmt: skip
def test_whatever_happens_the_lease_is_given_back(fails: dict[str, object], outcome: Outcome, ended: str) -> None:
    cloud = FakeCloud(traffic=NOW, fails=fails)  # type: ignore[arg-type]
    stopped, _ = carried_out(cloud)
    assert stopped.outcome is outcome and ended in cloud.asked


def test_interrupted_before_the_traffic_moves_nothing_has_moved() -> None:
    def interrupted() -> object:
        raise Interrupted("SIGTERM")

    cloud = FakeCloud(traffic=NOW, fails={"probe": interrupted})
    stopped, written = carried_out(cloud)
    assert (stopped.outcome, cloud.maps) == (Outcome.INTERRUPTED, [])
    assert any(isinstance(entry, ReleaseInterrupted) for entry in written), "its journal says so"


def test_who_would_not_wait_for_the_traffic_leaves_it_to_the_next_rollback() -> None:
    def impatient() -> object:
        raise Interrupted("SIGINT")

    cloud = FakeCloud(traffic=NOW, fails={"restore": impatient})
    with pytest.raises(Interrupted):
        carried_out(cloud)
    assert not [call for call in cloud.asked if call.startswith("end_lease")], "its record stays on the service"


def test_a_journal_that_cannot_be_written_does_not_keep_users_waiting() -> None:
    def full(entry: Entry) -> None:
        raise OSError(28, "No space left on device")

    cloud, told = FakeCloud(traffic=NOW), list[str]()
    state = ServiceState(True, traffic=NOW, lease=LeaseState("ann", NOON, NOON + timedelta(minutes=1), False, "r1"))
    cloud.fails["read_state"] = lambda: replace(state, revisions=(RevisionState("stable-1", "image", True, NOON),))
    rollback = Rollback(
        plan(step("git_clean")), cloud.drivers(), Recorder(full), told.append, "one",  # type: ignore[arg-type]
        as_release(LEASED, state, CHOICE), state, CHOICE, lambda fresh: fresh, RollbackOptions("stable-1"),
    )  # fmt: skip
    assert execute(rollback).outcome is Outcome.LIVE
    assert len([line for line in told if "goes on without it" in line]) == 1, "said once"
    assert cloud.maps == [BEFORE.shares()]
