"""Ctrl-C between two steps, and in the calls that surround them: it is never lost, and says what it stopped."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from deploy_lib.diagnose.verdict import diagnose
from deploy_lib.drivers.interface import DriverError, Interrupted, Recalled
from deploy_lib.model.answers import LeaseTaken
from deploy_lib.model.journal import Entry, ReleaseInterrupted, Stopped
from deploy_lib.model.outcome import Outcome
from deploy_lib.release.context import ReleaseContext
from deploy_lib.release.executor import execute
from deploy_lib.release.real import RealRelease
from tests.unit.fake_cloud import FakeCloud, unknown
from tests.unit.samples import BEFORE
from tests.unit.test_run import ALL, RELEASE, STABLE, TENTH, WHOLE


def times(count: int, error: Callable[[], Exception] = lambda: Interrupted("SIGINT")) -> Callable[[], object]:
    """Raises as often, and is not there afterwards."""
    left = [count]

    def fail() -> object:
        if not left[0]:
            return None
        left[0] -= 1
        raise error()

    return fail


def release(cloud: FakeCloud) -> tuple[Stopped, list[Entry], list[str]]:
    written, told = list[Entry](), list[str]()
    context = ReleaseContext(
        WHOLE, cloud.drivers(), written.append, told.append, lambda seen, findings, _: diagnose(seen, findings), "one"
    )
    return execute(RealRelease(context, RELEASE)), written, told


def test_while_it_is_read_back_at_the_end_it_stops_the_release() -> None:
    cloud = FakeCloud(fails={"read_serving": times(1)})
    stopped, written, _ = release(cloud)
    assert stopped.outcome is Outcome.INTERRUPTED
    assert [entry.by for entry in written if isinstance(entry, ReleaseInterrupted)] == ["SIGINT"]
    assert cloud.maps == [TENTH, ALL, STABLE]


def test_a_recall_while_it_is_read_back_is_followed_by_another_look() -> None:
    cloud = FakeCloud(fails={"read_serving": times(1, lambda: Recalled("its group"))})
    stopped, written, _ = release(cloud)
    assert stopped.outcome is Outcome.LIVE
    assert not [entry for entry in written if isinstance(entry, ReleaseInterrupted)]
    assert cloud.asked.count("read_serving") == 3, "again, and for the last line"


def test_what_cannot_be_read_back_is_live_where_it_was_verified() -> None:
    assert release(FakeCloud(fails={"read_serving": unknown()}))[0].outcome is Outcome.LIVE


@pytest.mark.parametrize(("count", "lost"), [(1, False), (2, True)])
def test_while_the_lease_is_given_back_it_changes_no_outcome(count: int, lost: bool) -> None:
    cloud = FakeCloud(fails={f"end_lease {Outcome.LIVE}": times(count)})
    stopped, _, told = release(cloud)
    assert (stopped.outcome, cloud.maps) == (Outcome.LIVE, [TENTH, ALL])
    said = "the lease could not be given back and will expire by itself: interrupted twice"
    assert (said in told) is lost


def test_while_the_lease_is_acquired_none_is_left() -> None:
    """It may be written by then."""
    cloud = FakeCloud(fails={"take_lease": times(1)})
    stopped, _, _ = release(cloud)
    assert (stopped.outcome, cloud.maps) == (Outcome.INTERRUPTED, [])
    asked = cloud.asked[cloud.asked.index("take_lease") :]
    assert asked[:2] == ["take_lease", "end_lease None"]


def test_a_lease_that_no_object_stands_for_is_told() -> None:
    """The bucket may not be written: the release goes on, and says on what it rests."""
    unguarded = LeaseTaken(True, before=BEFORE, now=BEFORE, unguarded="ann lacks storage.objects.create")
    stopped, _, told = release(FakeCloud(fails={"take_lease": lambda: unguarded}))
    assert stopped.outcome is Outcome.LIVE
    assert told.count(f"only the service's own record keeps others off meanwhile, since {unguarded.unguarded}") == 1


def test_while_it_is_asked_who_took_over_the_verdict_is_written_down_first() -> None:
    """A step that fails looks whether somebody else has the service."""

    class Asked(FakeCloud):
        def taken_over(self, service: object) -> str:
            self._met("taken_over")
            return ""

    def gone() -> object:
        raise DriverError("no answer")

    cloud = Asked(fails={"probe": gone, "taken_over": times(1)})
    stopped, written, _ = release(cloud)
    kinds = [type(entry).__name__ for entry in written]
    assert kinds[kinds.index("ReleaseInterrupted") - 1] == "Judged"
    assert cloud.leases == 0 and stopped.outcome is not Outcome.LIVE
