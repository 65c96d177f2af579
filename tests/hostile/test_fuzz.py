"""Whatever a file, a repository or a command line holds: a known exit code, words instead of a traceback, bounded time
and memory, and a checkout that is as it was.

    python scripts/dev.py test tests/hostile/test_fuzz.py --rounds 500 --seed 7      longer, with other seeds
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from random import Random

import pytest

from tests.hostile.forked import run_forked
from tests.hostile.inputs import KINDS, Case
from tests.hostile.limits import Ran, faults

GIT = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    **{f"GIT_{who}_{what}": "e@example.invalid" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
}


def git(root: Path, *words: str) -> None:
    done = subprocess.run(["git", *words], cwd=root, env={**os.environ, **GIT}, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


def put(root: Path, files: Mapping[bytes, bytes], links: Mapping[bytes, bytes]) -> None:
    for path, content in files.items():
        target = root / os.fsdecode(path)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        except OSError:
            continue  # a name that this file system does not take, or that of a directory
    for path, leads_to in links.items():
        (root / os.fsdecode(path)).symlink_to(os.fsdecode(leads_to))


def make(root: Path, case: Case) -> None:
    root.mkdir()
    git(root, "init", "--quiet", "--initial-branch=main")
    put(root, case.files, case.links)
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", "Begin")
    put(root, case.beside, {})
    for path in case.removed:
        (root / os.fsdecode(path)).unlink()


def picture(root: Path) -> str:
    """Of every file, those of git included."""
    digest = hashlib.sha256()
    for here, directories, names in os.walk(root):
        directories.sort()
        for path in (Path(here, name) for name in sorted(names)):
            digest.update(os.fsencode(path))
            if path.is_symlink():
                digest.update(os.fsencode(path.readlink()))
            elif path.is_file():
                digest.update(path.read_bytes())
    return digest.hexdigest()


def broken(case: Case, ran: Ran) -> list[str]:
    """Which promises were not kept, those about the form of the output included."""
    found = faults(ran)
    if case.words[:3] == ["check", "--output", "json"] and ran.code in (0, 1):
        try:
            json.loads(ran.out)
        except ValueError:
            found.append("no JSON")
    if any(mark in ran.said for mark in ("\x1b", "\x9b", "\u202e")):
        found.append("a control character that came from outside")
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_whatever_it_is_given(kind: str, tmp_path: Path, rounds: int, seed: int) -> None:
    wrong = []
    for number in range(rounds):
        case = KINDS[kind](Random(f"{kind} {seed} {number}"))
        root, place, state = (tmp_path / name for name in ("repository", "said", "state"))
        make(root, case)
        place.mkdir()
        before = picture(root)
        words = case.words if case.words[0] in ("--help", "", "chek") else [*case.words, "--state", str(state)]
        ran = run_forked(words, root, {**GIT, **case.variables}, place)
        found = broken(case, ran)
        if picture(root) != before:
            found.append("the checkout was changed")
        if found:
            wrong.append(f"--seed {seed}, round {number}: {', '.join(found)}: {case.words}\n{ran.said[-1500:]}")
        for each in (root, place, state):
            shutil.rmtree(each, ignore_errors=True)
    assert wrong == [], f"{len(wrong)} of {rounds}\n\n" + "\n\n".join(wrong[:6])
