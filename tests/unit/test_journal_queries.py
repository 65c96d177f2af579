"""What a journal answers, as tables: a journal on the left, the answer on the right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from deploy_lib.model.journal import (
    Adopted,
    Asked,
    Entry,
    Judged,
    LeaseRefused,
    ReleaseInterrupted,
    RestoreAnswered,
    RestoreAsked,
    Stopped,
    Withdrawn,
)
from deploy_lib.model.journal_queries import (
    ending,
    is_answered,
    is_being_given_up,
    last_known_traffic,
    may_be_resumed,
    step_to_resume,
)
from deploy_lib.model.journal_queries.traffic import AskedFor, Seen
from deploy_lib.model.outcome import Outcome
from deploy_lib.model.release import Status
from deploy_lib.release.final_message import last_seen
from tests.unit.samples import BEFORE, CANDIDATE, NOON, asked, judged, leased, started

TENTH = BEFORE.tagged("canary", "cand-2").moved("cand-2", 10)
MOVE = asked(3, moves=True)
UP = [started(), leased(), asked(2), judged(2)]
BACK = RestoreAsked(NOON, BEFORE, "worse")


def stopped(outcome: Outcome) -> Stopped:
    return Stopped(NOON, outcome, "why", "serving")


@pytest.mark.parametrize(
    ("journal", "known", "words"),
    [
        pytest.param([started()], None, "this release did not touch the service", id="before the lease"),
        pytest.param(UP, Seen({"stable-1": 100}), "last seen: stable-1 100 %", id="as the lease found it"),
        pytest.param(
            [*UP, MOVE],
            AskedFor(MOVE.target),
            "it was asked to serve: stable-1 90 %, cand-2 10 %",
            id="a move without an answer",
        ),
        pytest.param(
            [*UP, MOVE, replace(judged(3, Status.ERRORED), untouched=True)],
            Seen({"stable-1": 100}),
            "last seen: stable-1 100 %",
            id="a move that surely had no effect",
        ),
        pytest.param(
            [*UP, MOVE, judged(3), BACK],
            AskedFor(BEFORE, back=True),
            "it was asked to go back to: stable-1 100 %",
            id="a restore without an answer",
        ),
        pytest.param(
            [*UP, MOVE, judged(3), BACK, RestoreAnswered(NOON, True, BEFORE)],
            Seen({"stable-1": 100}),
            "last seen: stable-1 100 %",
            id="put back",
        ),
        pytest.param(
            [started(), Adopted(NOON, CANDIDATE, 4, moved=True, traffic=TENTH)],
            Seen({"stable-1": 100}),
            "last seen: stable-1 100 %",
            id="taken over",
        ),
    ],
)
def test_the_traffic_that_is_known(journal: Sequence[Entry], known: Seen | AskedFor | None, words: str) -> None:
    assert last_known_traffic(journal) == known
    assert last_seen(journal) == words


@pytest.mark.parametrize(
    ("journal", "ready", "step"),
    [
        pytest.param([started()], False, 0, id="nothing was asked"),
        pytest.param([*UP, asked(3)], False, 3, id="asked and not answered"),
        pytest.param([*UP, asked(3), judged(3, Status.FAILED)], False, 3, id="failed: again"),
        pytest.param(UP, False, 3, id="passed: the next"),
        pytest.param([*UP, judged(3, Status.SKIPPED), judged(4, Status.SKIPPED)], False, 5, id="skipped: the next"),
        pytest.param([*UP, judged(3, Status.SKIPPED), judged(4, Status.SKIPPED)], True, 3, id="ready: those"),
        pytest.param([started(), Adopted(NOON, CANDIDATE, 4)], False, 4, id="taken over at a step"),
    ],
)
def test_where_a_release_goes_on(journal: Sequence[Entry], ready: bool, step: int) -> None:
    assert step_to_resume(journal, ready=ready) == step


@pytest.mark.parametrize(
    ("journal", "end", "may"),
    [
        pytest.param([], None, False, id="empty"),
        pytest.param(UP, None, True, id="nobody ended it"),
        pytest.param([*UP, stopped(Outcome.HELD)], Outcome.HELD, True, id="held"),
        pytest.param([*UP, stopped(Outcome.LIVE)], Outcome.LIVE, False, id="live"),
        pytest.param([*UP, stopped(Outcome.HELD), started(resumed=True)], None, True, id="started again since"),
        pytest.param(
            [*UP, stopped(Outcome.HELD), started(resumed=True), stopped(Outcome.BUSY)],
            Outcome.HELD,
            False,
            id="resumed while somebody else had it",
        ),
    ],
)
def test_how_it_ended_and_whether_it_may_go_on(journal: Sequence[Entry], end: Outcome | None, may: bool) -> None:
    found = ending(journal)
    assert (found.outcome if found else None) is end
    assert may_be_resumed(journal) is may


@pytest.mark.parametrize(
    ("journal", "given_up"),
    [
        ([started()], False),
        ([started(), ReleaseInterrupted(NOON, "SIGINT")], True),
        ([*UP, Withdrawn(NOON, "auth was not released")], True),
        ([*UP, ReleaseInterrupted(NOON, "SIGINT"), started(resumed=True)], False),
        ([*UP, LeaseRefused(NOON, "ann")], False),
    ],
    ids=["begun", "interrupted", "withdrawn", "resumed since", "refused"],
)
def test_whether_it_is_being_given_up(journal: Sequence[Entry], given_up: bool) -> None:
    assert is_being_given_up(journal) is given_up


@pytest.mark.parametrize(
    ("request_made", "after", "answered"),
    [
        (MOVE, [judged(3)], True),
        (MOVE, [judged(2)], False),
        (BACK, [RestoreAnswered(NOON, False, None)], True),
        (BACK, [judged(3)], False),
    ],
    ids=["judged", "another step's", "restored", "no restore's"],
)
def test_whether_an_answer_came(request_made: Asked | RestoreAsked, after: list[Judged], answered: bool) -> None:
    assert is_answered(request_made, after) is answered
