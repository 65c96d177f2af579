"""Every outcome has its exit code and its words, and a command for several services ends with the most urgent one."""

from __future__ import annotations

import pytest

from deploy_lib.model.outcome import MOST_URGENT_FIRST, Outcome

CODES = {"live": 0, "ready": 0, "rejected": 1, "held": 3, "unknown": 4, "busy": 5, "interrupted": 130}


@pytest.mark.parametrize("outcome", Outcome)
def test_every_outcome_has_an_exit_code_and_words(outcome: Outcome) -> None:
    assert outcome.exit_code == CODES[outcome.value]
    assert outcome.is_good == (outcome.exit_code == 0)
    assert bool(outcome.words.junit) != outcome.is_good, "a pipeline must see what did not come to its end"
    assert (outcome.words.tone == "good") == outcome.is_good


def test_words_tell_the_outcomes_apart() -> None:
    for words in ("mark", "headline", "sentence", "notice"):
        assert len({getattr(outcome.words, words) for outcome in Outcome}) == len(Outcome)


def test_what_can_be_gone_on_with() -> None:
    assert {outcome for outcome in Outcome if outcome.is_open} == {Outcome.READY, Outcome.HELD, Outcome.UNKNOWN}


def test_the_most_urgent_order_holds_every_outcome_once() -> None:
    assert sorted(MOST_URGENT_FIRST) == sorted(Outcome)
