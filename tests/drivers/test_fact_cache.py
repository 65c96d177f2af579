"""The cache of facts: whatever happens to its file costs time and nothing else."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from deploy_lib.drivers.fact_cache import DiskFacts, open_cache

FACTS = {f"key{number}": f"value{number}".encode() for number in range(1200)}
WRITER = """
import sys
from pathlib import Path
from deploy_lib.drivers.fact_cache import DiskFacts
facts = DiskFacts(Path(sys.argv[1]))
for number in range(200):
    facts.put({f"{sys.argv[2]}-{number}": b"x" * 100, f"shared-{number}": b"same"})
print(len(facts.get([f"{sys.argv[2]}-{number}" for number in range(200)])))
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "below/facts.sqlite3"


def test_what_was_put_is_there_for_the_next(file: Path) -> None:
    first = DiskFacts(file)
    first.put(FACTS)
    first.close()
    second = DiskFacts(file)
    assert second.get([*FACTS, "unknown"]) == FACTS
    assert second.get([]) == {}


def test_a_deleted_file_is_made_again(file: Path) -> None:
    DiskFacts(file).put(FACTS)
    file.unlink()
    again = DiskFacts(file)
    assert again.get(list(FACTS)) == {}
    again.put({"a": b"b"})
    assert DiskFacts(file).get(["a"]) == {"a": b"b"}


def test_a_damaged_file_is_begun_anew(file: Path) -> None:
    file.parent.mkdir()
    file.write_bytes(b"no database at all" * 100)
    first = DiskFacts(file)
    assert first.get(["a"]) == {}
    first.put({"a": b"b"})
    second = DiskFacts(file)
    second.put({"a": b"b"})
    assert second.get(["a"]) == {"a": b"b"}


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file where the directory should be", encoding="utf-8")
    nowhere = open_cache(tmp_path)
    nowhere.put(FACTS)
    assert nowhere.get(list(FACTS)) == {}
    nowhere.close()


def test_two_processes_at_once(file: Path) -> None:
    command = [sys.executable, "-c", WRITER, str(file)]
    root = Path(__file__).parents[2]
    writers = [
        subprocess.Popen([*command, name], stdout=subprocess.PIPE, text=True, cwd=root) for name in ("one", "two")
    ]
    assert [writer.communicate(timeout=60)[0].strip() for writer in writers] == ["200", "200"]
    facts = DiskFacts(file)
    assert len(facts.get([f"shared-{number}" for number in range(200)])) == 200


def test_many_threads_share_one(file: Path) -> None:
    """As the services of one run do: each learns, and asks what the others learned."""
    facts = DiskFacts(file)

    def learn(service: int) -> int:
        own = {f"{service}-{number}": b"x" * 100 for number in range(40)}
        for key, value in own.items():
            facts.put({key: value, f"shared-{key.partition('-')[2]}": b"same"})
            facts.get([key, "shared-0", *FACTS])
        return len(facts.get(list(own)))

    with ThreadPoolExecutor(24) as services:
        assert [*services.map(learn, range(24))] == [40] * 24
    assert len(DiskFacts(file).get([f"{service}-39" for service in range(24)])) == 24


def test_one_thread_closes_while_others_ask(file: Path) -> None:
    facts = DiskFacts(file)
    facts.put(FACTS)

    def ask(number: int) -> int:
        if number % 10 == 0:
            facts.close()
        return len(facts.get(list(FACTS)))

    with ThreadPoolExecutor(8) as threads:
        assert {*threads.map(ask, range(200))} == {len(FACTS)}
