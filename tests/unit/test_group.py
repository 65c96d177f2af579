"""Several services in one go: who waits for whom, who is withdrawn, and what is put back."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from deploy_lib.drivers.clock import SystemClock
from deploy_lib.model.journal import Stopped
from deploy_lib.model.outcome import Outcome
from deploy_lib.release.group import Ended, Member, release_all
from deploy_lib.release.membership import Others
from tests.unit.samples import NOON
from tests.waits import WITHIN


class Log:
    """Members whose release is: steps, wait, traffic, wait, end. `early` and `late` fail before and after the first."""

    def __init__(self, early: dict[str, Outcome] | None = None, late: dict[str, Outcome] | None = None) -> None:
        self.early = early or {}
        self.late = late or {}
        self.clock = SystemClock()
        self.kept: set[str] = set()
        self.regions: set[str] = set()
        self.leaves_choice = True
        self.lines: list[str] = []
        self.slow: dict[str, Callable[[], object]] = {}
        self.recalled = {name: threading.Event() for name in ("auth", "backend", "web")}

    def member(self, name: str, *after: str) -> Member:
        def release(others: Others) -> Stopped:
            self.slow.get(name, lambda: None)()
            if name in self.early:
                return self.end(name, self.early[name])
            if why := others.why_withdrawn() or others.before_traffic():
                return self.end(name, Outcome.REJECTED, f": {why}")
            self.lines.append(f"{name} has users")
            if name in self.late:
                return self.end(name, self.late[name])
            if why := others.before_end():
                self.lines.append(f"{name} is put back")
                return self.end(name, Outcome.HELD if others.is_held() else Outcome.REJECTED, f": {why}")
            return self.end(name, Outcome.LIVE)

        regions = frozenset(self.regions - {name} if name in self.regions else ())
        recall, choice = self.recalled[name].set, self.leaves_choice
        return Member(name, after, release, recall, name in self.kept, regions, lambda: choice)

    def end(self, name: str, outcome: Outcome, why: str = "") -> Stopped:
        self.lines.append(f"{name} {outcome}{why}")
        return Stopped(NOON, outcome, why, "")

    def all(self, *, keep: bool = False) -> Ended:
        self.kept |= {"auth", "backend", "web"} if keep else set()
        members = [self.member("auth"), self.member("backend", "auth"), self.member("web", "backend")]
        return release_all(members, self.clock)


def test_traffic_follows_the_order_and_all_end_together() -> None:
    log = Log()
    ended = log.all()
    assert log.lines[:3] == ["auth has users", "backend has users", "web has users"]
    assert sorted(log.lines[3:]) == ["auth live", "backend live", "web live"]
    assert ended.exit_code == 0


def test_nobody_has_users_before_the_slowest_one_is_as_far() -> None:
    log, late = Log({"web": Outcome.REJECTED}), threading.Event()
    log.slow["web"] = lambda: late.wait(0.5)
    ended = log.all()
    assert sorted(log.lines) == [
        "auth rejected: web was not released",
        "backend rejected: web was not released",
        "web rejected",
    ]
    assert ended.exit_code == 1


def test_steps_before_traffic_run_side_by_side() -> None:
    log, all_three = Log(), threading.Barrier(3, timeout=WITHIN)
    log.slow = dict.fromkeys(("auth", "backend", "web"), all_three.wait)
    assert log.all().exit_code == 0


def test_one_that_runs_is_withdrawn_at_once() -> None:
    log = Log({"auth": Outcome.REJECTED})
    log.slow["web"] = lambda: log.recalled["web"].wait(WITHIN) or log.lines.append("nobody came")
    log.all()
    assert "nobody came" not in log.lines
    assert "web rejected: auth was not released" in log.lines


def test_those_that_are_live_go_back_the_last_one_first() -> None:
    log = Log(late={"web": Outcome.REJECTED})
    ended = log.all()
    assert log.lines == [
        "auth has users",
        "backend has users",
        "web has users",
        "web rejected",
        "backend is put back",
        "backend rejected: web was not released",
        "auth is put back",
        "auth rejected: web was not released",
    ]
    assert ended.withdrawn == {"auth", "backend"}


def test_keep_leaves_the_others_live_but_for_those_after_the_lost_one() -> None:
    log = Log(late={"backend": Outcome.HELD})
    ended = log.all(keep=True)
    assert [ended.ends[name].outcome for name in ("auth", "backend", "web")] == [
        Outcome.LIVE,
        Outcome.HELD,
        Outcome.REJECTED,
    ]
    assert ended.exit_code == 3


def test_a_service_that_is_busy_is_no_rejection_of_the_group() -> None:
    assert Log({"backend": Outcome.BUSY}).all().exit_code == 5


def test_a_release_that_breaks_off_leaves_nobody_waiting() -> None:
    def broken(others: Others) -> Stopped:
        raise RuntimeError("the disk is full")

    log = Log()
    members = [log.member("auth"), Member("backend", (), broken, lambda: None)]
    try:
        release_all(members, log.clock)
    except RuntimeError:
        assert log.lines == ["auth rejected: backend was not released"]
    else:
        raise AssertionError("the fault is not told")


def test_one_exit_code_for_all_is_the_one_that_most_needs_a_person() -> None:
    ends = {name: Stopped(NOON, outcome, "", "") for name, outcome in (("a", Outcome.REJECTED), ("b", Outcome.HELD))}
    assert Ended(ends).exit_code == 3
    put_back = Stopped(NOON, Outcome.HELD, "there is no earlier revision to go back to", "")
    assert Ended({"a": Stopped(NOON, Outcome.REJECTED, "", ""), "b": put_back}, frozenset({"b"})).exit_code == 3


def test_each_stays_or_goes_back_as_its_own_options_say() -> None:
    log = Log(late={"web": Outcome.REJECTED})
    log.kept = {"auth"}
    ended = log.all()
    assert {name: stopped.outcome for name, stopped in ended.ends.items()} == {
        "auth": Outcome.LIVE,
        "backend": Outcome.REJECTED,
        "web": Outcome.REJECTED,
    }
    assert "backend is put back" in log.lines and "auth is put back" not in log.lines


REGIONS = {
    # How backend, a region of what auth is, ends under traffic; whether that leaves a choice; how auth and web end.
    "rejected": (Outcome.REJECTED, True, Outcome.REJECTED, Outcome.REJECTED),
    "held": (Outcome.HELD, True, Outcome.HELD, Outcome.REJECTED),
    "held, and nothing to go back to": (Outcome.HELD, False, Outcome.REJECTED, Outcome.REJECTED),
    "unknown": (Outcome.UNKNOWN, True, Outcome.REJECTED, Outcome.REJECTED),
}


@pytest.mark.parametrize("keep", [False, True])
@pytest.mark.parametrize(("outcome", "choice", "auth", "web"), REGIONS.values(), ids=REGIONS)
def test_regions_of_one_service_are_held_together_and_never_kept_apart(
    outcome: Outcome, choice: bool, auth: Outcome, web: Outcome, keep: bool
) -> None:
    log = Log(late={"backend": outcome})
    log.regions, log.leaves_choice = {"auth", "backend"}, choice
    ended = log.all(keep=keep)
    assert {name: stopped.outcome for name, stopped in ended.ends.items()} == {
        "auth": auth,
        "backend": outcome,
        "web": web,
    }
    assert ended.withdrawn == {"auth", "web"}


def test_a_region_that_is_kept_waits_for_its_others_and_not_for_other_services() -> None:
    log, auth_ended = Log(), threading.Event()
    log.regions, log.kept = {"auth", "backend"}, {"auth", "backend", "web"}
    log.slow["backend"] = lambda: auth_ended.wait(0.1)
    assert log.all().exit_code == 0
    assert log.lines.index("backend has users") < log.lines.index("auth live")


def test_what_is_done_in_turn_waits_for_the_regions_before_it_alone() -> None:
    """A job: the second region does not begin its one before that of the first is over."""
    log, lines = Log(), list[str]()
    log.regions = {"auth", "backend"}
    second_waits = threading.Event()

    def member(name: str) -> Member:
        def release(others: Others) -> Stopped:
            if name == "auth":
                second_waits.wait(WITHIN)
            for index in range(3):
                if index == 1 and name == "backend":
                    second_waits.set()
                assert not others.before_step(index, in_turn=index == 1)
                lines.append(f"{name} {index}")
            assert not others.before_traffic()
            return log.end(name, Outcome.LIVE)

        return Member(name, (), release, lambda: None, regions=frozenset(log.regions - {name} if name != "web" else ()))

    assert release_all([member("auth"), member("backend"), member("web")], log.clock).exit_code == 0
    assert lines.index("backend 0") < lines.index("auth 0") < lines.index("auth 1") < lines.index("backend 1")
