"""Where files went: the commit that deleted each, or another branch that has it.

A walk of the whole history costs seconds where that is long, so all paths are asked for in one, and no longer than a
budget allows.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterable, Iterator
from threading import Lock

from deploy_lib.drivers.source.git import Git, git_environment, not_installed
from deploy_lib.source.model import PastFile

BUDGET = 2.0
"""Seconds that all of a check's questions about history may take."""
_LATELY = (*range(1, 9), 12, 16, 24, 32, 48, 64)
"""How many commits back a file is looked for in a few milliseconds, along the first parents."""
_FORMAT = ("--format=%x01%H%x00%P%x00%s", "--name-only", "--no-renames", "--full-history")


class FileHistory:
    """Of one commit. `complete` is False once time ran out, so that what was not found may still be somewhere."""

    def __init__(self, git: Git, commit: str, budget: float = BUDGET) -> None:
        self._git = git
        self._commit = commit
        self._left = budget
        self._known: dict[str, PastFile | None] = {}
        self._lock = Lock()
        self.complete = True

    def expect(self, paths: Iterable[str]) -> None:
        """Looks for all of them at once: the last commit that held each, an ancestor, else the newest on any branch."""
        with self._lock:
            wanted = [path for path in dict.fromkeys(paths) if path not in self._known]
            if wanted:
                self._search(wanted)

    def _search(self, wanted: list[str]) -> None:
        self._known |= dict.fromkeys(wanted)
        for by, parents, subject, path in self._log("--diff-filter=D", self._commit, "--", *wanted):
            if self._known.get(path, by) is None:
                self._known[path] = PastFile(parents.split(" ")[0], True, subject, by)
        rest = [path for path in wanted if self._known[path] is None]
        if rest:
            for holder, _, subject, path in self._log("--diff-filter=AM", "--all", "--not", self._commit, "--", *rest):
                if self._known.get(path, holder) is None:
                    self._known[path] = PastFile(holder, False, subject)

    def held_lately(self, paths: Iterable[str], unchanged: Iterable[str]) -> bool:
        """Whether one of the last commits held one of `paths`, and had each file of `unchanged` as this one has it: the
        nearest that held it decides. No walk through history. Raises DriverError."""
        wanted, beside = list(dict.fromkeys(paths)), list(dict.fromkeys(unchanged))
        commits = [self._commit, *(f"{self._commit}~{back}" for back in _LATELY)]
        lines = [f"{commit}:{path}" for commit in commits for path in (*beside, *wanted)]
        if not wanted or any("\n" in line for line in lines):
            return False
        asked = "".join(f"{line}\n" for line in lines).encode(errors="surrogateescape")
        answers = iter(self._git.run("cat-file", "--batch-check=%(objectname)", given=asked).splitlines())
        rows = [[b"" if b" " in (line := next(answers, b" ")) else line for _ in (*beside, *wanted)] for _ in commits]
        now = rows[0][: len(beside)]
        holding = next((row for row in rows[1:] if any(row[len(beside) :])), None)
        return holding is not None and holding[: len(beside)] == now

    def find(self, path: str) -> PastFile | None:
        """The last commit that held the file; None when not found (see `complete`). Raises DriverError."""
        self.expect([path])
        return self._known[path]

    def _log(self, *words: str) -> Iterator[tuple[str, str, str, str]]:
        """Commit, parents, subject and path of each change, the newest first, as far as time allows."""
        started = time.monotonic()
        try:
            text = self._read(*words)
        finally:
            self._left -= time.monotonic() - started
        head = ("", "", "")
        for line in text.split("\n"):
            if line.startswith("\x01"):
                commit, parents, subject = line[1:].split("\0", 2)
                head = (commit, parents, subject)
            elif line:
                yield (*head, line)

    def _read(self, *words: str) -> str:
        if self._left <= 0:
            self.complete = False
            return ""
        command = self._git.command("--literal-pathspecs", "log", *_FORMAT, *words)
        try:
            done = subprocess.run(command, capture_output=True, env=git_environment(), check=False, timeout=self._left)
        except FileNotFoundError:
            raise not_installed() from None
        except subprocess.TimeoutExpired as late:
            self.complete = False
            return (late.stdout or b"").rpartition(b"\n")[0].decode(errors="surrogateescape")
        if done.returncode:
            raise self._git.trouble("log", done.stderr.decode(errors="replace"))
        return done.stdout.decode(errors="surrogateescape")
