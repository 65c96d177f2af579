"""A git repository made for a rehearsal: the example service, copied, with commits that are the same every time.

Nothing of the person's own git is used: no name, no hooks, no global settings. Times are fixed, so the same story
makes the same commit ids on every machine.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

_FIRST_COMMIT = 1_760_000_000  # seconds since 1970; each later commit is a minute younger
_LEFT_OUT = shutil.ignore_patterns("__pycache__", "*.pyc", ".venv", ".deploy")


class Repository:
    """A repository below a directory that the caller removes. Raises RuntimeError with git's words."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._commits = 0

    @classmethod
    def copied_from(cls, example: Path, root: Path) -> Repository:
        shutil.copytree(example, root, ignore=_LEFT_OUT)
        made = cls.empty(root)
        made.commit("Open the shop")
        return made

    @classmethod
    def empty(cls, root: Path) -> Repository:
        root.mkdir(parents=True, exist_ok=True)
        made = cls(root)
        made._git("init", "--quiet", "--initial-branch=main")
        return made

    def commit(self, message: str) -> str:
        """Commits all that git does not ignore; the full id."""
        self._git("add", "--all")
        self._git("commit", "--quiet", "--message", message)
        self._commits += 1
        return self.head()

    def grow(self, commits: int, folder: str) -> None:
        """A history of small changes to 200 files of `folder`, before anything else is committed."""
        stream = []
        for number in range(commits):
            when, text = _FIRST_COMMIT - 60 * (commits - number), f"note {number}\n"
            stream.append(f"commit refs/heads/main\ncommitter Example <example@example.invalid> {when} +0000\n")
            stream.append(f"data {len(text)}\n{text}M 100644 inline {folder}/note{number % 200:03}.md\n")
            stream.append(f"data {len(text)}\n{text}\n")
        self._git("fast-import", "--quiet", given="".join(stream))
        self._git("reset", "--quiet", "--hard", "main")

    def head(self) -> str:
        return self._git("rev-parse", "HEAD").strip()

    def write(self, path: str, text: str) -> None:
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")

    def replace(self, path: str, old: str, new: str) -> None:
        """Replaces the one place where `old` stands; ValueError when the example no longer has exactly one."""
        text = (self.root / path).read_text(encoding="utf-8")
        if text.count(old) != 1:
            raise ValueError(f"{path} has {text.count(old)} places with {old!r}, not one")
        self.write(path, text.replace(old, new))

    def move(self, old: str, new: str) -> None:
        (self.root / old).rename(self.root / new)

    def _git(self, *words: str, given: str | None = None) -> str:
        when = f"{_FIRST_COMMIT + 60 * self._commits} +0000"
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("GIT_")},
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_AUTHOR_NAME": "Example",
            "GIT_AUTHOR_EMAIL": "example@example.invalid",
            "GIT_AUTHOR_DATE": when,
            "GIT_COMMITTER_NAME": "Example",
            "GIT_COMMITTER_EMAIL": "example@example.invalid",
            "GIT_COMMITTER_DATE": when,
        }
        done = subprocess.run(
            ["git", *words], cwd=self.root, env=environment, input=given, capture_output=True, text=True
        )
        if done.returncode:
            raise RuntimeError(f"git {words[0]} failed in the rehearsal's repository: {done.stderr.strip()}")
        return done.stdout
