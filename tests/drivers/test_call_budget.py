"""How often a project is asked, by all who share the budget."""

from __future__ import annotations

import pytest

from deploy_lib.drivers.call_budget import REFUSED_FOR, CallBudget


def made_at(budget: CallBudget, seconds: float, wish: float) -> list[float]:
    """When calls are made by those who would call every `wish` seconds."""
    made, now = [], 0.0
    while now < seconds:
        if budget.may_call(now):
            budget.spend(now)
            made.append(now)
        now += wish
    return made


@pytest.mark.parametrize("wish", [0.01, 0.5, 3.0])
@pytest.mark.parametrize(("per_minute", "burst"), [(30, 12), (50, 20), (10, 1)])
def test_in_no_minute_are_there_more_calls_than_the_budget_has(per_minute: int, burst: int, wish: float) -> None:
    made = made_at(CallBudget(per_minute, burst), 300.0, wish)
    most = max(sum(at <= other < at + 60 for other in made) for at in made)
    assert most <= per_minute
    assert most >= 0.6 * min(per_minute, 60 / wish), "and it is used"


def test_a_call_that_was_not_asked_for_is_made_up_for() -> None:
    budget = CallBudget(60, 2)
    for _ in range(5):  # pages of one reading
        budget.spend(0.0)
    assert not budget.may_call(3.0)
    assert budget.may_call(5.0)


@pytest.mark.parametrize(("asked", "pause"), [(None, REFUSED_FOR), (7.0, 7.0)])
def test_after_a_refusal_nobody_calls_for_a_minute_or_what_google_asks(asked: float | None, pause: float) -> None:
    budget = CallBudget(30, 12)
    assert budget.refused(100.0, asked) == pause
    assert not budget.may_call(100.0 + pause - 0.1)
    assert budget.may_call(100.0 + pause)
