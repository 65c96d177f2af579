"""Many services are read at once, and told in their order."""

from __future__ import annotations

import threading

import pytest

from deploy_lib.cli.side_by_side import AT_ONCE, side_by_side
from tests.waits import WITHIN

pytestmark = pytest.mark.fast


def test_all_wait_at_the_same_time_and_the_order_stays() -> None:
    met = threading.Barrier(AT_ONCE, timeout=WITHIN)  # one after the other, the first would wait for ever

    def ask(number: int) -> int:
        met.wait()
        return number

    assert list(side_by_side(ask, range(AT_ONCE))) == list(range(AT_ONCE))


def test_one_alone_is_read_where_signals_arrive() -> None:
    assert list(side_by_side(lambda item: threading.current_thread(), [1])) == [threading.main_thread()]


def test_a_failure_comes_in_its_turn_and_nothing_new_begins() -> None:
    begun: list[int] = []

    def ask(number: int) -> int:
        begun.append(number)
        if number == 1:
            raise LookupError(number)
        return number

    before = set(threading.enumerate())
    told = side_by_side(ask, range(10 * AT_ONCE))
    assert next(told) == 0
    with pytest.raises(LookupError):
        next(told)
    told.close()
    assert set(threading.enumerate()) <= before
