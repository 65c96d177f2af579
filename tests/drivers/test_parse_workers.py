"""Modules parsed by several processes have the facts that one process finds, also when a worker is of no use."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from deploy_lib.drivers.parse_workers import WORTH_A_PROCESS, side_by_side
from deploy_lib.source.stored_facts import in_turn

MODULES = [
    *((f"app/m{n}.py", f"import os, m{n + 1}\nX{n} = os.environ['X']\n".encode()) for n in range(3 * WORTH_A_PROCESS)),
    ("app/broken.py", b"def f(:\n"),
    ("app/utf16.py", "x".encode("utf-16")),
]


def test_each_module_has_the_facts_that_one_process_finds() -> None:
    assert sorted(side_by_side(iter(MODULES), (3, 11), 3)) == sorted(in_turn(MODULES, (3, 11)))


def says(tmp_path: Path, text: str) -> str:
    program = tmp_path / "interpreter"
    program.write_text(f"#!{sys.executable}\nimport marshal, os, sys\n{text}\n")
    program.chmod(0o755)
    return str(program)


@pytest.mark.parametrize(
    "text",
    [
        "sys.exit(3)",
        "os.kill(os.getpid(), 9)",
        "print('Python was not found')",
        "",
        "marshal.dump([b'[]'], sys.stdout.buffer)",
        "python, sources = marshal.load(sys.stdin.buffer); marshal.dump([b'[]'] * len(sources), sys.stdout.buffer)",
    ],
)
def test_what_a_worker_does_not_answer_is_parsed_here(text: str, tmp_path: Path) -> None:
    found = side_by_side(MODULES, None, 2, says(tmp_path, text))
    assert sorted(found) == sorted(in_turn(MODULES, None))


@pytest.mark.parametrize("interpreter", ["", "/nowhere/python"])
def test_no_worker_can_be_started(interpreter: str) -> None:
    assert sorted(side_by_side(MODULES, None, 2, interpreter)) == sorted(in_turn(MODULES, None))


def test_a_module_beside_which_it_is_run_is_not_taken_for_the_interpreters_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "marshal.py").write_text("raise SystemExit('mine')")
    (tmp_path / "deploy_lib.py").write_text("open('imported', 'w')")
    monkeypatch.chdir(tmp_path)
    assert len(list(side_by_side(MODULES, None, 2))) == len(MODULES)
    assert not (tmp_path / "imported").exists()
