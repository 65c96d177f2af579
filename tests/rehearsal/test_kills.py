"""kill -9 at every entry of the journal: whoever comes next ends the release live or restored, and builds nothing anew.

Between two entries lies one effect. Who dies before an entry is written dies after the effect, and nobody is left who
knows its answer; who dies right after it dies before the next effect.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy_lib.journal import read
from deploy_lib.model.journal import Asked, Entry, Judged
from tests.rehearsal.cli_harness import CliHarness, CommandResult
from tests.rehearsal.kill_harness import Moment, die
from tests.rehearsal.other_client import OtherClient
from tests.rehearsal.shared_service import SharedService

STEPS = (
    {"build": {"timeout": "2m"}},
    {"canary": {"ready_within": "60s", "words_within": "1s"}},
    {"promote": {"percent": 10}},
    {"promote": {"percent": 100}},
    {"verify": {"within": "30s"}},
)
LIVE, RESTORED, NOTHING = 0, 1, 2
"""How resume ends; NOTHING: there is no unfinished release to go on with."""
ENDS = (
    # The entry, then the end of resume: elsewhere, killed before it and after it; with the journal, the same.
    ("started", NOTHING, NOTHING, NOTHING, LIVE),
    ("lease", LIVE, LIVE, LIVE, LIVE),
    ("asked build", LIVE, LIVE, LIVE, LIVE),
    ("judged build", LIVE, LIVE, LIVE, LIVE),
    ("asked canary", LIVE, LIVE, LIVE, LIVE),
    ("judged canary", LIVE, LIVE, LIVE, LIVE),
    ("asked promote 10 %", LIVE, LIVE, LIVE, RESTORED),
    ("judged promote 10 %", RESTORED, RESTORED, RESTORED, LIVE),
    ("asked promote 100 %", LIVE, LIVE, LIVE, RESTORED),
    ("judged promote 100 %", RESTORED, RESTORED, RESTORED, LIVE),
    ("asked verify", LIVE, LIVE, LIVE, LIVE),
    ("judged verify", LIVE, LIVE, LIVE, LIVE),
    ("stopped", NOTHING, NOTHING, NOTHING, NOTHING),
)
ENTRIES = tuple(end[0] for end in ENDS)
RESUMED = ("started", "adopted", "started", "lease", "restore_asked", "restore_answered", "stopped")
MOMENTS = [Moment(number, after) for number in range(len(ENTRIES)) for after in (False, True)]


def words(shared: SharedService, command: str, state: Path) -> list[str]:
    config, repository = shared.config(STEPS), shared.harness.repository
    more = ["--force"] if command == "resume" else []
    where = ["--config", str(config), "--repo", str(repository), "--state", str(state)]
    return [command, *where, "--service", "backend", "--output", "json", *more]


def kill(shared: SharedService, moment: Moment, state: Path, command: str = "deploy") -> None:
    said = state.with_suffix(f".{command}")
    code = die(words(shared, command, state), shared.harness.variables, moment, said)
    assert code == -9, f"it ended with {code}: {said.read_text()}"


def resume(shared: SharedService, state: Path) -> CommandResult:
    return shared.harness.command("resume", shared.config(STEPS), "--force", state=state)


@pytest.fixture
def fresh(shared: SharedService) -> SharedService:
    """Its image is not built yet."""
    shared.commit()
    return shared


def names(entries: tuple[Entry, ...]) -> list[str]:
    return [f"{each.type} {each.label}" if isinstance(each, Asked | Judged) else each.type for each in entries]


def journal(state: Path) -> tuple[Entry, ...]:
    return tuple(entry for path in state.glob("releases/*/*/*") for entry in read(path).entries)


def test_these_are_all_entries(fresh: SharedService, tmp_path: Path) -> None:
    assert fresh.harness.release(fresh.config(STEPS), state=tmp_path).code == 0
    assert names(journal(tmp_path)) == [*ENTRIES]


@pytest.mark.parametrize("moment", MOMENTS, ids=str)
def test_resumed_elsewhere_without_the_journal(fresh: SharedService, moment: Moment, tmp_path: Path) -> None:
    kill(fresh, moment, tmp_path / "here")
    assert names(journal(tmp_path / "here")) == [*ENTRIES[: moment.entry + moment.after]]
    left = fresh.harness.now
    resumed = resume(fresh, tmp_path / "elsewhere")
    end = ENDS[moment.entry][1 + moment.after]
    assert resumed.code == end, resumed.errors
    fresh.assert_well(live=end == LIVE or (end == NOTHING and left != fresh.before))


@pytest.mark.parametrize("moment", MOMENTS, ids=str)
def test_resumed_with_the_journal(shared: SharedService, moment: Moment, tmp_path: Path) -> None:
    kill(shared, moment, tmp_path / "here")
    left = shared.harness.now
    resumed = resume(shared, tmp_path / "here")
    end = ENDS[moment.entry][3 + moment.after]
    assert resumed.code == end, resumed.errors
    shared.assert_well(live=end == LIVE or (end == NOTHING and left != shared.before))


@pytest.mark.parametrize("moment", MOMENTS, ids=str)
def test_the_next_release_repairs_first(shared: SharedService, moment: Moment, tmp_path: Path) -> None:
    kill(shared, moment, tmp_path / "here")
    left = shared.harness.now
    ended = "deploy-to-gcp/release" not in OtherClient(shared.harness).read().annotations
    OtherClient(shared.harness).lease_runs_out()
    result = shared.harness.release(shared.config(STEPS), state=tmp_path / "elsewhere")
    assert result.code == 0, result.errors
    maps = shared.harness.maps()
    if left != shared.before and not ended:
        assert maps[maps.index(left) + 1] == shared.before, "repaired before anything new is given traffic"
    shared.assert_well(live=True)


@pytest.mark.parametrize("moment", [Moment(number) for number in range(len(RESUMED))], ids=str)
def test_killed_again_while_it_restores(shared: SharedService, moment: Moment, tmp_path: Path) -> None:
    """Then a third one resumes, on yet another machine. Nothing is left to do once the service says: restored."""
    kill(shared, Moment(ENTRIES.index("judged promote 10 %")), tmp_path / "one")
    kill(shared, moment, tmp_path / "two", "resume")
    assert names(journal(tmp_path / "two")) == [*RESUMED[: moment.entry]]
    done = RESUMED[moment.entry] in ("restore_answered", "stopped")
    resumed = resume(shared, tmp_path / "three")
    assert resumed.code == (NOTHING if done else RESTORED), resumed.errors
    assert shared.harness.now == shared.before
    if done:
        OtherClient(shared.harness).lease_runs_out()
        assert shared.harness.release(shared.config(STEPS), state=tmp_path / "four").code == LIVE
    shared.assert_well(live=done)


@pytest.mark.parametrize("entry", ["asked canary", "judged canary", "judged promote 10 %", "judged verify"])
def test_a_first_release_is_gone_on_with(harness: CliHarness, entry: str, tmp_path: Path) -> None:
    """There is nothing to restore, and its revision has all traffic as soon as it is ready."""
    first = SharedService(harness)
    kill(first, Moment(ENTRIES.index(entry)), tmp_path / "here")
    resumed = resume(first, tmp_path / "elsewhere")
    assert resumed.code == (NOTHING if entry == "asked canary" else LIVE), resumed.errors
    if entry == "asked canary":  # no service tells of it yet; the machine that it was begun on does
        assert resume(first, tmp_path / "here").code == LIVE
    first.assert_well(live=True)


def test_a_journal_left_behind_undoes_nothing_that_was_ended_elsewhere(fresh: SharedService, tmp_path: Path) -> None:
    kill(fresh, Moment(ENTRIES.index("judged verify")), tmp_path / "here")
    assert resume(fresh, tmp_path / "elsewhere").code == LIVE
    late = resume(fresh, tmp_path / "here")
    assert (late.code, "no unfinished release" in late.errors) == (NOTHING, True)
    fresh.assert_well(live=True)


def test_a_death_is_not_held_against_the_image(fresh: SharedService, tmp_path: Path) -> None:
    kill(fresh, Moment(ENTRIES.index("judged promote 10 %")), tmp_path / "here")
    assert resume(fresh, tmp_path / "elsewhere").code == RESTORED
    result = fresh.harness.release(fresh.config(STEPS), state=tmp_path / "again")
    assert result.code == 0, result.errors
    fresh.assert_well(live=True)
