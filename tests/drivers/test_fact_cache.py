"""The cache of facts: whatever happens to its file costs time and nothing else."""

from __future__ import annotations

import subprocess
import sys
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
