"""Many services of one repository, read by a thread each: nothing is asked of git twice, and nobody reads another's."""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from deploy_lib.drivers.compute_once import ComputeOnce
from deploy_lib.drivers.source.driver import GitSource
from deploy_lib.model.service import BuildSource
from deploy_lib.steps.git_clean import ReadCheckout
from deploy_lib.steps.image_contents import ReadSource
from tests.source.git_repository import GitRepository, release_of

Open = Callable[[Path], GitSource]


def asked(trace: Path) -> Counter[str]:
    """The commands that git ran, from what it wrote to GIT_TRACE."""
    return Counter(re.findall(r"built-in: git (\S+)", trace.read_text()))


def read_all(source: GitSource, head: str, names: list[str]) -> list[str]:
    """Every service through git_clean and image_contents at the same moment; the words of each one's module."""
    begin = threading.Barrier(len(names), timeout=60)

    def read(name: str) -> str:
        begin.wait()
        release = release_of(head, BuildSource(name, f"{name}/Dockerfile"))
        source.read_checkout(ReadCheckout(release))
        source.read_source(ReadSource(release))
        staged = source.stage(release, True)
        return dict(staged.read_many(["app.py"]))["app.py"].decode()

    with ThreadPoolExecutor(len(names)) as pool:
        return [*pool.map(read, names)]


@pytest.mark.parametrize("count", [2, 24])
def test_git_is_asked_once_for_all(
    place: GitRepository, open_source: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    names = [f"s{number:02}" for number in range(count)]
    files = {f"{name}/Dockerfile": "FROM python:3.11-slim\nCOPY . /srv\nCMD python app.py\n" for name in names}
    head = place.commit(files | {f"{name}/app.py": f"NAME = '{name}'\n" for name in names})
    place.write({f"{name}/beside.log": "" for name in names} | {f"{name}/new.py": "" for name in names})
    monkeypatch.setenv("GIT_TRACE", str(tmp_path / "trace"))
    assert read_all(open_source(place.root), head, names) == [f"NAME = '{name}'\n" for name in names]
    found = asked(tmp_path / "trace")
    kept = found.pop("cat-file")
    assert found == {"status": 1, "ls-tree": 1, "check-ignore": 1}
    assert kept <= 2 * count  # one for contents and one for sizes, of each who asks at the same moment


def test_one_who_reads_again_and_again_starts_git_once(
    place: GitRepository, open_source: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    head, source = place.git("rev-parse", "HEAD"), open_source(place.root)
    monkeypatch.setenv("GIT_TRACE", str(tmp_path / "trace"))
    for number in range(20):
        release = release_of(head, BuildSource(args={"NUMBER": str(number)}))
        source.read_source(ReadSource(release))
    assert asked(tmp_path / "trace") == {"ls-tree": 1, "cat-file": 2}


def test_what_failed_is_tried_again_by_the_next_who_asks() -> None:
    once: ComputeOnce[str, int] = ComputeOnce()

    def fail() -> int:
        raise ValueError("not yet")

    with pytest.raises(ValueError, match="not yet"):
        once.get("a", fail)
    assert (once.get("a", lambda: 1), once.get("a", fail), once.get("b", lambda: 2)) == (1, 1, 2)
    assert once.values() == [1, 2]
