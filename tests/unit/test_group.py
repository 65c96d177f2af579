"""Several services in one go: order, what starts, and what is taken back."""

from __future__ import annotations

import threading

from deploy_lib.model.journal import Stopped
from deploy_lib.model.outcome import Outcome
from deploy_lib.run.group import Member, exit_code, release_all
from tests.unit.samples import NOON


class Log:
    def __init__(self, ends: dict[str, Outcome]) -> None:
        self.ends = ends
        self.lines: list[str] = []

    def member(self, name: str, *after: str) -> Member:
        def release() -> Stopped:
            self.lines.append(f"release {name}")
            return Stopped(NOON, self.ends.get(name, Outcome.LIVE), name, "")

        def take_back(why: str) -> Stopped:
            self.lines.append(f"take back {name}: {why}")
            return Stopped(NOON, Outcome.REJECTED, why, "")

        return Member(name, after, release, take_back)


def test_each_starts_after_those_it_waits_for() -> None:
    log = Log({})
    release_all([log.member("auth"), log.member("backend", "auth"), log.member("web", "backend")])
    assert log.lines == ["release auth", "release backend", "release web"]


def test_independent_ones_run_side_by_side() -> None:
    both = threading.Barrier(2, timeout=10)

    def meet() -> Stopped:
        both.wait()
        return Stopped(NOON, Outcome.LIVE, "", "")

    def never(why: str) -> Stopped:
        raise AssertionError(why)

    results = release_all([Member("a", (), meet, never), Member("b", (), meet, never)])
    assert exit_code(results) == 0


def test_the_second_of_three_fails_so_the_first_is_taken_back_and_the_third_never_starts() -> None:
    log = Log({"backend": Outcome.REJECTED})
    results = release_all([log.member("auth"), log.member("backend", "auth"), log.member("web", "backend")])
    assert log.lines == ["release auth", "release backend", "take back auth: backend was not released"]
    assert results["web"] is None
    assert exit_code(results) == 1


def test_keep_leaves_the_live_ones_live() -> None:
    log = Log({"backend": Outcome.REJECTED})
    release_all([log.member("auth"), log.member("backend", "auth")], keep=True)
    assert log.lines == ["release auth", "release backend"]


def test_one_exit_code_for_all_is_the_one_that_most_needs_a_person() -> None:
    log = Log({"a": Outcome.REJECTED, "b": Outcome.HELD, "c": Outcome.UNKNOWN})
    results = release_all([log.member("a"), log.member("b"), log.member("c")], keep=True)
    assert exit_code(results) in (1, 3), "those that were started"
