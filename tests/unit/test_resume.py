"""Which release `resume` goes on with, and from where: journals and states of values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from deploy_lib.decide import AcquireLease, Finish, Move, Restore, RunStep, next_move
from deploy_lib.model.answers import UnfinishedRelease
from deploy_lib.model.journal import Adopted, Asked, Entry, LeaseRefused, Started, Stopped
from deploy_lib.model.journal_queries import latest_release
from deploy_lib.model.not_possible import NotPossible
from deploy_lib.model.outcome import Outcome
from deploy_lib.model.release import Options, Status
from deploy_lib.model.state import LeaseState, PastRelease, ServiceState
from deploy_lib.model.traffic import TrafficMap, TrafficTarget
from deploy_lib.plan import Plan, Step
from deploy_lib.release.resume import NothingToResume, Resumable, resumable
from tests.unit.samples import BEFORE, CANDIDATE, LEASED, NOON, RELEASE, asked, judged, leased, plan, started, step

PLAN = plan()
AT_TEN = BEFORE.tagged("canary", "cand-2").moved("cand-2", 10)
SERVES = ServiceState(True, url="http://main", traffic=AT_TEN, tag_urls={"canary": "http://canary"})
LEFT = UnfinishedRelease(RELEASE.id, RELEASE.commit, "name@sha256:1", "cand-2", "canary", BEFORE, 1, 1, 10)
HELD = Stopped(NOON, Outcome.HELD, "unclear", "serving")
READY = Stopped(NOON, Outcome.READY, "up", "serving")
BUILT = [started(), asked(0), judged(0, release=RELEASE), leased(), asked(1), judged(1, release=LEASED), asked(2)]
TENTH = [*BUILT, judged(2), asked(3, moves=True), judged(3), asked(4)]


def found(
    state: ServiceState, journal: Sequence[Entry] = (), chosen: Plan = PLAN, *, accept: bool = False
) -> Resumable:
    return resumable(chosen, state, journal, lambda commit: commit, NOON, accept=accept)


def next_of(resumed: Resumable) -> Move:
    entries = [*resumed.entries, *resumed.unwritten, started(resumed.release, resumed=True)]
    return next_move(resumed.plan, [*entries, leased(latest_release(entries) or LEASED)])


@pytest.mark.parametrize(
    ("left", "move"),
    [
        pytest.param(replace(LEFT, asked=0, passed=0, percent=0), RunStep(0), id="nothing moved: all is asked again"),
        pytest.param(LEFT, RunStep(4), id="a tenth: after that promotion"),
        pytest.param(
            replace(LEFT, asked=2, percent=100),
            Restore(
                BEFORE.tagged("canary", "cand-2"),
                "it was taken over before the answer to its last traffic move came",
            ),
            id="a move without an answer is taken back",
        ),
        pytest.param(
            replace(LEFT, asked=2, passed=2, percent=100),
            Finish(Outcome.LIVE, "every step had passed when it was taken over"),
            id="all passed",
        ),
    ],
)
def test_from_what_the_service_says(left: UnfinishedRelease, move: Move) -> None:
    assert next_of(found(replace(SERVES, unfinished=left))) == move


@pytest.mark.parametrize(
    ("journal", "index"),
    [
        pytest.param(BUILT, 2, id="asked and never answered: again"),
        pytest.param(TENTH, 4, id="behind a promotion that passed"),
        pytest.param([*TENTH, judged(4, Status.INCONCLUSIVE), HELD], 4, id="what was unclear is asked again"),
    ],
)
def test_from_the_journal_of_this_machine(journal: Sequence[Entry], index: int) -> None:
    resumed = found(replace(SERVES, unfinished=LEFT), journal)
    assert not resumed.unwritten and next_of(resumed) == RunStep(index)


def test_a_service_that_changed_in_the_configuration_is_taken_as_it_is_now() -> None:
    """The journal holds it masked."""
    masked = replace(RELEASE, service=replace(RELEASE.service, env={"PASSWORD": "***"}))
    resumed = found(replace(SERVES, unfinished=LEFT), [started(masked), *BUILT[1:]])
    assert all(entry.release.service.env == {} for entry in resumed.entries if isinstance(entry, Started))


def test_a_ready_release_is_given_its_users() -> None:
    chosen = replace(RELEASE, options=Options(traffic=False))
    journal = [*BUILT, judged(2, release=replace(CANDIDATE, options=chosen.options)),
               judged(3, Status.SKIPPED, replace(CANDIDATE, options=chosen.options)), READY]  # fmt: skip
    resumed = found(SERVES, journal)
    assert resumed.release.options.traffic and next_of(resumed) == RunStep(3)
    with pytest.raises(NotPossible, match="no step gives it users"):
        found(SERVES, journal, plan(step("build"), step("canary")))


def test_accepting_goes_on_from_the_traffic_that_serves() -> None:
    by_hand = TrafficMap((TrafficTarget("other-9", 80), TrafficTarget("cand-2", 20)))
    state = replace(SERVES, unfinished=LEFT, traffic=by_hand)
    for journal in ((), [*TENTH, HELD]):
        taken = found(state, journal, accept=True).unwritten[-1]
        assert isinstance(taken, Adopted)
        assert (taken.step, taken.moved, taken.unanswered, taken.traffic) == (4, True, False, by_hand)
        assert taken.release.before is not None and taken.release.before.shares() == {"other-9": 100}
    with pytest.raises(NotPossible, match="does not exist any more"):
        found(replace(state, exists=False), accept=True)


def past(release_id: str, outcome: Outcome) -> PastRelease:
    return PastRelease(release_id, RELEASE.commit, None, "cand-2", outcome, NOON)


def test_one_that_has_the_lease_still_and_left_no_record_yet_goes_on() -> None:
    """A job holds no record of a release until it is changed, and remembers those that ended before."""
    leases = LeaseState("ann", NOON, NOON, expired=False, release_id=RELEASE.id)
    state = replace(SERVES, history=(past("r0", Outcome.LIVE),), lease=leases)
    assert next_of(found(state, BUILT)) == RunStep(2)
    with pytest.raises(NothingToResume):
        found(replace(state, history=(past(RELEASE.id, Outcome.REJECTED),)), BUILT)


@pytest.mark.parametrize(
    ("state", "journal"),
    [
        pytest.param(SERVES, [], id="nothing is known here"),
        pytest.param(SERVES, [*BUILT, Stopped(NOON, Outcome.REJECTED, "no", "serving")], id="it was rejected"),
        pytest.param(
            replace(SERVES, history=(past(RELEASE.id, Outcome.REJECTED),)), BUILT, id="the service knows its end"
        ),
        pytest.param(replace(SERVES, history=(past("r9-rollback", Outcome.LIVE),)), BUILT, id="something newer ended"),
    ],
)
def test_nothing_to_go_on_with(state: ServiceState, journal: Sequence[Entry]) -> None:
    with pytest.raises(NothingToResume, match="there is no unfinished release"):
        found(state, journal)


def test_a_rollback_is_finished_by_a_rollback() -> None:
    with pytest.raises(NotPossible, match="rollback --force"):
        found(replace(SERVES, unfinished=replace(LEFT, release_id="r1-rollback")))
    release = replace(LEASED, id="r1-rollback")
    leases = LeaseState("ann", NOON, NOON, expired=False, release_id=release.id)
    with pytest.raises(NotPossible, match="rollback --force"):
        found(replace(SERVES, lease=leases), [started(release), leased(release)])


def test_a_busy_service_decides_nothing_for_the_next_attempt() -> None:
    journal = [*BUILT, LeaseRefused(NOON, "ann deploys", busy=True), Stopped(NOON, Outcome.BUSY, "ann", "serving")]
    resumed = found(replace(SERVES, unfinished=LEFT), journal)
    move = next_move(PLAN, [*resumed.entries, started(resumed=True)])
    assert move == AcquireLease()


CHANGED = (step("build"), step("job", name="m"), step("canary"), step("promote", percent=10), step("compare"))
WENT = [
    replace(started(), steps=tuple(each.label for each in CHANGED)),
    *(
        entry
        for index, each in enumerate(CHANGED[:4])
        for entry in (Asked(NOON, index, each.kind.name, each.label), judged(index))
    ),
    Asked(NOON, 4, "compare", "compare"),
]


@pytest.mark.parametrize(
    ("steps", "refused"),
    [
        (CHANGED, ""),
        ((*CHANGED, step("verify")), ""),
        ((*CHANGED[:4], step("verify")), ""),  # the step that it stopped at leaves nothing behind
        (CHANGED[:4], ""),
        (CHANGED[:1] + CHANGED[2:], "(it went through job m, not there now); make them as they were and resume, or "),
        ((*CHANGED[:1], step("job", name="n"), *CHANGED[2:]), "(it went through job m, not there now; job n is new)"),
        ((*CHANGED[:2], step("probe"), *CHANGED[2:]), "(probe is new)"),
        ((CHANGED[1], CHANGED[0], *CHANGED[2:]), "(their order)"),
    ],
)
def test_what_it_went_through_must_be_there_still(steps: tuple[Step, ...], refused: str) -> None:
    """A job that is gone from the file could not be taken back, and a step by its place would be another one."""
    chosen = replace(PLAN, steps=steps)
    if not refused:
        assert found(replace(SERVES, unfinished=LEFT), WENT, chosen).release.id == RELEASE.id
        return
    with pytest.raises(NotPossible) as problem:
        found(replace(SERVES, unfinished=LEFT), WENT, chosen)
    assert refused in problem.value.message
    assert ("what job m did stays" in problem.value.message) == ("job m" in refused)


def test_a_job_that_it_stopped_at_must_be_there_still() -> None:
    with pytest.raises(NotPossible, match="it went through job m, not there now"):
        found(replace(SERVES, unfinished=LEFT), WENT[:4], replace(PLAN, steps=CHANGED[:1] + CHANGED[2:]))


@pytest.mark.parametrize(
    ("then", "now", "refused"),
    [
        (("us-central1", "us-east1"), ("us-central1", "us-east1"), ""),
        (("us-central1", "us-east1"), ("us-central1",), "us-east1 is not in its file any more"),
        (("us-central1", "us-east1"), (), "us-east1 is not in its file any more"),
        ((), ("us-central1", "us-east1"), ""),
    ],
)
def test_users_of_a_region_that_left_the_file_are_not_forgotten(
    then: tuple[str, ...], now: tuple[str, ...], refused: str
) -> None:
    chosen = replace(PLAN, service=replace(PLAN.service, regions=now))
    release = replace(RELEASE, service=replace(RELEASE.service, regions=then))
    journal = [started(release), *BUILT[1:]]
    if not refused:
        assert found(SERVES, journal, chosen).release.id == RELEASE.id
        return
    with pytest.raises(NotPossible, match=refused):
        found(SERVES, journal, chosen)


def test_the_id_alone_tells_that_there_was_another_region() -> None:
    left = replace(LEFT, release_id="20260302t120000-backend-us-central1-abc1234-9f3a")
    with pytest.raises(NotPossible, match="another region is not in its file any more"):
        found(replace(SERVES, unfinished=left))
