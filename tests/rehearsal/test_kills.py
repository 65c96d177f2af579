"""kill -9 at every entry of the journal: whoever comes next ends the release live or restored, and builds nothing anew.

Between two entries lies one effect. Who dies before an entry is written dies after the effect, and nobody is left who
knows its answer; who dies right after it dies before the next effect.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from deploy_lib.journal import read
from deploy_lib.model.journal import Asked, Entry, Judged
from tests.rehearsal.mortal import Later, Moment, die
from tests.rehearsal.someone import Someone
from tests.rehearsal.theatre import Played, Shares, Theatre

STEPS = (
    {"build": {"timeout": "2m"}},
    {"canary": {"ready_within": "60s"}},
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
MOMENTS = [Moment(number, after) for number in range(len(ENTRIES)) for after in (False, True)]
EXPIRED = 200.0  # seconds; a lease lasts 120


@dataclass
class Stage:
    """One service that the tests of a worker release again and again, each time from a commit of its own."""

    theatre: Theatre
    before: Shares = field(default_factory=dict)
    since: int = 0
    _commits: Iterator[int] = field(default_factory=itertools.count)

    def begin(self) -> None:
        if not self.theatre.cloud.traffic(self.theatre.service):
            assert self.theatre.release(self.config()).code == 0
        self.theatre.write("app/parts/words.py", f'GREETING = "good day number {next(self._commits)}"\n')
        self.theatre.commit()
        self.before = self.theatre.now
        self.since = self.theatre.cloud.last_call()

    def config(self) -> Path:
        return self.theatre.config(STEPS)

    def words(self, command: str, state: Path) -> list[str]:
        where = ["--config", str(self.config()), "--repo", str(self.theatre.repository), "--state", str(state)]
        more = ["--force"] if command == "resume" else []
        return [command, *where, "--service", "backend", "--output", "json", *more]

    def kill(self, moment: Moment, state: Path, command: str = "deploy") -> None:
        said = state.with_suffix(f".{command}")
        code = die(self.words(command, state), self.theatre.variables, moment, said)
        assert code == -9, f"it ended with {code}: {said.read_text()}"

    def resume(self, state: Path) -> Played:
        return self.theatre.command("resume", self.config(), "--force", state=state)

    def is_well(self, code: int) -> None:
        """All users are on one side; nothing was made twice; nothing keeps the next deployer waiting."""
        service = Someone(self.theatre)
        if code == RESTORED:
            assert self.theatre.now == self.before
        elif code == LIVE:
            assert self.theatre.now != self.before
        assert [*self.theatre.now.values()] == [100]
        assert sum("CreateBuild" in call for call in self.theatre.cloud.calls(self.since)) <= 1
        releases = [
            each.labels["deploy-to-gcp-release"] for each in service.revisions.list_revisions(parent=service.path)
        ]
        assert len(set(releases)) == len(releases), "one revision for one release"
        annotations = service.read().annotations
        assert "deploy-to-gcp/lease" not in annotations and "deploy-to-gcp/release" not in annotations
        _IDLE.append(self)


_IDLE: list[Stage] = []


@pytest.fixture
def stage(another: Callable[[], Theatre]) -> Stage:
    """Used again only after a test that went well."""
    stage = _IDLE.pop() if _IDLE else Stage(another())
    stage.theatre.cloud.clear_faults()
    stage.begin()
    return stage


def names(entries: tuple[Entry, ...]) -> list[str]:
    return [f"{each.type} {each.label}" if isinstance(each, Asked | Judged) else each.type for each in entries]


def journal(state: Path) -> tuple[Entry, ...]:
    return tuple(entry for path in state.glob("releases/*/*/*") for entry in read(path).entries)


def test_these_are_all_entries(stage: Stage, tmp_path: Path) -> None:
    assert stage.theatre.release(stage.config(), state=tmp_path).code == 0
    assert names(journal(tmp_path)) == [*ENTRIES]


@pytest.mark.parametrize("moment", MOMENTS, ids=str)
def test_resumed_elsewhere_without_the_journal(stage: Stage, moment: Moment, tmp_path: Path) -> None:
    stage.kill(moment, tmp_path / "here")
    assert names(journal(tmp_path / "here")) == [*ENTRIES[: moment.entry + moment.after]]
    resumed = stage.resume(tmp_path / "elsewhere")
    end = ENDS[moment.entry][1 + moment.after]
    assert resumed.code == end, resumed.errors
    stage.is_well(end)


@pytest.mark.parametrize("moment", MOMENTS, ids=str)
def test_resumed_with_the_journal(stage: Stage, moment: Moment, tmp_path: Path) -> None:
    stage.kill(moment, tmp_path / "here")
    resumed = stage.resume(tmp_path / "here")
    end = ENDS[moment.entry][3 + moment.after]
    assert resumed.code == end, resumed.errors
    stage.is_well(end)


@pytest.mark.parametrize("moment", MOMENTS, ids=str)
def test_the_next_release_repairs_first(stage: Stage, moment: Moment, tmp_path: Path) -> None:
    stage.kill(moment, tmp_path / "here")
    left = stage.theatre.now
    ended = "deploy-to-gcp/release" not in Someone(stage.theatre).read().annotations
    played = stage.theatre.release(stage.config(), state=tmp_path / "elsewhere", clock=Later(EXPIRED))
    assert played.code == 0, played.errors
    maps = stage.theatre.maps()
    if left != stage.before and not ended:
        assert maps[maps.index(left) + 1] == stage.before, "repaired before anything new is given traffic"
    stage.is_well(LIVE)
