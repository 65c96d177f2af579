"""Contents and sizes of blobs through `git cat-file`, whose processes are kept for as long as their owner lives.

Starting git costs more than reading a hundred blobs, so questions are sent in bunches, each small enough that
neither side of the pipe can fill it while the other waits. Contents come one at a time, so a commit of any size
passes through little memory. A process answers one caller; a second who asks meanwhile gets another.
"""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from threading import Lock
from typing import IO, TypeVar

from deploy_lib.drivers.interface import DriverError
from deploy_lib.drivers.source.git import Git, git_environment, not_installed, unreadable_object
from deploy_lib.source.model import TreeFile

T = TypeVar("T")

_CONTENTS, _SIZES = "--batch", "--batch-check=%(objectsize)"
_BUNCH = 200  # questions of 41 bytes: far below the 64 KiB a pipe holds


class Blobs:
    """Safe to share between threads. The processes end with `close`, and when their owner does."""

    def __init__(self, git: Git) -> None:
        self._git = git
        self._idle: dict[str, list[_Reader]] = {_CONTENTS: [], _SIZES: []}
        self._lock = Lock()

    def read_many(self, files: Iterable[TreeFile]) -> Iterator[bytes]:
        """Contents in the order asked. Raises DriverError for an object that the repository does not hold."""
        with self._lent(_CONTENTS) as reader:
            yield from reader.read((file.blob for file in files), reader.content)

    def sizes(self, files: Iterable[TreeFile]) -> Iterator[int]:
        """Bytes of each, in the order asked. Raises DriverError as above."""
        with self._lent(_SIZES) as reader:
            yield from reader.read((file.blob for file in files), reader.size)

    @contextlib.contextmanager
    def _lent(self, what: str) -> Iterator[_Reader]:
        with self._lock:
            idle = self._idle[what].pop() if self._idle[what] else None
        reader = idle or _Reader(self._git, what)
        try:
            yield reader
        finally:
            # Answers that were not read are still under way; the next question needs a process that owes nothing.
            if reader.owed:
                reader.close()
            else:
                with self._lock:
                    self._idle[what].append(reader)

    def close(self) -> None:
        """Ends the processes of git. The next reading starts new ones."""
        with self._lock:
            idle = [reader for readers in self._idle.values() for reader in readers]
            for readers in self._idle.values():
                readers.clear()
        for reader in idle:
            reader.close()


class _Reader:
    """One `git cat-file`, of one of the kinds above. `owed` is how many answers are still under way."""

    def __init__(self, git: Git, what: str) -> None:
        self._git = git
        self.owed = 0
        try:
            self._process = subprocess.Popen(
                git.command("cat-file", what),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=git_environment(),
            )
        except FileNotFoundError:
            raise not_installed() from None
        self._questions: IO[bytes] = self._process.stdin  # type: ignore[assignment]
        self._answers: IO[bytes] = self._process.stdout  # type: ignore[assignment]

    def read(self, blobs: Iterable[str], answer: Callable[[str], T]) -> Iterator[T]:
        waiting = iter(blobs)
        while bunch := list(islice(waiting, _BUNCH)):
            self._ask(bunch)
            for blob in bunch:
                given = answer(blob)
                self.owed -= 1
                yield given

    def _ask(self, bunch: list[str]) -> None:
        self.owed += len(bunch)
        try:
            self._questions.write("".join(f"{blob}\n" for blob in bunch).encode())
            self._questions.flush()
        except OSError as error:
            raise DriverError(f"git cat-file ended too early: {error.strerror}") from None

    def content(self, blob: str) -> bytes:
        head = self._answers.readline().split()
        if len(head) != 3:
            raise unreadable_object(self._git, blob)
        content = self._answers.read(int(head[2]))
        self._answers.read(1)
        return content

    def size(self, blob: str) -> int:
        size = self._answers.readline().strip()
        if not size.isdigit():
            raise unreadable_object(self._git, blob)
        return int(size)

    def close(self) -> None:
        for pipe in (self._questions, self._answers):
            with contextlib.suppress(OSError):
                pipe.close()
        self._process.kill()
        self._process.wait()

    def __del__(self) -> None:
        if hasattr(self, "_answers"):
            self.close()
